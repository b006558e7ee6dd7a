"""Targets: contract, calendar in local time, demand-response limits, and the strictest of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from edge.core.demand.localtime import LocalClock, local_utc_ns
from edge.core.demand.present import Target
from edge.core.demand.target import LimitState, Targets
from edge.model.event import EventKind, Severity
from edge.model.order import SetLimit
from edge.model.outlook import LocalMoment
from edge.model.spec import CalendarTarget
from edge.model.units import NS_PER_HOUR, NS_PER_S
from tests.core.demand.site import MIN, NOON_UTC_NS, Site, demand_spec

_SEOUL = ZoneInfo("Asia/Seoul")
_BERLIN = ZoneInfo("Europe/Berlin")
_CONTRACT = Target(500_000.0, "contract")
_CALENDAR = Target(300_000.0, "calendar")


def _entry(start: str, end: str, **sets: object) -> CalendarTarget:
    fields: dict[str, object] = {
        "months": frozenset(),
        "weekdays": frozenset(),
        "dates": frozenset(),
    }
    return CalendarTarget(
        target_w=300_000.0,
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        **(fields | sets),
    )


def _target(
    entry: CalendarTarget, local: str, timezone: ZoneInfo = _SEOUL, *, fold: int = 0
) -> Target:
    """Target of the half hour that starts at a local time, as on 2026-04-01T10:00."""
    spec = replace(demand_spec(), calendar=(entry,))
    at = datetime.fromisoformat(local)
    start = local_utc_ns(at.date(), at.time(), timezone, fold=fold)
    return Targets(spec, timezone, LimitState()).strictest(start, start + 30 * MIN)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("09:00", _CONTRACT),
        ("09:30", _CONTRACT),
        ("10:00", _CALENDAR),
        ("16:30", _CALENDAR),
        ("17:00", _CONTRACT),
    ],
)
def test_calendar_holds_between_its_local_hours(at: str, expected: Target) -> None:
    assert _target(_entry("10:00", "17:00"), f"2026-04-01T{at}") == expected


def test_calendar_change_within_an_interval_counts_by_the_strictest() -> None:
    entry = _entry("10:10", "10:20")
    assert _target(entry, "2026-04-01T10:00") == _CALENDAR
    assert _target(_entry("16:00", "17:01"), "2026-04-01T17:00") == _CALENDAR


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-04-03T23:00", _CALENDAR),
        ("2026-04-04T01:00", _CALENDAR),
        ("2026-04-04T23:00", _CONTRACT),
        ("2026-04-03T01:00", _CONTRACT),
    ],
)
def test_calendar_that_wraps_midnight_belongs_to_the_day_it_starts(
    at: str, expected: Target
) -> None:
    friday = _entry("22:00", "06:00", weekdays=frozenset({4}))
    assert _target(friday, at) == expected


def test_calendar_end_of_midnight_is_the_end_of_the_day() -> None:
    assert _target(_entry("18:00", "00:00"), "2026-04-01T23:30") == _CALENDAR
    assert _target(_entry("18:00", "00:00"), "2026-04-01T00:00") == _CONTRACT


def test_calendar_needs_month_weekday_and_date_together() -> None:
    noon = "2026-04-01T12:00"
    assert _target(_entry("00:00", "00:00", months=frozenset({4})), noon) == _CALENDAR
    assert _target(_entry("00:00", "00:00", months=frozenset({5})), noon) == _CONTRACT
    assert _target(_entry("00:00", "00:00", dates=frozenset({date(2026, 4, 1)})), noon) == _CALENDAR
    assert _target(_entry("00:00", "00:00", dates=frozenset({date(2026, 4, 2)})), noon) == _CONTRACT
    both = _entry("00:00", "00:00", months=frozenset({4}), weekdays=frozenset({6}))
    assert _target(both, noon) == _CONTRACT


def test_calendar_hour_that_occurs_twice_holds_both_times() -> None:
    entry = _entry("02:00", "02:30")
    first = "2026-10-25T02:00"
    assert _target(entry, first, _BERLIN) == _CALENDAR
    assert _target(entry, first, _BERLIN, fold=1) == _CALENDAR
    assert _target(entry, "2026-10-25T03:00", _BERLIN) == _CONTRACT


def test_calendar_above_the_contract_changes_nothing() -> None:
    spec = demand_spec(contract_w=200_000.0)
    spec = replace(spec, calendar=(_entry("00:00", "00:00"),))
    targets = Targets(spec, UTC, LimitState())
    assert targets.strictest(NOON_UTC_NS, NOON_UTC_NS + 30 * MIN) == Target(200_000.0, "contract")


def _limit(limit_w: float | None, start_min: int, end_min: int) -> SetLimit:
    return SetLimit(limit_w, NOON_UTC_NS + start_min * MIN, NOON_UTC_NS + end_min * MIN, "office")


def _now(site: Site) -> tuple[float, str]:
    (limit,) = site.step.limits
    return limit.target_w, limit.binding


def test_limit_order_holds_in_each_interval_it_touches_and_ends_by_itself() -> None:
    site = Site()
    site.scan(orders=(_limit(250_000.0, 40, 60),))
    seen = []
    for _ in range(4):
        site.run(15 * MIN, 100_000.0)
        seen.append(_now(site))
    site.run(90 * MIN, 100_000.0)
    assert seen == [
        (500_000.0, "contract"),
        (250_000.0, "limit"),
        (250_000.0, "limit"),
        (500_000.0, "contract"),
    ]
    assert site.intervals("target_kw", "binding") == [
        (500.0, "contract"),
        (250.0, "limit"),
        (500.0, "contract"),
        (500.0, "contract"),
        (500.0, "contract"),
    ]
    assert [event.facts.get("cleared", False) for event in site.of_kind(EventKind.LIMIT)] == [
        False,
        True,
    ]
    assert site.state.limit.order is None


def test_limit_order_survives_a_restart() -> None:
    site = Site()
    site.scan(orders=(_limit(250_000.0, 0, 60),))
    site.restart()
    site.run(MIN, 100_000.0)
    assert _now(site) == (250_000.0, "limit")


def test_limit_order_taken_back_ends_at_once() -> None:
    site = Site()
    site.scan(orders=(_limit(250_000.0, 0, 60),))
    (event,) = site.scan(orders=(_limit(None, 0, 0),))
    assert event.facts["cleared"] is True
    assert _now(site) == (500_000.0, "contract")


def test_limit_order_above_the_contract_changes_nothing() -> None:
    site = Site()
    site.scan(orders=(_limit(900_000.0, 0, 60),))
    assert _now(site) == (500_000.0, "contract")


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (_limit(-1.0, 0, 60), "limit_out_of_range"),
        (_limit(float("nan"), 0, 60), "limit_out_of_range"),
        (_limit(float("inf"), 0, 60), "limit_out_of_range"),
        (_limit(250_000.0, 60, 60), "end_before_start"),
        (_limit(250_000.0, -60, 0), "already_over"),
    ],
)
def test_limit_order_that_cannot_hold_is_refused(order: SetLimit, refused: str) -> None:
    site = Site()
    (event,) = site.scan(orders=(order,))
    assert (event.subject, event.severity, event.facts["refused"]) == (
        "demand_response",
        Severity.WARNING,
        refused,
    )
    assert _now(site) == (500_000.0, "contract")


def test_local_moment_follows_the_zone_through_its_change_of_clocks() -> None:
    clock = LocalClock(_BERLIN)
    change = local_utc_ns(date(2026, 3, 29), time(1, 59, 59), _BERLIN)
    assert clock.moment(change) == LocalMoment(6, 7199)
    assert clock.moment(change + NS_PER_S // 2) == LocalMoment(6, 7199)
    assert clock.moment(change + NS_PER_S) == LocalMoment(6, 3 * 3600)
    assert clock.moment(change + 21 * NS_PER_HOUR) == LocalMoment(6, 86_399)
    assert clock.moment(change + 21 * NS_PER_HOUR + NS_PER_S) == LocalMoment(0, 0)


def test_step_gives_the_sites_local_moment() -> None:
    site = Site(timezone=_SEOUL)
    site.run(61 * NS_PER_S, 100_000.0)
    assert site.step.local == LocalMoment(2, 21 * 3600 + 61)
