"""Judging cumulative registers: what is energy, what is a fault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.metering.counter import (
    RESET_READS,
    Advance,
    CounterState,
    Verdict,
    advance,
    energy_uwh_max,
)
from edge.model.units import NS_PER_HOUR, NS_PER_S, UWH_PER_KWH

S = NS_PER_S
KWH = UWH_PER_KWH
WH = KWH // 1000


def _advance(
    state: CounterState, reading_uwh: int, at_s: float, modulus_uwh: int | None = None
) -> Advance:
    return advance(state, reading_uwh, int(at_s * S), WH, modulus_uwh, 1e6)


def _after(
    *readings_uwh: int, modulus_uwh: int | None = None
) -> tuple[CounterState, list[Advance]]:
    """Readings two seconds apart, the first at 0 s."""
    state = CounterState()
    return state, [
        _advance(state, reading, 2 * index, modulus_uwh)
        for index, reading in enumerate(readings_uwh)
    ]


def test_counter_with_first_reading_is_a_baseline_without_energy() -> None:
    state, advances = _after(53_700 * KWH)
    assert advances == [Advance(Verdict.BASELINE, 0, 0)]
    assert (state.last_uwh, state.last_mono_ns) == (53_700 * KWH, 0)


def test_counter_with_rising_or_equal_reading_gives_the_difference() -> None:
    assert _after(5 * KWH, 5 * KWH + 70 * WH, 5 * KWH + 70 * WH)[1][1:] == [
        Advance(Verdict.FORWARD, 70 * WH, 0),
        Advance(Verdict.FORWARD, 0, 2 * S),
    ]


def test_counter_with_float_jitter_holds_and_counts_the_return_once() -> None:
    top = 5 * KWH
    assert _after(top, top - 2 * WH, top, top + WH)[1][1:] == [
        Advance(Verdict.HELD, 0, 0),
        Advance(Verdict.FORWARD, 0, 2 * S),
        Advance(Verdict.FORWARD, WH, 4 * S),
    ]


@pytest.mark.parametrize("excess_uwh", [0, 1])
def test_counter_with_rise_at_the_physical_maximum_is_energy_and_beyond_is_not(
    excess_uwh: int,
) -> None:
    # 1 MW with a quarter over, for 2 s and the 2 s of a meter's refresh, and two steps.
    most = round(1.25e6 * 4 * S / (NS_PER_HOUR // 1_000_000)) + 2 * WH
    assert energy_uwh_max(1e6, 2 * S, WH) == most
    verdict = _after(5 * KWH, 5 * KWH + most + excess_uwh)[1][1].verdict
    assert verdict is (Verdict.SUSPECT if excess_uwh else Verdict.FORWARD)


def test_trap_01_wrap_near_the_modulus_is_energy() -> None:
    modulus = 2**32 * 100 * WH
    _, advances = _after(modulus - 300 * WH, 100 * WH, modulus_uwh=modulus)
    assert advances[1] == Advance(Verdict.WRAP, 400 * WH, 0)


def test_trap_01_24_bit_reset_is_not_taken_for_a_wrap() -> None:
    """As a wrap it would add 2**24 less 13,700,000 steps of a Wh, some 3 MWh."""
    modulus = 2**24 * WH
    _, advances = _after(13_700_000 * WH, 100 * WH, modulus_uwh=modulus)
    assert advances[1] == Advance(Verdict.SUSPECT, 0, 2 * S)


def test_trap_01_single_low_read_is_a_glitch_and_changes_nothing() -> None:
    """evcc booked 53.7 MWh for one zero read."""
    top = 53_700 * KWH
    _, advances = _after(top, 0, top + 400 * WH)
    assert advances[1:] == [
        Advance(Verdict.SUSPECT, 0, 2 * S),
        Advance(Verdict.GLITCH, 400 * WH, 0),
    ]


def test_trap_01_reset_is_followed_only_after_several_reads_that_agree() -> None:
    top = 53_700 * KWH
    state, advances = _after(top, 0, 100 * WH, 200 * WH, 350 * WH, 400 * WH)
    assert advances[1:] == [
        Advance(Verdict.SUSPECT, 0, 2 * S),
        Advance(Verdict.SUSPECT, 0, 2 * S),
        Advance(Verdict.SUSPECT, 0, 2 * S),
        Advance(Verdict.RESET, 350 * WH, 2 * S, -53_700 * KWH),
        Advance(Verdict.FORWARD, 50 * WH, 8 * S),
    ]
    assert state.suspect_count == 0


def test_counter_with_quick_agreeing_reads_waits_for_the_time_too() -> None:
    state = CounterState()
    _advance(state, 9000 * KWH, 0)
    verdicts = [_advance(state, 0, 1 + n / 10).verdict for n in range(50)]
    assert verdicts == [Verdict.SUSPECT] * 50
    assert _advance(state, 0, 6.0) == Advance(Verdict.RESET, 0, S, -9000 * KWH)


def test_counter_with_slow_agreeing_reads_waits_for_their_number_too() -> None:
    state = CounterState()
    _advance(state, 9000 * KWH, 0)
    verdicts = [_advance(state, 0, 60 * (n + 1)).verdict for n in range(RESET_READS)]
    assert verdicts == [Verdict.SUSPECT, Verdict.SUSPECT, Verdict.RESET]


@pytest.mark.parametrize("odd_uwh", [50 * KWH, 100 * WH])
def test_counter_with_suspect_reads_that_disagree_starts_waiting_again(odd_uwh: int) -> None:
    top = 53_700 * KWH
    reads = (top, 200 * WH, 200 * WH, odd_uwh, 200 * WH + odd_uwh, 201 * WH + odd_uwh)
    _, advances = _after(*reads)
    assert [one.verdict for one in advances[1:]] == [Verdict.SUSPECT] * 5
    assert advances[-1].since_mono_ns == 6 * S


def test_counter_with_jitter_after_a_reset_gives_no_negative_energy() -> None:
    top = 53_700 * KWH
    _, advances = _after(top, 10 * WH, 8 * WH, 8 * WH, 8 * WH)
    assert advances[-1] == Advance(Verdict.RESET, 0, 2 * S, 10 * WH - top)


@given(
    st.lists(st.integers(min_value=0, max_value=600 * WH), min_size=1, max_size=50),
    st.integers(min_value=0, max_value=2**24 * WH - 1),
    st.sets(st.integers(min_value=1, max_value=49)),
)
def test_counter_with_any_path_over_wraps_and_lone_glitches_sums_exactly(
    rises: list[int], start: int, glitches: set[int]
) -> None:
    modulus = 2**24 * WH
    state = CounterState()
    _advance(state, start, 0, modulus)
    true_uwh, counted = start, 0
    for index, rise in enumerate(rises):
        true_uwh += rise
        at_s = 2.0 * (index + 1)
        if index in glitches:
            far = (true_uwh + modulus // 2) % modulus
            assert _advance(state, far, at_s - 0.5, modulus).delta_uwh == 0
        counted += _advance(state, true_uwh % modulus, at_s, modulus).delta_uwh
    assert counted == true_uwh - start
