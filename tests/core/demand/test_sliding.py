"""Sliding demand: rolling and predictive windows, and what the window ahead allows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.model.spec import DemandMethod
from edge.model.units import NS_PER_S
from tests.core.demand.site import KWH, MIN, NOON_UTC_NS, Site, demand_spec


def _sliding(interval_min: int, step_min: int, **more: object) -> Site:
    return Site(demand_spec(DemandMethod.SLIDING, interval_min, step_min), **more)


def _utc_ns(hour: int, minute: int) -> int:
    return int(datetime(2026, 4, 1, hour, minute, tzinfo=UTC).timestamp()) * NS_PER_S


def test_rolling_45_5_from_one_records_1_45_and_then_1_50() -> None:
    """Vector of Echelon 79010 p. 78: 1:45 over [1:00, 1:45], then 1:50 over [1:05, 1:50]."""
    site = _sliding(45, 5, start_utc_ns=_utc_ns(1, 0))
    site.run(45 * MIN, 80_000.0)
    site.run(5 * MIN, 170_000.0)
    whole = [
        facts[:3]
        for facts in site.intervals("start_utc_ns", "end_utc_ns", "demand_kw", "partial")
        if not facts[3]
    ]
    assert whole == [
        (_utc_ns(1, 0), _utc_ns(1, 45), 80.0),
        (_utc_ns(1, 5), _utc_ns(1, 50), 90.0),
    ]


def test_rolling_window_with_9_min_of_600_kw_after_5_of_400_projects_533_kw() -> None:
    """Vector of Niagara UsingAllRecordedValues: 600 kW now and for 9 earlier minutes, 400 kW for 5:
    8000 / 15 = 533 kW."""
    site = _sliding(15, 1)
    site.run(20 * MIN, 400_000.0)
    site.run(9 * MIN, 600_000.0)
    assert site.intervals("demand_kw")[-1] == (520.0,)
    site.run(1 * MIN, 600_000.0)
    assert site.intervals("demand_kw")[-1] == (pytest.approx(8000 / 15),)


def test_rolling_window_of_400_kw_mostly_projected_is_400_kw() -> None:
    """Vector of Niagara UsingMostlyProjectedValues: 6000 / 15 = 400 kW."""
    site = _sliding(15, 1)
    site.run(2 * MIN, 400_000.0)
    (limit,) = site.step.limits
    assert limit.projected_w(400_000.0) == pytest.approx(6_000_000.0 / 15)


def test_predictive_window_of_3_times_5_min_at_11_min_uses_two_closed_and_the_rest_projected() -> (
    None
):
    """Vector of EIG Nexus 1262 p. 13-7: at 12:11 with a factor of 120 %: two closed sub-intervals,
    plus the actual one, plus 4/5 x 1.2 x the last one."""
    site = _sliding(15, 5)
    site.run(5 * MIN, 120_000.0)
    site.run(5 * MIN, 240_000.0)
    site.run(1 * MIN, 600_000.0)
    (limit,) = site.step.limits
    # Energies of sub-intervals: 10 kWh, 20 kWh, 10 kWh so far, and 4/5 x 1.2 x 20 kWh to come.
    expected_w = (10.0 + 20.0 + 10.0 + 0.8 * 1.2 * 20.0) / 0.25 * 1000.0
    assert limit.remaining_ns == 4 * MIN
    assert limit.energy_uwh == 40 * KWH
    assert limit.projected_w(1.2 * 240_000.0) == pytest.approx(expected_w)


def test_window_ahead_that_allows_least_is_the_one_reported() -> None:
    """After idling the next window allows anything, half a window ahead the burst is a problem."""
    site = _sliding(30, 1)
    site.run(30 * MIN, 100_000.0)
    site.run(30 * NS_PER_S, 1_000_000.0)
    (limit,) = site.step.limits
    assert limit.remaining_ns == 14 * MIN + 30 * NS_PER_S
    assert limit.elapsed_ns == 15 * MIN + 30 * NS_PER_S
    assert limit.energy_uwh == 15 * 100 * KWH // 60 + 1000 * KWH // 120
    assert limit.gain_ratio == pytest.approx(14.5 / 30)


def test_window_over_its_target_without_any_power_is_the_next_one() -> None:
    site = Site(demand_spec(DemandMethod.SLIDING, 30, 1, contract_w=100_000.0))
    site.run(30 * MIN, 200_000.0)
    (limit,) = site.step.limits
    assert limit.remaining_ns == 1 * MIN
    assert limit.base_w > limit.target_w


def test_window_after_a_start_counts_the_unknown_past_at_present_power() -> None:
    site = _sliding(15, 5)
    site.run(7 * MIN, 300_000.0)
    (limit,) = site.step.limits
    assert limit.partial
    assert limit.projected_w(300_000.0) == pytest.approx(300_000.0)
    assert limit.base_w_low == pytest.approx(140_000.0)


def test_window_while_metering_lags_misses_nothing() -> None:
    site = _sliding(15, 5)
    site.run(14 * MIN + 59 * NS_PER_S, 300_000.0)
    site.now_mono_ns += 2 * NS_PER_S
    site.scan()
    (limit,) = site.step.limits
    assert limit.projected_w(300_000.0) == pytest.approx(300_000.0, rel=1e-6)
    assert not limit.partial


def test_window_counts_a_sub_interval_that_metering_closes_late() -> None:
    site = _sliding(15, 5)
    site.run(14 * MIN + 59 * NS_PER_S, 300_000.0)
    site.now_mono_ns += 2 * NS_PER_S
    site.scan()
    site.book(300_000.0)
    (limit,) = site.step.limits
    assert limit.energy_uwh == site.booked_uwh * 601 // 901


def test_window_after_a_lag_of_more_than_it_holds_no_old_energy() -> None:
    site = _sliding(15, 5)
    site.run(14 * MIN, 300_000.0)
    site.now_mono_ns += 20 * MIN
    site.scan()
    (limit,) = site.step.limits
    assert limit.energy_uwh == 0


def test_window_after_restart_is_the_same() -> None:
    site = _sliding(15, 1)
    site.run(20 * MIN, 300_000.0)
    before = site.step.limits
    site.restart()
    site.scan()
    assert site.step.limits == before


def test_window_with_a_partial_sub_interval_makes_no_peak_until_it_has_left() -> None:
    site = _sliding(15, 5, start_utc_ns=NOON_UTC_NS + 2 * MIN)
    site.run(23 * MIN, 300_000.0)
    assert site.intervals("partial", "peak_of_month") == [
        (True, False),
        (True, False),
        (True, False),
        (False, True),
        (False, False),
    ]


def test_window_remembers_that_a_sub_interval_was_estimated() -> None:
    site = _sliding(15, 5)
    site.run(16 * MIN, 300_000.0)
    site.now_mono_ns += 2 * MIN
    site.book(300_000.0, estimated=True)
    site.run(17 * MIN, 300_000.0)
    estimated = [flag for (flag,) in site.intervals("estimated")]
    assert estimated == [False, False, False, True, True, True, False]


def test_window_kept_open_for_its_pulse_still_counts_in_the_next() -> None:
    site = Site(demand_spec(DemandMethod.SLIDING, 15, 5, eoi_s=10))
    site.run(15 * MIN + 2 * NS_PER_S, 300_000.0)
    assert len(site.intervals("new_uwh")) == 2
    (limit,) = site.step.limits
    assert limit.projected_w(300_000.0) == pytest.approx(300_000.0)
    assert not limit.partial
