"""Plan files of days on which clocks change: 46 or 50 slots, hours that occur twice or never."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from edge.core.demand.localtime import local_datetime, local_utc_ns
from edge.model.plan import PlanSlot
from edge.model.units import NS_PER_HOUR, NS_PER_MIN
from tests.core.demand.planfile import plan_file, plan_rows, problems_of, read
from tests.core.demand.site import KWH

_BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "count"), [(date(2026, 3, 29), 46), (date(2026, 10, 25), 50), (date(2026, 6, 1), 48)]
)
def test_plan_day_with_a_change_of_clocks_has_46_or_50_slots(day: date, count: int) -> None:
    start = local_utc_ns(day, time(), _BERLIN)
    at = [local_datetime(start + i * 30 * NS_PER_MIN, _BERLIN) for i in range(count)]
    eve = start - 12 * NS_PER_HOUR
    written = [f"{moment.replace(tzinfo=None).isoformat()},{i}" for i, moment in enumerate(at)]
    plan = read(plan_file(written), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert plan.slots == tuple(PlanSlot(start + i * 30 * NS_PER_MIN, i * KWH) for i in range(count))
    with_offset = [f"{moment.isoformat()},{i}" for i, moment in enumerate(at)]
    assert (
        read(plan_file(with_offset), day=day, timezone=_BERLIN, now_utc_ns=eve).slots == plan.slots
    )


def test_plan_with_a_local_time_that_clocks_skip_is_refused() -> None:
    day = date(2026, 3, 29)
    eve = local_utc_ns(day, time(), _BERLIN) - 12 * NS_PER_HOUR
    problems = problems_of(plan_file(plan_rows(day)), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert [(problem.where, problem.what) for problem in problems] == [
        ("plan 2026-03-29 line 6", "slot_start does not exist: clocks skip it"),
        ("plan 2026-03-29 line 7", "slot_start does not exist: clocks skip it"),
        ("plan 2026-03-29", "wrong number of slots"),
    ]


def test_plan_of_48_slots_on_a_day_of_50_is_refused_with_its_gap() -> None:
    day = date(2026, 10, 25)
    eve = local_utc_ns(day, time(), _BERLIN) - 12 * NS_PER_HOUR
    problems = problems_of(plan_file(plan_rows(day)), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert [(problem.what, problem.got) for problem in problems] == [
        ("wrong number of slots", "48 rows"),
        ("gap: slots without a row", "2026-10-25T02:00+01:00 to 2026-10-25T03:00+01:00"),
    ]


def test_local_time_given_a_third_time_is_a_duplicate() -> None:
    day = date(2026, 10, 25)
    eve = local_utc_ns(day, time(), _BERLIN) - 12 * NS_PER_HOUR
    rows = [*plan_rows(day), *["2026-10-25T02:00,1"] * 2, "2026-10-25T02:30,1"]
    problems = problems_of(plan_file(rows), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert next((problem.where, problem.got) for problem in problems) == (
        "plan 2026-10-25 line 51",
        "2026-10-25T02:00+02:00 in line 6 too",
    )
