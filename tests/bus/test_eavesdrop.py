"""Who is heard on a line: an echo, the twin or a stranger; and what the twin's polls read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bus.eavesdrop import ECHO_NS_MAX, READING_NS_MAX, Eavesdropper, Heard
from edge.core.line_timing import character_ns
from edge.model.bus import BusPlan, PolledMeter
from edge.model.registers import Quantity, Register, RegisterMap, WordOrder, WordType
from edge.model.scan import MeterFault, MeterSample
from edge.model.units import NS_PER_MS
from tests.bus.line import POWER, POWER_MAP, framed, plan_for, registers

QUERY = framed("0104000c0002")
REPLY = bytes.fromhex("01040441fa177cc198")
STRANGE = framed("0104000e0002")
# The same unit and register, but another function.
HOLDING = framed("0103000c0002")
IMPORT = Register(Quantity.IMPORT, 3, 0x0100, WordType.U32, WordOrder.BIG)
BOTH_MAP = RegisterMap("test-both", (POWER, IMPORT), source="test")
POWER_QUERY, POWER_REPLY = framed("0204000c0002"), registers(2, 4, 0x41FA, 0x177C)
IMPORT_QUERY, IMPORT_REPLY = framed("020301000002"), registers(2, 3, 0, 5)


def plan(*, echo: bool = False) -> BusPlan:
    meters = (
        PolledMeter("incomer", 1, POWER_MAP, ratio_numerator=10, response_ms_max=60),
        PolledMeter("both", 2, BOTH_MAP, response_ms_max=300),
    )
    return plan_for("/dev/x", meters=meters, echo=echo, has_twin=True)


def test_query_of_the_poll_plan_is_the_twins_and_any_other_a_strangers() -> None:
    ear = Eavesdropper(plan())
    assert ear.hear(QUERY, 1) == Heard(twin_mono_ns=1, twin_count=1)
    assert ear.hear(POWER_QUERY + IMPORT_QUERY, 2) == Heard(twin_mono_ns=2, twin_count=2)
    for strange in (STRANGE, HOLDING, framed("0904000c0002"), framed("010600010002")):
        assert ear.hear(strange, 3) == Heard(stranger_mono_ns=3)
    assert ear.hear(QUERY + STRANGE, 4) == Heard(twin_mono_ns=4, twin_count=1, stranger_mono_ns=4)


def test_bytes_that_are_no_frame_prove_nothing() -> None:
    ear = Eavesdropper(plan())
    assert ear.hear(QUERY[:-1] + b"\x00\xff", 1) == Heard()
    assert ear.hear(REPLY, 2) == Heard()


def test_own_echo_is_a_proof_and_no_twin() -> None:
    ear = Eavesdropper(plan(echo=True))
    ear.asked(QUERY, 10)
    assert ear.hear(QUERY, 11) == Heard(echo_mono_ns=11)
    assert ear.hear(REPLY, 12) == Heard()


def test_second_query_like_the_own_is_the_twins() -> None:
    """One transmission has one echo."""
    ear = Eavesdropper(plan(echo=True))
    ear.asked(QUERY, 10)
    assert ear.hear(QUERY + QUERY, 11) == Heard(echo_mono_ns=11, twin_mono_ns=11, twin_count=1)


def test_echo_of_an_adapter_that_is_not_declared_to_echo_says_nothing() -> None:
    """It is no twin; nor is it a proof, since it may be the twin's."""
    ear = Eavesdropper(plan())
    ear.asked(QUERY, 10)
    assert ear.hear(QUERY + REPLY, 11) == Heard()


def test_query_like_the_own_after_its_answer_is_the_twins() -> None:
    """An adapter without echo, and the twin takes over."""
    ear = Eavesdropper(plan())
    ear.asked(QUERY, 10)
    assert ear.hear(REPLY + QUERY, 11) == Heard(twin_mono_ns=11, twin_count=1)


def test_query_like_the_own_long_after_it_is_the_twins() -> None:
    ear = Eavesdropper(plan(echo=True))
    ear.asked(QUERY, 10)
    heard_mono_ns = 11 + ECHO_NS_MAX
    assert ear.hear(QUERY, heard_mono_ns).twin_mono_ns == heard_mono_ns


def test_other_query_than_the_own_is_no_echo_and_the_echo_may_still_come() -> None:
    ear = Eavesdropper(plan(echo=True))
    ear.asked(QUERY, 10)
    assert ear.hear(POWER_QUERY, 11) == Heard(twin_mono_ns=11, twin_count=1)
    assert ear.hear(QUERY, 12) == Heard(echo_mono_ns=12)


def test_own_reply_is_no_overheard_reading() -> None:
    """The worker has it already."""
    ear = Eavesdropper(plan(echo=True))
    ear.asked(QUERY, 10)
    assert ear.hear(QUERY + REPLY, 11).readings == []
    silent = Eavesdropper(plan())
    silent.asked(QUERY, 10)
    assert silent.hear(REPLY, 11) == Heard()


