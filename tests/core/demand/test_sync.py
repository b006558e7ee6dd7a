"""End-of-interval pulses: early, late, twice, missing, and a utility clock of its own."""

from __future__ import annotations

from edge.model.event import EventKind, Severity
from edge.model.spec import DemandMethod
from edge.model.units import NS_PER_S
from tests.core.demand.site import KWH, MIN, NOON_UTC_NS, Site, demand_spec, plan_spec

_TENTH_NS = NS_PER_S // 10
# 36 kW are 10 Wh a second and 18 kWh in half an hour.
_SECOND_UWH = KWH // 100


def _site(**more: object) -> Site:
    return Site(demand_spec(eoi_s=20), **more)


def _pulse(site: Site, power_w: float = 36_000.0, *, times: int = 1) -> None:
    """A scan with a pulse in the middle of its 100 ms."""
    site.now_mono_ns += _TENTH_NS
    site.book(power_w, eoi_mono_ns=(site.now_mono_ns - _TENTH_NS // 2,) * times)


def _reasons(site: Site) -> list[tuple[object, object]]:
    return [
        (event.facts["reason"], event.facts.get("cleared", False))
        for event in site.of_kind(EventKind.SYNC)
    ]


def test_trap_05_early_pulse_closes_the_interval_now() -> None:
    site = _site()
    site.run(30 * MIN - 5 * NS_PER_S - _TENTH_NS // 2, 36_000.0)
    _pulse(site)
    assert site.intervals("start_utc_ns", "end_utc_ns", "length_s", "synced", "partial") == [
        (NOON_UTC_NS, NOON_UTC_NS + 30 * MIN, 1795.0, True, False)
    ]
    assert site.intervals("new_uwh") == [(18 * KWH - 5 * _SECOND_UWH,)]
    (limit,) = site.step.limits
    assert limit.elapsed_ns == _TENTH_NS // 2


def test_trap_05_late_pulse_books_the_energy_since_the_boundary_back() -> None:
    site = _site()
    site.run(30 * MIN + 5 * NS_PER_S - _TENTH_NS // 2, 36_000.0)
    assert site.intervals("new_uwh") == []
    (limit,) = site.step.limits
    assert limit.elapsed_ns == 5 * NS_PER_S - _TENTH_NS // 2
    _pulse(site)
    assert site.intervals("length_s", "synced", "partial") == [(1805.0, True, False)]
    assert site.intervals("new_uwh") == [(18 * KWH + 5 * _SECOND_UWH,)]
    (limit,) = site.step.limits
    assert limit.elapsed_ns == _TENTH_NS // 2
    assert limit.energy_uwh == _SECOND_UWH // 20


def test_trap_05_pulse_that_makes_an_irregular_length_makes_it_partial() -> None:
    """15 s are within the window, but 0.8 % more time is more demand than there was."""
    site = _site()
    site.run(30 * MIN + 15 * NS_PER_S - _TENTH_NS // 2, 36_000.0)
    _pulse(site)
    assert site.intervals("length_s", "synced", "partial") == [(1815.0, True, True)]


def test_late_pulse_takes_the_slot_of_the_plan_along() -> None:
    site = _site(plan=plan_spec())
    site.run(30 * MIN + 5 * NS_PER_S - _TENTH_NS // 2, 36_000.0)
    _pulse(site)
    (slot,) = site.of_kind(EventKind.SLOT_CLOSED)
    assert slot.facts["metered_uwh"] == 18 * KWH + 5 * _SECOND_UWH


def test_late_pulse_ahead_of_metering_reopens_the_interval_whole() -> None:
    site = _site()
    site.run(30 * MIN + 2 * NS_PER_S, 36_000.0)
    site.now_mono_ns += NS_PER_S
    site.scan(eoi_mono_ns=(site.now_mono_ns,))
    running = site.state.intervals.running
    assert running is not None
    assert (running.start_utc_ns, running.covered_ns, running.import_uwh) == (
        NOON_UTC_NS,
        30 * MIN + 2 * NS_PER_S,
        18 * KWH + 2 * _SECOND_UWH,
    )


def test_pulse_moves_the_grid_so_that_the_next_is_expected_there() -> None:
    site = _site()
    site.run(30 * MIN + 5 * NS_PER_S - _TENTH_NS // 2, 36_000.0)
    _pulse(site)
    site.run(30 * MIN - _TENTH_NS, 36_000.0)
    _pulse(site)
    assert site.intervals("end_utc_ns", "length_s", "synced") == [
        (NOON_UTC_NS + 30 * MIN, 1805.0, True),
        (NOON_UTC_NS + 60 * MIN, 1800.0, True),
    ]
    assert site.state.sync.shift_ns == 5 * NS_PER_S
    assert _reasons(site) == []


def test_trap_05_second_pulse_is_a_duplicate_and_reported_once() -> None:
    site = _site()
    site.run(30 * MIN - _TENTH_NS // 2, 36_000.0)
    _pulse(site, times=3)
    site.run(5 * NS_PER_S, 36_000.0)
    _pulse(site)
    assert len(site.intervals("new_uwh")) == 1
    (event,) = site.of_kind(EventKind.SYNC)
    assert (event.severity, event.facts) == (
        Severity.WARNING,
        {
            "reason": "duplicate",
            "off_s": 0.0,
            "window_s": 20.0,
            "boundary_utc_ns": NOON_UTC_NS + 30 * MIN,
        },
    )


def test_trap_05_missing_pulse_runs_free_and_says_so_until_it_is_back() -> None:
    site = _site()
    site.run(90 * MIN, 36_000.0)
    _pulse(site)
    site.run(MIN, 36_000.0)
    assert _reasons(site) == [("missing", False), ("missing", True)]
    assert site.intervals("length_s", "synced", "partial") == [
        (1800.0, False, False),
        (1800.0, False, False),
        (1800.05, True, False),
    ]


def test_interval_without_its_pulse_is_final_after_the_window() -> None:
    site = _site()
    site.run(30 * MIN + 20 * NS_PER_S, 36_000.0)
    assert site.intervals("new_uwh") == []
    site.run(NS_PER_S, 36_000.0)
    assert site.intervals("new_uwh", "synced") == [(18 * KWH, False)]


def test_pulse_outside_the_window_is_rejected() -> None:
    site = _site()
    site.run(15 * MIN + 5 * NS_PER_S, 36_000.0)
    _pulse(site, times=2)
    site.run(15 * MIN + 20 * NS_PER_S, 36_000.0)
    assert _reasons(site) == [("outside_window", False)]
    assert site.intervals("length_s", "synced") == [(1800.0, False)]


def test_two_pulses_in_step_outside_the_window_begin_the_utilitys_grid() -> None:
    """The utility's clock is 8 minutes behind: its intervals count, the one cut by it does not."""
    site = _site(plan=plan_spec())
    site.run(8 * MIN - _TENTH_NS, 36_000.0)
    _pulse(site)
    site.run(30 * MIN - _TENTH_NS, 36_000.0)
    _pulse(site)
    (limit,) = site.step.limits
    assert limit.elapsed_ns == _TENTH_NS // 2
    site.run(30 * MIN - _TENTH_NS, 36_000.0)
    _pulse(site)
    assert site.intervals("length_s", "partial", "synced") == [
        (1800.0, False, False),
        (8 * 60 - 0.05, True, True),
        (1800.0, False, True),
    ]
    assert _reasons(site) == [
        ("outside_window", False),
        ("missing", False),
        ("adopted", False),
        ("missing", True),
    ]
    assert site.events[-1].facts["metered_uwh"] == 18 * KWH


def test_adopted_grid_empties_a_sliding_window() -> None:
    site = Site(demand_spec(DemandMethod.SLIDING, 15, 5, eoi_s=20))
    site.run(32 * MIN - _TENTH_NS, 36_000.0)
    _pulse(site)
    site.run(15 * MIN - _TENTH_NS, 36_000.0)
    _pulse(site)
    site.run(15 * MIN - _TENTH_NS, 36_000.0)
    _pulse(site)
    partial = [flag for (flag,) in site.intervals("partial")]
    assert partial[2:9] == [False] * 7
    assert partial[9:] == [True, True, True, False]
    assert site.intervals("synced")[-1] == (True,)


def test_relabel_forgets_the_utilitys_grid() -> None:
    site = _site()
    site.run(30 * MIN + 5 * NS_PER_S - _TENTH_NS // 2, 36_000.0)
    _pulse(site)
    site.offset_ns += 10 * MIN
    site.run(5 * MIN, 36_000.0)
    assert site.state.sync.shift_ns == 0
    assert site.intervals("partial")[1] == (True,)


def test_relabel_while_a_pulse_is_awaited_closes_both() -> None:
    site = _site()
    site.run(29 * MIN + 4 * NS_PER_S, 36_000.0)
    site.offset_ns += 10 * MIN
    site.run(MIN + NS_PER_S, 36_000.0)
    assert site.intervals("new_uwh", "partial") == [
        (18 * KWH, False),
        (4 * _SECOND_UWH, True),
    ]


def test_pulse_while_metering_lags_ends_the_interval_that_is_booked_later() -> None:
    site = _site()
    site.run(29 * MIN, 36_000.0)
    site.now_mono_ns += MIN + 2 * NS_PER_S
    site.scan(eoi_mono_ns=(site.now_mono_ns - NS_PER_S,))
    site.now_mono_ns += NS_PER_S
    site.book(36_000.0)
    assert site.intervals("length_s", "new_uwh", "synced") == [
        (1801.0, 18 * KWH + _SECOND_UWH, True)
    ]


def test_pulse_before_the_first_booking_is_only_a_grid() -> None:
    site = _site()
    site.scan(eoi_mono_ns=(site.now_mono_ns,))
    site.scan(eoi_mono_ns=(site.now_mono_ns + 5 * MIN, site.now_mono_ns + 35 * MIN))
    assert _reasons(site) == [("outside_window", False), ("adopted", False)]
    assert site.events[-1].facts["shift_s"] == 300.0


def test_late_pulse_of_an_estimated_thermal_interval_keeps_its_marks() -> None:
    site = Site(demand_spec(DemandMethod.THERMAL, 15, eoi_s=20))
    site.run(45 * MIN, 36_000.0)
    site.now_mono_ns += 3 * NS_PER_S
    site.book(120_000.0, estimated=True)
    _pulse(site)
    assert site.intervals("estimated", "synced", "partial")[-1] == (True, True, False)
    assert site.intervals("demand_kw")[-1][0] > 36.0


def test_site_without_the_input_ignores_pulses() -> None:
    site = Site()
    site.run(10 * MIN, 36_000.0)
    _pulse(site)
    site.run(80 * MIN, 36_000.0)
    assert _reasons(site) == []
