"""The guards around pymodbus, each against a fake line that does what lines do."""

from __future__ import annotations

import asyncio
import struct
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from edge.bus.client import LineClient
from edge.bus.lease import BusPage, Count
from edge.bus.reply import Reply
from edge.core.line_timing import exchange_ns
from edge.core.metering.registers import Request
from edge.model.bus import PolledMeter
from edge.model.scan import MeterFault
from edge.model.units import NS_PER_MS
from tests.bus.line import (
    POWER_MAP,
    FakeLine,
    Pieces,
    at_once,
    crc,
    framed,
    plan_for,
    registers,
)
from tests.bus.reading import (
    REQUEST,
    VECTOR_REPLY,
    VECTOR_REQUEST,
    VECTOR_WORDS,
    play,
    replies_of,
)

NEXT_REPLY = registers(1, 4, 0x0001, 0x0002)


def test_read_with_the_sdm630_vector_gives_its_words(tmp_path: Path, page: BusPage) -> None:
    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line:
        plan = plan_for(tmp_path / "port")
        got: list[Reply] = []

        async def steps(client: LineClient) -> None:
            got.append(await client.read(plan.meters[0], REQUEST))

        play(plan, page, steps)
        assert line.requests == [VECTOR_REQUEST]
    assert [(reply.words, reply.fault) for reply in got] == [(VECTOR_WORDS, None)]
    assert struct.unpack(">f", struct.pack(">HH", *got[0].words))[0] == pytest.approx(31.26, 1e-3)
    assert page.counts() == {
        **dict.fromkeys(page.counts(), 0),
        "requests": 1,
        "replies": 1,
        "openings": 1,
    }


def test_read_of_holding_registers_uses_function_3(tmp_path: Path, page: BusPage) -> None:
    plan = plan_for(tmp_path / "port")
    got: list[Reply] = []

    async def steps(client: LineClient) -> None:
        got.append(await client.read(plan.meters[0], Request(3, 7, 1)))

    with FakeLine(tmp_path / "port", at_once(registers(1, 3, 42))) as line:
        play(plan, page, steps)
        assert line.requests == [framed("010300070001")]
    assert got[0].words == (42,)


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        (registers(1, 4, 1, 2, 3, 4, 5), "10 bytes of registers, need 4"),
        (registers(1, 3, 1, 2), "reply to function 3, need function 4"),
        (registers(9, 4, 1, 2), "reply of unit 9, need unit 1"),
        (VECTOR_REPLY[:-1] + b"\x99", "9 bytes that are no sound frame"),
        (b"\x00\xff" * 40, "80 bytes that are no sound frame"),
    ],
    ids=["five registers for two", "function 3 for 4", "other unit", "bad CRC", "garbage"],
)
def test_read_with_a_reply_that_is_not_ours_drops_it(
    tmp_path: Path, page: BusPage, heard: bytes, why: str
) -> None:
    first, second = replies_of(tmp_path, page, at_once(heard, VECTOR_REPLY), count=2)
    assert (first.words, first.fault) == ((), MeterFault.BAD_REPLY)
    assert first.problem is not None
    assert first.problem.got == why
    assert (second.words, second.fault) == (VECTOR_WORDS, None)
    assert page.count(Count.BAD_REPLIES) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        [(0.0, b"\x00" + VECTOR_REPLY)],
        [(0.0, b"\x01\x04\x00\xff\x01\x04" + VECTOR_REPLY)],
        [(0.0, registers(9, 4, 5, 6) + VECTOR_REPLY)],
        [(0.0, VECTOR_REQUEST + VECTOR_REPLY)],
        [(0.0, VECTOR_REQUEST), (0.002, VECTOR_REPLY)],
        [(0.0, VECTOR_REPLY[:1]), (0.002, VECTOR_REPLY[1:4]), (0.002, VECTOR_REPLY[4:])],
        [
            (0.0, VECTOR_REQUEST[:3]),
            (0.002, VECTOR_REQUEST[3:] + VECTOR_REPLY[:5]),
            (0.002, VECTOR_REPLY[5:]),
        ],
        [(0.0, VECTOR_REPLY + b"\xff\x00")],
    ],
    ids=[
        "one noise byte before",
        "noise like a header before",
        "another unit's frame before",
        "echo and reply in one chunk",
        "echo then reply",
        "split reply",
        "echo and reply split across",
        "noise after",
    ],
)
def test_read_with_bytes_around_the_reply_finds_it(
    tmp_path: Path, page: BusPage, pieces: Pieces
) -> None:
    (reply,) = replies_of(tmp_path, page, lambda _request: pieces)
    assert (reply.words, reply.fault) == (VECTOR_WORDS, None)


def test_read_with_exception_reply_names_its_code(tmp_path: Path, page: BusPage) -> None:
    (reply,) = replies_of(tmp_path, page, at_once(framed("018402")))
    assert reply.fault is MeterFault.EXCEPTION
    assert str(reply.problem) == (
        f"bus.main {tmp_path}/port meter.incomer unit 1: meter refuses the request: "
        "got exception 2; this reading is missing; "
        "check the register map against the meter's manual"
    )


