"""Reading plan files: good ones in all their forms, and every way in which one can be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.demand.localtime import local_utc_ns
from edge.core.demand.plan import PLAN_BYTES_MAX
from edge.model.plan import PlanSlot
from edge.model.problem import Problem, ProblemsError
from edge.model.units import NS_PER_HOUR, NS_PER_MIN
from tests.core.demand.planfile import (
    DAY,
    EVE_UTC_NS,
    NO_PLAN,
    SEOUL,
    STAYS,
    plan_file,
    plan_rows,
    problems_of,
    read,
    seen_in,
)
from tests.core.demand.site import KWH, plan_spec


def test_plan_of_a_day_has_its_slots_in_utc() -> None:
    plan = read(plan_file(plan_rows(kwh="123.456789")))
    assert (plan.day, plan.version, plan.received_utc_ns) == ("2026-04-02", 1, EVE_UTC_NS)
    assert plan.slot_ns == 30 * NS_PER_MIN
    start = local_utc_ns(DAY, time(), SEOUL)
    assert plan.slots == tuple(
        PlanSlot(start + index * 30 * NS_PER_MIN, 123_456_789_000) for index in range(48)
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + plan_file(plan_rows()),
        plan_file(plan_rows()).replace(b"\n", b"\r\n"),
        plan_file(plan_rows()).replace(b"\n", b"\r"),
        plan_file(["# made by the office", "", *plan_rows()]),
        plan_file(plan_rows(), header=" Slot_Start , Planned_kWh "),
        plan_file([f'"{row.replace(",", chr(34) + "," + chr(34))}"' for row in plan_rows()]),
        plan_file([row.replace("T", " ") for row in plan_rows()]),
        plan_file([row.replace(",", ":00,") for row in plan_rows()]),
        plan_file([row.replace(",", "+09:00,") for row in plan_rows()]),
        plan_file(list(reversed(plan_rows()))),
        plan_file(plan_rows(kwh="+100.000")),
        plan_file(plan_rows(kwh=" 100. ")),
    ],
)
def test_plan_in_another_form_is_the_same_plan(data: bytes) -> None:
    assert read(data).slots == read(plan_file(plan_rows())).slots


def test_plan_in_utc_with_z_is_the_same_plan() -> None:
    start = datetime.combine(DAY, time(), SEOUL).astimezone(UTC)
    moments = [start + index * timedelta(minutes=30) for index in range(48)]
    rows = [f"{at.strftime('%Y-%m-%dT%H:%MZ')},100" for at in moments]
    assert read(plan_file(rows)).slots == read(plan_file(plan_rows())).slots


def test_plan_with_a_slot_of_15_minutes_has_96() -> None:
    start = datetime.combine(DAY, time())
    rows = [f"{(start + i * timedelta(minutes=15)).isoformat()},10" for i in range(96)]
    spec = replace(plan_spec(), slot_ns=15 * NS_PER_MIN)
    assert len(read(plan_file(rows), spec=spec).slots) == 96


def test_unchanged_bytes_are_the_same_plan_and_changed_ones_the_next_version() -> None:
    first = read(plan_file(plan_rows()))
    assert read(plan_file(plan_rows()), previous=first, now_utc_ns=EVE_UTC_NS + 1) is first
    second = read(plan_file(plan_rows(kwh="101")), previous=first)
    assert (second.version, second.slots[0].planned_uwh) == (2, 101 * KWH)
    assert second.digest != first.digest


def test_trap_15_gap_is_refused_with_its_slots() -> None:
    rows = plan_rows()
    del rows[20:23], rows[0]
    assert seen_in(plan_file(rows)) == [
        ("", "wrong number of slots", "44 rows"),
        (
            "",
            "gap: slots without a row",
            "2026-04-02T00:00+09:00 to 2026-04-02T00:30+09:00",
        ),
        (
            "",
            "gap: slots without a row",
            "2026-04-02T10:00+09:00 to 2026-04-02T11:30+09:00",
        ),
    ]


def test_trap_15_header_in_kw_is_refused_as_wrong_unit() -> None:
    (problem,) = problems_of(plan_file(plan_rows(), header="slot_start,planned_kw"))
    assert str(problem) == (
        "plan 2026-04-02 line 1: wrong unit: the plan is in kW: got slot_start,planned_kw, "
        "need slot_start,planned_kwh; no plan for this day; "
        "give the energy of each slot: kWh = kW x hours of the slot"
    )


def test_trap_15_kw_written_for_kwh_is_refused_with_the_factor() -> None:
    """600 kW of contract are 300 kWh a slot; what is half as much again must be something else."""
    rows = plan_rows(kwh="300")
    rows[10] = rows[10].replace(",300", ",450.1")
    (problem,) = problems_of(plan_file(rows))
    assert str(problem) == (
        "plan 2026-04-02 line 12: planned_kwh is more than the contract can carry: "
        "got 450.1 kWh, a mean of 900 kW, need <= 450 kWh; no plan for this day; "
        "if these are kW, give the energy of each slot: kWh = kW x 0.5"
    )


def test_trap_15_late_change_of_a_closed_slot_is_refused_and_the_rest_may_change() -> None:
    first = read(plan_file(plan_rows()))
    now = local_utc_ns(DAY, time(9, 10), SEOUL)
    # At 9:10 the gates of all slots up to 10:00 have closed.
    rows = plan_rows(kwh="90")
    rows[:21] = plan_rows()[:21]
    assert read(plan_file(rows), previous=first, now_utc_ns=now).version == 2
    rows[19:21] = plan_rows(kwh="90")[19:21]
    (problem,) = problems_of(plan_file(rows), previous=first, now_utc_ns=now)
    assert problem == Problem(
        "plan 2026-04-02",
        "late: the gate of these slots has closed",
        got="2026-04-02T09:30+09:00 to 2026-04-02T10:30+09:00",
        need="1 h before the slot, or as filed before",
        effect=STAYS,
        next_step="leave closed slots as they were filed",
    )


def test_trap_15_first_plan_after_the_first_gate_is_refused() -> None:
    now = local_utc_ns(DAY, time(), SEOUL) - NS_PER_HOUR
    assert read(plan_file(plan_rows()), now_utc_ns=now - 1).version == 1
    (problem,) = problems_of(plan_file(plan_rows()), now_utc_ns=now)
    assert (problem.got, problem.next_step) == (
        "2026-04-02T00:00+09:00 to 2026-04-02T00:30+09:00",
        "file the plan before its first gate",
    )


@pytest.mark.parametrize(
    ("text", "what", "got"),
    [
        ("", "planned_kwh is not a number", "nothing"),
        ("nan", "planned_kwh is not a number", "nan"),
        ("inf", "planned_kwh is not a number", "inf"),
        ("1e3", "planned_kwh is not a number", "1e3"),
        ("1_0", "planned_kwh is not a number", "1_0"),
        ("１０", "planned_kwh is not a number", "１０"),
        ("ten", "planned_kwh is not a number", "ten"),
        ("-1", "planned_kwh is below zero", "-1 kWh"),
        ("12,5", "wrong number of columns", "3"),
    ],
)
def test_plan_with_a_bad_number_is_refused(text: str, what: str, got: str) -> None:
    rows = plan_rows()
    rows[4] = rows[4].replace(",100", f",{text}")
    seen = seen_in(plan_file(rows))
    assert seen[0] == ("line 6", what, got)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "slot_start is not a time"),
        ("02:00", "slot_start is not a time"),
        ("2026-04-02", "slot_start is not a time"),
        ("2026-13-02T02:00", "slot_start is not a time"),
        ("0001-01-01T00:00", "slot_start is not a time"),
        ("2026-04-03T02:00", "slot_start is not of this day"),
        ("2026-04-01T23:30", "slot_start is not of this day"),
        ("2026-04-02T02:10", "slot_start is not the start of a slot"),
        ("2026-04-02T02:30", "slot given twice"),
    ],
)
def test_plan_with_a_bad_time_is_refused(text: str, what: str) -> None:
    rows = plan_rows()
    rows[4] = f"{text},100"
    seen = seen_in(plan_file(rows))
    assert what in [found for _, found, _ in seen]
    assert seen[-1][1:] == (
        "gap: slots without a row",
        "2026-04-02T02:00+09:00 to 2026-04-02T02:30+09:00",
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("", "empty", "")),
        (b"\n# nothing\n", ("", "empty", "")),
        (b"slot_start,planned_kwh\n\xff", ("line 2", "not UTF-8", "byte 0xff")),
        (
            b"slot_start;planned_kwh\n",
            ("line 1", "columns are not separated by commas", "slot_start;planned_kwh"),
        ),
        (b"from,kwh\n", ("line 1", "wrong header", "from,kwh")),
        (b"kwh\n", ("line 1", "wrong header", "kwh")),
        (b"x" * (PLAN_BYTES_MAX + 1), ("", "too large", "more than 65536 bytes")),
    ],
)
def test_file_that_is_no_plan_is_refused(data: bytes, expected: tuple[str, str, str]) -> None:
    assert seen_in(data) == [expected]


def test_all_problems_are_given_at_once_and_the_earlier_plan_stays() -> None:
    first = read(plan_file(plan_rows()))
    rows = plan_rows()
    rows[1] = rows[0]
    rows[2] = "2026-04-02T01:00,-5"
    rows[3] = "soon,5"
    problems = problems_of(plan_file(rows), previous=first)
    assert [(problem.where, problem.what, problem.effect) for problem in problems] == [
        ("plan 2026-04-02 line 3", "slot given twice", STAYS),
        ("plan 2026-04-02 line 4", "planned_kwh is below zero", STAYS),
        ("plan 2026-04-02 line 5", "slot_start is not a time", STAYS),
        ("plan 2026-04-02", "gap: slots without a row", STAYS),
        ("plan 2026-04-02", "gap: slots without a row", STAYS),
    ]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_plan_or_problems(data: bytes) -> None:
    with pytest.raises(ProblemsError):
        read(data)


@given(
    lines=st.lists(st.text(max_size=30), max_size=8),
    times=st.lists(st.text("0123456789-T: Z+", max_size=20), max_size=8),
)
def test_any_text_after_the_header_is_a_plan_or_problems(
    lines: list[str], times: list[str]
) -> None:
    rows = [*lines, *(f"{at},1" for at in times)]
    with pytest.raises(ProblemsError) as caught:
        read(plan_file(rows))
    assert all(problem.effect == NO_PLAN for problem in caught.value.problems)
