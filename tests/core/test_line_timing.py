"""Times of a line. Source of the silences: MODBUS over Serial Line V1.02, 2.5.1.1."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.line_timing import (
    KEEP_ALIVE_NS,
    character_ns,
    exchange_ns,
    query_gap_ns,
    silence_ns,
    stall_ns,
)
from edge.model.bus import LineKind, Parity, PolledMeter
from tests.bus.line import POWER_MAP, plan_for


@pytest.mark.parametrize(
    ("changes", "bits"),
    [
        ({"parity": Parity.EVEN}, 11),
        ({"parity": Parity.NONE}, 10),
        ({"parity": Parity.NONE, "stopbits": 2}, 11),
        ({"parity": Parity.ODD, "bytesize": 7, "stopbits": 2}, 11),
    ],
)
def test_character_has_start_data_parity_and_stop_bits(
    changes: dict[str, object], bits: int
) -> None:
    plan = plan_for("/dev/x", baudrate=9600, **changes)
    assert character_ns(plan) == bits * 1_000_000_000 // 9600


@pytest.mark.parametrize(
    ("baudrate", "silence_us"), [(9600, 4010), (19200, 2005), (38400, 1750), (115200, 1750)]
)
def test_silence_is_three_and_a_half_characters_but_1750_us_at_least(
    baudrate: int, silence_us: int
) -> None:
    plan = plan_for("/dev/x", baudrate=baudrate, parity=Parity.EVEN)
    assert silence_ns(plan) // 1000 == silence_us


def test_tcp_has_no_characters_and_modbus_tcp_no_silence() -> None:
    tcp = plan_for("", kind=LineKind.TCP)
    through = plan_for("", kind=LineKind.RTU_OVER_TCP)
    assert (character_ns(tcp), silence_ns(tcp), exchange_ns(tcp, 125)) == (0, 0, 0)
    assert (character_ns(through), silence_ns(through)) == (0, 1_750_000)


def test_exchange_of_two_registers_at_9600_takes_19_ms() -> None:
    """8 + 9 characters of 11 bits."""
    plan = plan_for("/dev/x", baudrate=9600, parity=Parity.EVEN)
    assert exchange_ns(plan, 2) == pytest.approx(19_479_166, abs=20)


def test_stall_is_longer_than_the_longest_step_of_the_slowest_meter() -> None:
    meters = (
        PolledMeter("quick", 1, POWER_MAP, response_ms_max=100),
        PolledMeter("slow", 2, POWER_MAP, response_ms_max=2000),
    )
    plan = plan_for("/dev/x", meters=meters, timeout_ms=1000, baudrate=100_000)
    assert stall_ns(plan) == 2 * (1000 + 2000 + 500 + 26.4) * 1_000_000 + 1_000_000_000
    assert stall_ns(plan_for("/dev/x", meters=(), baudrate=115200)) > 1_000_000_000


def test_query_gap_is_the_longest_exchange_without_an_answer_and_a_silence() -> None:
    """The slow meter: 8 characters, 300 ms (more than the time-out), 9 characters, 1.75 ms."""
    meters = (
        PolledMeter("quick", 1, POWER_MAP, response_ms_max=50),
        PolledMeter("slow", 2, POWER_MAP, response_ms_max=300),
    )
    plan = plan_for("/dev/x", meters=meters, timeout_ms=250, baudrate=100_000)
    assert query_gap_ns(plan) == (300 + 1.7 + 1.75) * 1_000_000
    patient = plan_for("/dev/x", meters=meters, timeout_ms=400, baudrate=100_000)
    assert query_gap_ns(patient) == (400 + 1.7 + 1.75) * 1_000_000


def test_query_gap_is_never_less_than_the_rest_that_the_line_may_have() -> None:
    quick = (PolledMeter("quick", 1, POWER_MAP, response_ms_max=10),)
    plan = plan_for("/dev/x", meters=quick, timeout_ms=20)
    assert query_gap_ns(plan) == KEEP_ALIVE_NS + silence_ns(plan)
    assert query_gap_ns(plan_for("/dev/x", meters=())) == KEEP_ALIVE_NS + silence_ns(plan)


def test_query_gap_of_the_longest_reads_at_19200_8n2_with_100_ms_is_below_300_ms() -> None:
    """124 registers a request; T_gap of 300 ms is what the take-over's time is derived from."""
    registers = tuple(replace(POWER_MAP.registers[0], address=2 * place) for place in range(62))
    wide = POWER_MAP.__class__("wide", registers, source="test")
    meters = (PolledMeter("incomer", 1, wide, response_ms_max=100),)
    plan = plan_for("/dev/x", meters=meters, timeout_ms=100, baudrate=19200, stopbits=2)
    assert query_gap_ns(replace(plan, parity=Parity.NONE)) <= 300_000_000
