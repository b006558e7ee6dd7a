"""Plan files for tests: rows of a day, and what reading a file says."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.core.demand.localtime import local_utc_ns
from edge.core.demand.plan import read_plan
from edge.model.plan import Plan
from edge.model.problem import Problem, ProblemsError
from edge.model.units import NS_PER_HOUR
from tests.core.demand.site import plan_spec

SEOUL = ZoneInfo("Asia/Seoul")
DAY = date(2026, 4, 2)
EVE_UTC_NS = local_utc_ns(DAY, time(), SEOUL) - 12 * NS_PER_HOUR
NO_PLAN = "no plan for this day"
STAYS = "the earlier plan stays in force"


def plan_rows(day: date = DAY, kwh: str = "100", count: int = 48) -> list[str]:
    start = datetime.combine(day, time())
    return [
        f"{(start + index * timedelta(minutes=30)).isoformat(timespec='minutes')},{kwh}"
        for index in range(count)
    ]


def plan_file(rows: list[str], header: str = "slot_start,planned_kwh") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def read(data: bytes, **more: object) -> Plan:
    fields: dict[str, object] = {
        "day": DAY,
        "timezone": SEOUL,
        "spec": plan_spec(),
        "now_utc_ns": EVE_UTC_NS,
        "previous": None,
        "contract_w": 600_000.0,
    }
    return read_plan(data, **(fields | more))


def problems_of(data: bytes, **more: object) -> tuple[Problem, ...]:
    with pytest.raises(ProblemsError) as caught:
        read(data, **more)
    return caught.value.problems


def seen_in(data: bytes, **more: object) -> list[tuple[str, str, str]]:
    return [
        (problem.where.removeprefix("plan 2026-04-02").strip(), problem.what, problem.got)
        for problem in problems_of(data, **more)
    ]
