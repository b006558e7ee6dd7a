"""Holding a plan: its limit, its settlement in both directions, its versions and missing days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from edge.core.demand.imbalance import Imbalance, settle
from edge.core.demand.localtime import local_utc_ns
from edge.core.demand.planbook import PLAN_DAYS_MAX
from edge.model.event import Event, EventKind, Severity
from edge.model.order import Acknowledge, TakePlan
from edge.model.outlook import LimitOutlook
from edge.model.plan import Plan, PlanSlot
from edge.model.units import NS_PER_HOUR
from tests.core.demand.site import KWH, MIN, NOON_UTC_NS, Site, demand_spec, plan_spec

_TODAY = date(2026, 4, 1)


def _plan(
    day: date = _TODAY, planned_uwh: int = 100 * KWH, version: int = 1, received_utc_ns: int = 1
) -> Plan:
    start = local_utc_ns(day, time(), UTC)
    slots = tuple(PlanSlot(start + i * 30 * MIN, planned_uwh) for i in range(48))
    digest = f"{version}-{received_utc_ns}-{planned_uwh}"
    return Plan(day.isoformat(), version, received_utc_ns, digest, 30 * MIN, slots)


def _take(site: Site, plan: Plan) -> list[Event]:
    return site.scan(orders=(TakePlan(plan, "office"), Acknowledge("office")))


def _site(**changes: object) -> Site:
    return Site(plan=plan_spec(**changes))


def _held(site: Site) -> LimitOutlook:
    (limit,) = [limit for limit in site.step.limits if limit.name == "plan"]
    return limit


def _refused(events: list[Event]) -> list[object]:
    return [
        event.facts["refused"]
        for event in events
        if event.kind is EventKind.PLAN and "refused" in event.facts
    ]


def test_plan_of_1000_kwh_metered_1030_at_4_2_percent_loss_is_75_2_kwh_short() -> None:
    """Settled = metered / (1 - loss rate) = 1075.2 kWh, so 75.2 kWh short and not 30."""
    result = settle(plan_spec(), 1030 * KWH, 1000 * KWH)
    assert result == Imbalance(
        settled_uwh=1_075_156_576_200,
        planned_uwh=1000 * KWH,
        deviation_uwh=75_156_576_200,
        direction="shortage",
        allowed=False,
        cost_low=pytest.approx(751.565762),
        cost_high=pytest.approx(22546.97286),
    )
    assert round(result.deviation_uwh / KWH, 1) == 75.2


def test_settlement_below_plan_is_a_surplus_at_its_own_prices() -> None:
    result = settle(plan_spec(loss_ratio=0.0), 960 * KWH, 1000 * KWH)
    assert (result.direction, result.deviation_uwh, result.allowed) == (
        "surplus",
        -40 * KWH,
        False,
    )
    assert (result.cost_low, result.cost_high) == (80.0, 600.0)


def test_settlement_on_plan_costs_nothing() -> None:
    result = settle(plan_spec(loss_ratio=0.0), 1000 * KWH, 1000 * KWH)
    assert (result.direction, result.allowed, result.cost_high) == ("none", True, 0.0)


@pytest.mark.parametrize(("metered_kwh", "allowed"), [(103, True), (104, False), (97, True)])
def test_settlement_within_the_allowed_deviation_is_allowed(
    metered_kwh: int, allowed: bool
) -> None:
    spec = plan_spec(loss_ratio=0.0)
    assert settle(spec, metered_kwh * KWH, 100 * KWH).allowed is allowed


def test_plan_limit_is_metered_power_with_loss_and_allowed_deviation() -> None:
    site = _site()
    _take(site, _plan())
    site.run(10 * MIN, 150_000.0)
    held = _held(site)
    assert [limit.name for limit in site.step.limits] == ["demand", "plan"]
    assert held.target_w == pytest.approx(200_000.0 * 0.958 * 1.03)
    assert held.floor_w == pytest.approx(200_000.0 * 0.958 * 0.97)
    assert (held.binding, held.energy_uwh, held.elapsed_ns) == ("plan", 25 * KWH, 10 * MIN)
    assert held.projected_w(150_000.0) == pytest.approx(150_000.0)


def test_plan_held_only_below_keeps_the_contract_as_target() -> None:
    site = _site(hold_over=False)
    _take(site, _plan())
    assert (_held(site).target_w, _held(site).binding) == (500_000.0, "contract")
    assert _held(site).floor_w is not None


def test_plan_held_only_above_has_no_floor() -> None:
    site = _site(hold_under=False)
    _take(site, _plan())
    assert _held(site).floor_w is None
    assert _held(site).binding == "plan"


def test_plan_not_held_is_no_limit_but_is_settled() -> None:
    site = _site(hold_over=False, hold_under=False)
    _take(site, _plan())
    site.run(31 * MIN, 150_000.0)
    assert [limit.name for limit in site.step.limits] == ["demand"]
    assert len(site.of_kind(EventKind.SLOT_CLOSED)) == 1


def test_slot_without_a_plan_is_no_limit() -> None:
    site = _site()
    site.run(MIN, 150_000.0)
    assert [limit.name for limit in site.step.limits] == ["demand"]
    assert site.tracker.imbalance() is None


def test_slot_has_its_own_length_beside_the_demand_interval() -> None:
    site = Site(demand_spec(interval_min=15), plan=plan_spec())
    _take(site, _plan())
    site.run(20 * MIN, 150_000.0)
    demand, plan = site.step.limits
    assert (demand.elapsed_ns, plan.elapsed_ns) == (5 * MIN, 20 * MIN)


def test_slots_begin_at_local_midnight_where_the_offset_is_no_whole_slot() -> None:
    site = Site(plan=plan_spec(), timezone=ZoneInfo("Asia/Kathmandu"))
    site.run(20 * MIN, 150_000.0)
    (event,) = site.of_kind(EventKind.SLOT_CLOSED)
    # Noon UTC is 17:45 in Kathmandu.
    assert event.facts["end_utc_ns"] == NOON_UTC_NS + 15 * MIN


def test_closed_slot_is_settled_in_an_event() -> None:
    site = _site(loss_ratio=0.0)
    _take(site, _plan())
    site.run(30 * MIN, 240_000.0)
    (event,) = site.of_kind(EventKind.SLOT_CLOSED)
    assert (event.subject, event.severity) == ("plan", Severity.WARNING)
    assert event.facts == {
        "start_utc_ns": NOON_UTC_NS,
        "end_utc_ns": NOON_UTC_NS + 30 * MIN,
        "metered_uwh": 120 * KWH,
        "metered_kwh": 120.0,
        "planned_kwh": 100.0,
        "partial": False,
        "estimated": False,
        "settled_kwh": 120.0,
        "deviation_uwh": 20 * KWH,
        "deviation_kwh": 20.0,
        "direction": "shortage",
        "allowed": False,
        "cost_low": 200.0,
        "cost_high": 6000.0,
        "currency": "JPY",
    }


def test_closed_slot_within_the_allowed_deviation_is_no_warning() -> None:
    site = _site(loss_ratio=0.0)
    _take(site, _plan())
    site.run(30 * MIN, 200_000.0)
    assert [event.severity for event in site.of_kind(EventKind.SLOT_CLOSED)] == [Severity.INFO]


def test_partial_slot_has_no_deviation() -> None:
    site = Site(plan=plan_spec(), start_utc_ns=NOON_UTC_NS + 10 * MIN)
    _take(site, _plan())
    site.run(20 * MIN, 150_000.0)
    (event,) = site.of_kind(EventKind.SLOT_CLOSED)
    assert (event.facts["partial"], "deviation_kwh" in event.facts) == (True, False)


def test_imbalance_ahead_is_what_the_slot_settles_to_if_power_stays() -> None:
    site = _site(loss_ratio=0.0)
    assert site.tracker.imbalance() is None
    _take(site, _plan())
    site.run(10 * MIN, 240_000.0)
    ahead = site.tracker.imbalance()
    assert ahead is not None
    assert ahead.deviation_uwh == pytest.approx(20 * KWH, rel=1e-6)


def test_site_without_a_plan_section_takes_no_plan() -> None:
    site = Site()
    assert _take(site, _plan()) == []
    assert site.tracker.imbalance() is None


def test_new_version_changes_the_limit_of_the_present_slot() -> None:
    site = _site()
    _take(site, _plan())
    events = _take(site, _plan(planned_uwh=50 * KWH, version=2))
    assert _held(site).target_w == pytest.approx(100_000.0 * 0.958 * 1.03)
    (event,) = events
    assert (event.kind, event.subject, event.severity, event.facts) == (
        EventKind.PLAN,
        "2026-04-01",
        Severity.INFO,
        {
            "version": 2,
            "digest": f"2-1-{50 * KWH}",
            "slots": 48,
            "planned_kwh": 2400.0,
            "who": "office",
        },
    )


def test_plan_that_is_in_force_already_is_no_event() -> None:
    site = _site()
    _take(site, _plan())
    assert _take(site, _plan()) == []


def test_plan_of_the_same_bytes_is_no_event_whoever_counted_its_version() -> None:
    site, plan = _site(), _plan(version=2, received_utc_ns=5)
    _take(site, plan)
    for version, received_utc_ns in ((1, 3), (2, 9), (1, 9)):
        again = replace(plan, version=version, received_utc_ns=received_utc_ns)
        assert _take(site, again) == []


def test_older_version_is_refused_unless_it_was_received_later() -> None:
    site = _site()
    _take(site, _plan(version=3, received_utc_ns=5))
    assert _refused(_take(site, _plan(version=2, received_utc_ns=4))) == ["older_version"]
    assert _refused(_take(site, _plan(version=1, received_utc_ns=6))) == []
    assert [plan.version for plan in site.state.plans.plans] == [1]


def test_plan_of_another_slot_length_is_refused() -> None:
    site = _site()
    plan = replace(_plan(), slot_ns=15 * MIN)
    assert _refused(_take(site, plan)) == ["slot_length"]


def test_plan_of_a_day_that_is_over_is_refused() -> None:
    site = _site()
    assert _refused(_take(site, _plan(_TODAY - timedelta(days=2)))) == ["day_is_over"]
    assert _refused(_take(site, _plan(_TODAY - timedelta(days=1)))) == []


def test_plans_of_more_days_than_are_kept_are_refused() -> None:
    site = _site()
    for ahead in range(PLAN_DAYS_MAX):
        assert _refused(_take(site, _plan(_TODAY + timedelta(days=ahead)))) == []
    assert _refused(_take(site, _plan(_TODAY + timedelta(days=20)))) == ["too_many_days"]


def test_plans_of_past_days_are_forgotten() -> None:
    site = _site()
    _take(site, _plan())
    _take(site, _plan(_TODAY + timedelta(days=2)))
    site.run(37 * NS_PER_HOUR, 100_000.0, MIN)
    assert [plan.day for plan in site.state.plans.plans] == ["2026-04-03"]


def test_plan_survives_a_restart() -> None:
    site = _site()
    _take(site, _plan())
    site.restart()
    site.scan()
    assert _held(site).binding == "plan"


def test_day_without_a_plan_is_reported_once_some_hours_before_it() -> None:
    site = _site()
    _take(site, _plan())
    site.run(14 * NS_PER_HOUR, 100_000.0, MIN)
    missing = [event for event in site.of_kind(EventKind.PLAN) if "reason" in event.facts]
    assert [(event.subject, event.severity, event.facts) for event in missing] == [
        ("2026-04-02", Severity.WARNING, {"reason": "missing"})
    ]
    at = datetime.fromtimestamp(missing[0].utc_ns / 1e9, UTC)
    assert (at.hour, at.minute) == (21, 0)


def test_plan_that_comes_after_its_warning_clears_it() -> None:
    site = _site()
    site.scan()
    (event,) = _take(site, _plan())
    assert (event.facts["reason"], event.facts["cleared"]) == ("missing", True)
    assert site.state.plans.missing_days == []
