"""Block demand: known vectors, projection along an interval, partial and first intervals."""

from __future__ import annotations

import pytest

from edge.model.energy import Booking
from edge.model.event import EventKind, Severity
from edge.model.outlook import PowerEstimate
from edge.model.units import NS_PER_S
from tests.core.demand.site import BOOT_MONO_NS, KWH, MIN, NOON_UTC_NS, Site, demand_spec


def test_block_with_200_kw_for_25_min_and_20_kw_for_5_min_is_170_kw() -> None:
    """Vector of aircon-demacon.com/about: 30-minute demand of 170 kW."""
    site = Site()
    site.run(25 * MIN, 200_000.0)
    site.run(5 * MIN, 20_000.0)
    assert site.intervals("demand_kw", "energy_uwh", "partial") == [(170.0, 85 * KWH, False)]


def test_block_with_25_kwh_in_15_min_is_100_kw() -> None:
    """Vector of the Oracle rolling demand guide: 25 kWh in 15 minutes are 100 kW."""
    site = Site(demand_spec(interval_min=15))
    site.run(15 * MIN, 100_000.0)
    assert site.intervals("demand_kw", "energy_kwh") == [(100.0, 25.0)]


def test_adjustable_power_of_fuji_vector_is_minus_200_kw() -> None:
    """Vector of Fuji FM78: P = 260 kW, ΔP = 60 kW in 3 min, t = 12 of 30 min, target 500."""
    site = Site()
    site.run(9 * MIN, 200_000.0 * 30 / 9)
    site.run(3 * MIN, 60_000.0 * 30 / 3)
    (limit,) = site.step.limits
    power = site.step.power
    assert power is not None
    assert limit.base_w == pytest.approx(260_000.0)
    assert limit.gain_ratio == 0.6
    projected_w = limit.projected_w(power.power_w)
    assert projected_w == pytest.approx(620_000.0)
    assert limit.adjustable_w(projected_w) == pytest.approx(-200_000.0)


def test_closed_interval_carries_label_target_length_and_severity() -> None:
    site = Site(demand_spec(contract_w=100_000.0))
    site.run(30 * MIN, 120_000.0)
    (event,) = site.of_kind(EventKind.INTERVAL_CLOSED)
    assert event.severity is Severity.WARNING
    assert event.facts == {
        "start_utc_ns": NOON_UTC_NS,
        "end_utc_ns": NOON_UTC_NS + 30 * MIN,
        "energy_uwh": 60 * KWH,
        "energy_kwh": 60.0,
        "new_uwh": 60 * KWH,
        "export_uwh": 0,
        "demand_kw": 120.0,
        "target_kw": 100.0,
        "binding": "contract",
        "length_s": 1800.0,
        "partial": False,
        "estimated": False,
        "synced": False,
        "peak_of_month": True,
        "label_trusted": True,
    }


def test_trap_02_booking_across_the_boundary_is_split_exactly() -> None:
    site = Site()
    site.now_mono_ns += 40 * MIN
    site.scan((Booking(BOOT_MONO_NS, site.now_mono_ns, 40 * KWH + 1, 3),))
    site.run(20 * MIN, 0.0)
    assert site.intervals("new_uwh", "export_uwh") == [
        (30 * KWH, 2),
        (10 * KWH + 1, 1),
    ]


def test_trap_04_outage_across_intervals_keeps_the_total_and_flags_each() -> None:
    site = Site()
    site.run(20 * MIN, 60_000.0)
    site.now_mono_ns += 60 * MIN
    site.book(90_000.0, estimated=True)
    site.run(40 * MIN, 60_000.0)
    assert site.intervals("new_uwh", "estimated", "partial") == [
        (35 * KWH, True, False),
        (45 * KWH, True, False),
        (40 * KWH, True, False),
        (30 * KWH, False, False),
    ]
    assert sum(new for (new,) in site.intervals("new_uwh")) == site.booked_uwh


def test_trap_06_first_interval_is_partial_over_nominal_length_and_makes_no_peak() -> None:
    site = Site(start_utc_ns=NOON_UTC_NS + 20 * MIN)
    site.run(10 * MIN, 90_000.0)
    site.run(30 * MIN, 10_000.0)
    assert site.intervals("start_utc_ns", "demand_kw", "length_s", "partial", "peak_of_month") == [
        (NOON_UTC_NS, 30.0, 600.0, True, False),
        (NOON_UTC_NS + 30 * MIN, 10.0, 1800.0, False, True),
    ]
    assert site.state.peak.demand_w == 10_000.0


def test_first_interval_begun_a_second_late_is_still_partial() -> None:
    site = Site(start_utc_ns=NOON_UTC_NS + NS_PER_S)
    site.run(30 * MIN, 90_000.0)
    assert site.intervals("partial") == [(True,)]