def test_read_with_reply_after_the_time_out_never_gives_it_to_the_next(
    tmp_path: Path, page: BusPage
) -> None:
    """The first reply comes 50 ms after the time-out, within the meter's longest latency."""
    late = [[(0.250, VECTOR_REPLY)], [(0.0, NEXT_REPLY)]]
    meter = PolledMeter("incomer", 1, POWER_MAP, response_ms_max=500)
    first, second = replies_of(
        tmp_path, page, lambda _request: late.pop(0), 2, meters=(meter,), timeout_ms=200
    )
    assert (first.words, first.fault) == ((), MeterFault.NO_REPLY)
    assert (second.words, second.fault) == ((1, 2), None)
    assert page.count(Count.STALE_DROPPED) == 1
    assert page.count(Count.TIMEOUTS) == 1


def test_read_after_a_time_out_keeps_the_line_silent_for_the_longest_latency(
    tmp_path: Path, page: BusPage
) -> None:
    plan = plan_for(tmp_path / "port", timeout_ms=40)

    async def steps(client: LineClient) -> None:
        for _ in range(2):
            await client.read(plan.meters[0], REQUEST)

    with FakeLine(tmp_path / "port", at_once(b"")) as line:
        play(plan, page, steps)
        assert line.times_s[1] - line.times_s[0] >= 0.060


def test_read_after_a_time_out_counts_the_longest_latency_from_the_end_of_the_request(
    tmp_path: Path, page: BusPage
) -> None:
    """Not again from the time-out: a time-out that is longer covers it."""
    plan = plan_for(tmp_path / "port", timeout_ms=100)

    async def steps(client: LineClient) -> None:
        await client.read(plan.meters[0], REQUEST)
        quiet_ns = client._quiet_until_mono_ns - page.asked_mono_ns
        assert quiet_ns == 100 * NS_PER_MS + exchange_ns(plan, REQUEST.count)

    with FakeLine(tmp_path / "port", at_once(b"")):
        play(plan, page, steps)


def test_read_with_unasked_bytes_on_the_line_waits_for_silence(
    tmp_path: Path, page: BusPage
) -> None:
    """Bytes that came before a request began are dropped, even if they look good."""
    plan = plan_for(tmp_path / "port")
    got: list[Reply] = []

    async def steps(client: LineClient) -> None:
        got.append(await client.read(plan.meters[0], REQUEST))
        line.say(NEXT_REPLY)
        got.append(await client.read(plan.meters[0], REQUEST))

    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line:
        play(plan, page, steps)
    assert [reply.words for reply in got] == [VECTOR_WORDS, VECTOR_WORDS]
    assert page.count(Count.STALE_DROPPED) == 1


def test_read_keeps_three_and_a_half_characters_of_silence(tmp_path: Path, page: BusPage) -> None:
    """At 1200 bit/s, 8N1, 3.5 characters are 29.2 ms."""
    plan = plan_for(tmp_path / "port", baudrate=1200)

    async def steps(client: LineClient) -> None:
        for _ in range(4):
            await client.read(plan.meters[0], REQUEST)

    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line:
        play(plan, page, steps)
        gaps_s = [b - a for a, b in pairwise(line.times_s)]
    assert all(gap_s >= 0.029 for gap_s in gaps_s), gaps_s


def test_read_on_a_line_that_is_never_silent_sends_nothing(tmp_path: Path, page: BusPage) -> None:
    plan = plan_for(tmp_path / "port", baudrate=300)  # 117 ms of silence are needed
    got: list[Reply] = []

    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line:
        talking, stop = threading.Event(), threading.Event()

        def talk() -> None:
            while not stop.wait(0.0005):
                line.say(b"\xaa")
                talking.set()

        async def steps(client: LineClient) -> None:
            talker = asyncio.get_running_loop().run_in_executor(None, talk)
            await asyncio.get_running_loop().run_in_executor(None, talking.wait)
            got.append(await client.read(plan.meters[0], REQUEST))
            stop.set()
            await talker

        play(plan, page, steps)
        assert line.requests == []
    assert [reply.fault for reply in got] == [MeterFault.BUS]
    assert got[0].problem is not None
    assert got[0].problem.what == "line is never silent"


def test_read_with_garbled_echo_counts_a_collision(tmp_path: Path, page: BusPage) -> None:
    garbled = b"\x01\x04\xff" + VECTOR_REQUEST[3:]
    first, second = replies_of(
        tmp_path, page, at_once(garbled + VECTOR_REPLY, VECTOR_REQUEST + VECTOR_REPLY), 2, echo=True
    )
    assert (first.words, second.words) == (VECTOR_WORDS, VECTOR_WORDS)
    assert page.count(Count.COLLISIONS) == 1


def test_fake_line_check_sum_is_that_of_the_vectors() -> None:
    """SDM120 and SDM630 frames with good check sums, so the fake and the product agree on truth."""
    for frame in (VECTOR_REQUEST, VECTOR_REPLY, bytes.fromhex("010404466C35BB79F2")):
        assert crc(frame[:-2]) == frame[-2:]
