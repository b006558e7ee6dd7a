"""Demand as a whole: nothing lost over any sequence, and the same after a restart at any point."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.demand.intervals import CUTS_PER_STEP, IRREGULAR_RATIO
from edge.core.demand.tracker import DemandState
from edge.core.rebase import shift_instants
from edge.model.energy import Booking
from edge.model.event import EventKind
from edge.model.order import SetLimit, TakePlan
from edge.model.plan import Plan, PlanSlot
from edge.model.scan import ClockTrust
from edge.model.spec import DemandMethod
from edge.model.units import NS_PER_HOUR, NS_PER_S
from tests.core.demand.site import BOOT_MONO_NS, KWH, MIN, NOON_UTC_NS, Site, demand_spec, plan_spec

_METHODS = st.sampled_from(
    [
        demand_spec(DemandMethod.BLOCK, 30),
        demand_spec(DemandMethod.BLOCK, 15, eoi_s=20),
        demand_spec(DemandMethod.SLIDING, 30, 5),
        demand_spec(DemandMethod.SLIDING, 15, 5, eoi_s=20),
        demand_spec(DemandMethod.THERMAL, 15),
    ]
)

# One event of a site's life: how long it lasts in s, what it is, and a number for it.
_LIFE = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.sampled_from(["book", "estimate", "instant", "wait", "gap", "clock", "pulse", "trust"]),
        st.integers(-(10**10), 10**10),
    ),
    min_size=1,
    max_size=40,
)


def _live(site: Site, seconds: int, what: str, number: int) -> None:
    site.now_mono_ns += seconds * NS_PER_S
    energy_uwh = abs(number)
    if what in {"book", "estimate"}:
        span = Booking(site.front_mono_ns, site.now_mono_ns, energy_uwh, 7, what == "estimate")
        site.scan((span,))
    elif what == "instant":
        site.scan((Booking(site.front_mono_ns, site.front_mono_ns, energy_uwh, 0),))
    elif what == "gap":
        middle_ns = (site.front_mono_ns + site.now_mono_ns) // 2
        site.scan((Booking(middle_ns, site.now_mono_ns, energy_uwh, 0),))
    elif what == "pulse":
        site.scan(eoi_mono_ns=(site.now_mono_ns,))
    else:
        if what == "clock":
            site.offset_ns += number
        if what == "trust":
            site.trust = list(ClockTrust)[number % 4]
        site.scan()


def _in_ledgers(site: Site) -> tuple[int, int]:
    """Import and export that are in no closed interval yet."""
    intervals = site.state.intervals
    parts = [part for part in (intervals.closing, intervals.running) if part is not None]
    spans = [waiting.span for waiting in intervals.waiting]
    return (
        sum(p.import_uwh for p in parts) + sum(s.import_uwh for s in spans),
        sum(p.export_uwh for p in parts) + sum(s.export_uwh for s in spans),
    )


@given(spec=_METHODS, life=_LIFE)
def test_sum_of_closed_intervals_is_the_sum_of_bookings(
    spec: object, life: list[tuple[int, str, int]]
) -> None:
    site = Site(spec, plan=plan_spec())
    exported = 0
    for seconds, what, number in life:
        _live(site, seconds, what, number)
        exported += 7 * (what in {"book", "estimate"})
    closed = site.intervals("new_uwh", "export_uwh")
    open_import, open_export = _in_ledgers(site)
    assert sum(new for new, _ in closed) + open_import == site.booked_uwh
    assert sum(export for _, export in closed) + open_export == exported
    slots = site.state.slots
    settled = sum(e.facts["metered_uwh"] for e in site.of_kind(EventKind.SLOT_CLOSED))
    rest = [part.import_uwh for part in (slots.closing, slots.running) if part is not None]
    waiting = [waiting.span.import_uwh for waiting in slots.waiting]
    assert settled + sum(rest) + sum(waiting) == site.booked_uwh


@given(spec=_METHODS, life=_LIFE)
def test_intervals_have_nominal_length_unless_they_are_flagged(
    spec: object, life: list[tuple[int, str, int]]
) -> None:
    site = Site(spec)
    for seconds, what, number in life:
        _live(site, seconds, what, number)
    step_ns = spec.subinterval_ns
    off = [
        length
        for length, partial in site.intervals("length_s", "partial")
        if not partial and abs(length * NS_PER_S - step_ns) > step_ns * IRREGULAR_RATIO + 1
    ]
    assert off == []


@given(spec=_METHODS, life=_LIFE, at=st.integers(0, 39))
def test_restart_at_any_point_changes_no_event_and_no_outlook(
    spec: object, life: list[tuple[int, str, int]], at: int
) -> None:
    through, restarted = Site(spec, plan=plan_spec()), Site(spec, plan=plan_spec())
    for index, one in enumerate(life):
        if index == at:
            kept = msgspec.msgpack.encode(restarted.state)
            restarted.state = msgspec.msgpack.decode(kept, type=DemandState)
            restarted.restart()
        _live(through, *one)
        _live(restarted, *one)
        assert restarted.step == through.step
    assert restarted.events == through.events
    assert restarted.state == through.state


@given(spec=_METHODS, life=_LIFE)
def test_outlook_bounds_are_ordered_and_its_times_add_up(
    spec: object, life: list[tuple[int, str, int]]
) -> None:
    site = Site(spec, plan=plan_spec())
    for one in life:
        _live(site, *one)
        for limit in site.step.limits:
            assert 0.0 <= limit.base_w_low <= limit.base_w <= limit.base_w_high
            assert 0.0 < limit.gain_ratio <= 1.0
            assert limit.elapsed_ns + limit.remaining_ns == limit.interval_ns
            assert limit.elapsed_ns >= 0


@given(
    power_w=st.integers(1, 500_000),
    minutes=st.integers(1, 29),
    then_w=st.integers(0, 500_000),
)
def test_projection_along_a_straight_line_is_the_demand_that_comes(
    power_w: int, minutes: int, then_w: int
) -> None:
    site = Site()
    site.run(minutes * MIN, power_w, 10 * NS_PER_S)
    (limit,) = site.step.limits
    site.run((30 - minutes) * MIN, then_w, 10 * NS_PER_S)
    ((demand_kw,),) = site.intervals("demand_kw")
    assert limit.projected_w(then_w) == pytest.approx(demand_kw * 1000.0, rel=1e-9, abs=1e-3)


def test_trap_13_end_of_interval_leaves_bounds_and_gain_near_zero() -> None:
    """Adjustable power diverges near the end: the outlook shows no gain left to act with."""
    site = Site(demand_spec(contract_w=100_000.0), resolution_uwh=KWH)
    site.run(30 * MIN - NS_PER_S, 120_000.0)
    (limit,) = site.step.limits
    assert site.step.power is not None
    assert limit.gain_ratio == pytest.approx(1 / 1800)
    assert limit.adjustable_w(limit.projected_w(120_000.0)) < -30_000_000.0


def test_trap_13_optimistic_bound_early_in_the_interval_is_below_the_central_one() -> None:
    site = Site(demand_spec(), resolution_uwh=KWH)
    site.run(45 * MIN, 300_000.0)
    site.run(16 * MIN, 300_000.0)
    (limit,) = site.step.limits
    power = site.step.power
    assert power is not None
    assert limit.elapsed_ns == MIN
    low, high = limit.projected_w_low(power), limit.projected_w_high(power)
    assert low < 300_000.0 - 20_000.0
    assert high > 300_000.0 + 20_000.0


def test_long_outage_is_booked_over_several_scans_without_loss() -> None:
    """Ten days closed at once would hold up the scan: so many boundaries a scan, the rest waits."""
    site = Site(plan=plan_spec())
    site.run(MIN, 60_000.0)
    site.now_mono_ns += 240 * NS_PER_HOUR
    site.book(60_000.0, estimated=True)
    assert len(site.intervals("new_uwh")) == CUTS_PER_STEP
    site.run(20 * NS_PER_S, 60_000.0)
    closed = site.intervals("new_uwh", "estimated")
    assert len(closed) == 480
    assert {new for new, _ in closed} == {30 * KWH}
    assert all(estimated for _, estimated in closed)
    assert site.state.intervals.waiting == []


def test_gap_behind_a_long_outage_is_still_a_gap() -> None:
    site = Site()
    site.run(MIN, 60_000.0)
    site.now_mono_ns += 24 * NS_PER_HOUR
    site.book(60_000.0, estimated=True)
    site.now_mono_ns += 30 * MIN
    site.front_mono_ns += 10 * MIN
    site.book(60_000.0)
    site.run(30 * MIN, 60_000.0)
    assert site.intervals("new_uwh", "partial")[-3:] == [
        (30 * KWH, False),
        (20 * KWH, True),
        (30 * KWH, False),
    ]


def test_relabel_during_a_long_outage_loses_nothing() -> None:
    site = Site(plan=plan_spec())
    site.run(MIN, 60_000.0)
    site.offset_ns += 10 * MIN
    site.run(61 * NS_PER_S, 60_000.0)
    site.now_mono_ns += 240 * NS_PER_HOUR
    site.book(60_000.0, estimated=True)
    site.run(40 * NS_PER_S, 60_000.0)
    open_uwh, _ = _in_ledgers(site)
    assert sum(new for (new,) in site.intervals("new_uwh")) + open_uwh == site.booked_uwh


def test_booking_that_overlaps_the_ledger_is_counted_once() -> None:
    site = Site()
    site.run(20 * MIN, 60_000.0)
    site.scan((Booking(BOOT_MONO_NS, BOOT_MONO_NS + 10 * MIN, KWH, 0),))
    assert site.state.intervals.front_mono_ns == BOOT_MONO_NS + 20 * MIN
    site.run(10 * MIN, 60_000.0)
    assert site.intervals("new_uwh", "partial") == [(31 * KWH, False)]


def test_boundary_that_slewing_moves_behind_the_ledger_cuts_at_the_ledger() -> None:
    site = Site()
    site.run(29 * MIN, 60_000.0)
    site.now_mono_ns += MIN - 1000
    site.book(60_000.0)
    ahead_uwh = site.booked_uwh
    site.offset_ns += NS_PER_S
    site.now_mono_ns += 2 * NS_PER_S
    site.book(60_000.0)
    assert site.intervals("new_uwh", "length_s", "partial") == [(ahead_uwh, 1799.999999, False)]


def test_reboot_shifts_the_state_to_the_new_clock_and_the_interval_goes_on() -> None:
    site = Site(plan=plan_spec())
    site.run(20 * MIN, 60_000.0)
    delta_ns = -(BOOT_MONO_NS + 15 * MIN)
    site.state = shift_instants(site.state, delta_ns)
    site.restart()
    site.now_mono_ns += delta_ns
    site.front_mono_ns += delta_ns
    site.offset_ns -= delta_ns
    site.run(10 * MIN, 60_000.0)
    assert site.intervals("start_utc_ns", "new_uwh", "partial", "length_s") == [
        (NOON_UTC_NS, 30 * KWH, False, 1800.0)
    ]


def test_state_with_everything_in_it_survives_encoding_within_its_size() -> None:
    site = Site(demand_spec(DemandMethod.SLIDING, 30, 1, eoi_s=5), plan=plan_spec())
    start = NOON_UTC_NS - 12 * NS_PER_HOUR
    for day in range(10):
        first = start + day * 24 * NS_PER_HOUR
        slots = tuple(PlanSlot(first + i * 30 * MIN, 200 * KWH) for i in range(48))
        plan = Plan(f"2026-04-{day + 1:02}", 1, 1, "d" * 64, 30 * MIN, slots)
        site.scan(orders=(TakePlan(plan, "office"),))
    limit = SetLimit(1e5, NOON_UTC_NS, NOON_UTC_NS + 90 * MIN, "grid")
    site.scan(orders=(limit,))
    site.run(40 * MIN, 123_456.0)
    kept = msgspec.msgpack.encode(site.state)
    assert msgspec.msgpack.decode(kept, type=DemandState) == site.state
    assert len(kept) < 20_000