def test_restart_within_an_interval_continues_it() -> None:
    site = Site()
    site.run(10 * MIN, 60_000.0)
    site.restart()
    site.run(20 * MIN, 60_000.0)
    assert site.intervals("new_uwh", "partial") == [(30 * KWH, False)]


def test_gap_between_bookings_makes_its_intervals_partial() -> None:
    """Energy that nobody metered is unknown, never zero."""
    site = Site()
    site.run(20 * MIN, 60_000.0)
    site.now_mono_ns += 20 * MIN
    site.front_mono_ns = site.now_mono_ns - 5 * MIN
    site.book(60_000.0)
    site.run(50 * MIN, 60_000.0)
    assert site.intervals("new_uwh", "partial") == [
        (20 * KWH, True),
        (25 * KWH, True),
        (30 * KWH, False),
    ]


def test_outlook_before_any_booking_spans_nothing_to_contract() -> None:
    site = Site(start_utc_ns=NOON_UTC_NS + 15 * MIN)
    site.scan()
    (limit,) = site.step.limits
    assert site.step.power is None
    assert limit.partial
    assert (limit.base_w_low, limit.base_w, limit.base_w_high) == pytest.approx(
        (0.0, 125_000.0, 250_000.0)
    )


def test_outlook_of_unknown_beginning_counts_it_at_present_power() -> None:
    site = Site(start_utc_ns=NOON_UTC_NS + 15 * MIN)
    site.run(5 * MIN, 300_000.0)
    (limit,) = site.step.limits
    assert limit.partial
    assert limit.energy_uwh == 25 * KWH
    assert limit.projected_w(300_000.0) == pytest.approx(300_000.0)
    assert limit.base_w_low == pytest.approx(50_000.0)


def test_outlook_of_energy_not_yet_metered_uses_the_bounds_of_power() -> None:
    site = Site()
    site.run(10 * MIN, 300_000.0)
    site.now_mono_ns += 5 * MIN
    site.scan()
    (limit,) = site.step.limits
    assert site.step.power is None
    assert (limit.base_w_low, limit.base_w_high) == pytest.approx((100_000.0, 183_333.33))
    assert limit.elapsed_ns == 15 * MIN


def test_outlook_past_the_boundary_before_its_energy_is_metered_begins_anew() -> None:
    site = Site()
    site.run(29 * MIN, 300_000.0)
    site.now_mono_ns += 70 * NS_PER_S
    site.scan()
    (limit,) = site.step.limits
    assert (limit.elapsed_ns, limit.energy_uwh, limit.partial) == (10 * NS_PER_S, 0, False)
    assert site.of_kind(EventKind.INTERVAL_CLOSED) == []


def test_outlook_bounds_hold_the_resolution_of_the_counter() -> None:
    site = Site(resolution_uwh=KWH)
    site.run(10 * MIN, 300_000.0)
    (limit,) = site.step.limits
    assert (limit.base_w_low, limit.base_w, limit.base_w_high) == pytest.approx(
        (98_000.0, 100_000.0, 102_000.0)
    )
    estimate = PowerEstimate(300_000.0, 300_000.0, 300_000.0)
    assert limit.projected_w_low(estimate) < limit.projected_w_high(estimate)


def test_export_is_kept_apart_and_lowers_no_demand() -> None:
    site = Site()
    site.now_mono_ns += 30 * MIN
    site.scan((Booking(BOOT_MONO_NS, site.now_mono_ns, 10 * KWH, 50 * KWH),))
    assert site.intervals("demand_kw", "export_uwh") == [(20.0, 50 * KWH)]


def test_energy_at_an_instant_counts_in_the_running_interval() -> None:
    site = Site()
    site.run(10 * MIN, 60_000.0)
    site.scan((Booking(site.now_mono_ns, site.now_mono_ns, KWH, 0),))
    site.run(20 * MIN, 60_000.0)
    assert site.intervals("new_uwh") == [(31 * KWH,)]


def test_known_time_without_energy_advances_the_ledger() -> None:
    site = Site()
    site.run(20 * MIN, 60_000.0)
    site.now_mono_ns += 15 * MIN
    site.front_mono_ns = site.now_mono_ns
    site.scan()
    assert site.intervals("new_uwh", "partial") == [(20 * KWH, False)]


def test_month_peak_starts_again_with_the_local_month() -> None:
    last_hour_of_april = NOON_UTC_NS + 30 * 24 * 60 * MIN - 12 * 60 * MIN - 60 * MIN
    site = Site(start_utc_ns=last_hour_of_april)
    site.run(30 * MIN, 90_000.0)
    site.run(30 * MIN, 80_000.0)
    site.run(30 * MIN, 50_000.0)
    assert site.intervals("demand_kw", "peak_of_month") == [
        (90.0, True),
        (80.0, False),
        (50.0, True),
    ]
    assert site.state.peak.month == "2026-05"