def test_answer_to_the_twin_is_a_reading_with_the_meters_ratio() -> None:
    ear = Eavesdropper(plan())
    ((place, sample),) = ear.hear(QUERY + REPLY, 5).readings
    assert place == 0
    assert sample == MeterSample("incomer", 5, pytest.approx(312.6, 1e-3))


def test_answer_to_a_stranger_is_no_reading() -> None:
    ear = Eavesdropper(plan())
    assert ear.hear(STRANGE + REPLY, 5).readings == []


def test_reading_of_several_requests_is_whole_when_all_are_answered() -> None:
    ear = Eavesdropper(plan())
    assert ear.hear(POWER_QUERY + POWER_REPLY, 5).readings == []
    assert ear.hear(QUERY + REPLY, 6).readings[0][0] == 0
    ((place, sample),) = ear.hear(IMPORT_QUERY + IMPORT_REPLY, 7).readings
    assert (place, sample.meter, sample.mono_ns) == (1, "both", 7)
    assert sample.power_w == pytest.approx(31.26, 1e-3)
    assert sample.import_uwh == 5_000_000
    assert ear.hear(IMPORT_QUERY + IMPORT_REPLY, 8).readings == []


def test_reading_whose_parts_are_too_far_apart_waits_for_the_next_ones() -> None:
    ear = Eavesdropper(plan())
    ear.hear(POWER_QUERY + POWER_REPLY, 5)
    late_mono_ns = 6 + READING_NS_MAX
    assert ear.hear(IMPORT_QUERY + IMPORT_REPLY, late_mono_ns).readings == []
    assert len(ear.hear(POWER_QUERY + POWER_REPLY, late_mono_ns + 1).readings) == 1


def test_refusal_is_a_reading_of_its_own_and_ends_the_collection() -> None:
    ear = Eavesdropper(plan())
    ear.hear(POWER_QUERY + POWER_REPLY, 5)
    refused = ear.hear(IMPORT_QUERY + framed("028302"), 6).readings
    assert refused == [(1, MeterSample("both", 6, fault=MeterFault.EXCEPTION))]
    assert ear.hear(IMPORT_QUERY + IMPORT_REPLY, 7).readings == []


def test_answer_that_was_not_asked_for_is_no_reading() -> None:
    ear = Eavesdropper(plan())
    assert ear.hear(registers(1, 4, 1, 2, 3) + REPLY, 5).readings == []


def test_open_query_of_another_master_is_awaited_for_its_meters_latency() -> None:
    """60 ms for unit 1, 300 ms for unit 2, the longest for a unit that nobody knows."""
    ear = Eavesdropper(plan())
    assert ear.answer_until_mono_ns == 0
    character = character_ns(plan())
    ear.hear(QUERY, 1000)
    assert ear.answer_until_mono_ns == 1000 + 60 * NS_PER_MS + 9 * character
    ear.hear(POWER_QUERY, 2000)
    assert ear.answer_until_mono_ns == 2000 + 300 * NS_PER_MS + 9 * character
    ear.hear(framed("090600010002"), 3000)
    assert ear.answer_until_mono_ns == 3000 + 300 * NS_PER_MS + 256 * character


def test_query_that_was_answered_is_not_awaited() -> None:
    ear = Eavesdropper(plan())
    ear.hear(QUERY + REPLY, 1000)
    assert ear.answer_until_mono_ns == 0
    ear.asked(QUERY, 2000)
    assert ear.answer_until_mono_ns == 0
    ear.hear(QUERY, 2000)
    assert ear.answer_until_mono_ns == 0


PIECES = st.sampled_from(
    [QUERY, REPLY, STRANGE, POWER_QUERY, POWER_REPLY, IMPORT_QUERY, IMPORT_REPLY, QUERY[:5]]
)


@given(
    st.lists(st.tuples(PIECES | st.binary(max_size=40), st.booleans(), st.integers(0, 10**9))),
    st.booleans(),
)
def test_ear_with_any_bytes_and_own_queries_between_says_only_what_is_possible(
    steps: list[tuple[bytes, bool, int]], echo: bool
) -> None:
    """It never fails, never claims to have heard what was not said, and keeps the meters' names."""
    ear, now_mono_ns = Eavesdropper(plan(echo=echo)), 0
    said = b""
    for piece, asks, wait_ns in steps:
        now_mono_ns += wait_ns
        if asks:
            ear.asked(QUERY, now_mono_ns)
        said += piece
        heard = ear.hear(piece, now_mono_ns)
        polls = said.count(QUERY) + said.count(POWER_QUERY) + said.count(IMPORT_QUERY)
        assert heard.twin_count <= polls
        assert heard.echo_mono_ns is None or echo
        assert [sample.meter for _, sample in heard.readings] == [
            plan().meters[place].name for place, _ in heard.readings
        ]
