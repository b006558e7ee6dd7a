"""Reading plan files: good ones in all their forms, and every way in which one can be wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.demand.site import KWH, plan_spec

from edge.core.demand.localtime import local_datetime, local_utc_ns
from edge.core.demand.plan import PLAN_BYTES_MAX, read_plan
from edge.model.plan import Plan, PlanSlot
from edge.model.problem import Problem, ProblemsError
from edge.model.units import NS_PER_HOUR, NS_PER_MIN

_SEOUL = ZoneInfo("Asia/Seoul")
_BERLIN = ZoneInfo("Europe/Berlin")
_DAY = date(2026, 4, 2)
_EVE_UTC_NS = local_utc_ns(_DAY, time(), _SEOUL) - 12 * NS_PER_HOUR
_NO_PLAN = "no plan for this day"
_STAYS = "the earlier plan stays in force"


def _rows(day: date = _DAY, kwh: str = "100", count: int = 48) -> list[str]:
    start = datetime.combine(day, time())
    return [
        f"{(start + index * timedelta(minutes=30)).isoformat(timespec='minutes')},{kwh}"
        for index in range(count)
    ]


def _file(rows: list[str], header: str = "slot_start,planned_kwh") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def _read(data: bytes, **more: object) -> Plan:
    fields: dict[str, object] = {
        "day": _DAY,
        "timezone": _SEOUL,
        "spec": plan_spec(),
        "now_utc_ns": _EVE_UTC_NS,
        "previous": None,
        "contract_w": 600_000.0,
    }
    return read_plan(data, **(fields | more))


def _problems(data: bytes, **more: object) -> tuple[Problem, ...]:
    with pytest.raises(ProblemsError) as caught:
        _read(data, **more)
    return caught.value.problems


def _seen(data: bytes, **more: object) -> list[tuple[str, str, str]]:
    return [
        (problem.where.removeprefix("plan 2026-04-02").strip(), problem.what, problem.got)
        for problem in _problems(data, **more)
    ]


def test_plan_of_a_day_has_its_slots_in_utc() -> None:
    plan = _read(_file(_rows(kwh="123.456789")))
    assert (plan.day, plan.version, plan.received_utc_ns) == ("2026-04-02", 1, _EVE_UTC_NS)
    assert plan.slot_ns == 30 * NS_PER_MIN
    start = local_utc_ns(_DAY, time(), _SEOUL)
    assert plan.slots == tuple(
        PlanSlot(start + index * 30 * NS_PER_MIN, 123_456_789_000) for index in range(48)
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + _file(_rows()),
        _file(_rows()).replace(b"\n", b"\r\n"),
        _file(_rows()).replace(b"\n", b"\r"),
        _file(["# made by the office", "", *_rows()]),
        _file(_rows(), header=" Slot_Start , Planned_kWh "),
        _file([f'"{row.replace(",", chr(34) + "," + chr(34))}"' for row in _rows()]),
        _file([row.replace("T", " ") for row in _rows()]),
        _file([row.replace(",", ":00,") for row in _rows()]),
        _file([row.replace(",", "+09:00,") for row in _rows()]),
        _file(list(reversed(_rows()))),
        _file(_rows(kwh="+100.000")),
        _file(_rows(kwh=" 100. ")),
    ],
)
def test_plan_in_another_form_is_the_same_plan(data: bytes) -> None:
    assert _read(data).slots == _read(_file(_rows())).slots


def test_plan_in_utc_with_z_is_the_same_plan() -> None:
    start = datetime.combine(_DAY, time(), _SEOUL).astimezone(UTC)
    moments = [start + index * timedelta(minutes=30) for index in range(48)]
    rows = [f"{at.strftime('%Y-%m-%dT%H:%MZ')},100" for at in moments]
    assert _read(_file(rows)).slots == _read(_file(_rows())).slots


def test_plan_with_a_slot_of_15_minutes_has_96() -> None:
    start = datetime.combine(_DAY, time())
    rows = [f"{(start + i * timedelta(minutes=15)).isoformat()},10" for i in range(96)]
    spec = replace(plan_spec(), slot_ns=15 * NS_PER_MIN)
    assert len(_read(_file(rows), spec=spec).slots) == 96


def test_unchanged_bytes_are_the_same_plan_and_changed_ones_the_next_version() -> None:
    first = _read(_file(_rows()))
    assert _read(_file(_rows()), previous=first, now_utc_ns=_EVE_UTC_NS + 1) is first
    second = _read(_file(_rows(kwh="101")), previous=first)
    assert (second.version, second.slots[0].planned_uwh) == (2, 101 * KWH)
    assert second.digest != first.digest


@pytest.mark.parametrize(
    ("day", "count"), [(date(2026, 3, 29), 46), (date(2026, 10, 25), 50), (date(2026, 6, 1), 48)]
)
def test_plan_day_with_a_change_of_clocks_has_46_or_50_slots(day: date, count: int) -> None:
    start = local_utc_ns(day, time(), _BERLIN)
    at = [local_datetime(start + i * 30 * NS_PER_MIN, _BERLIN) for i in range(count)]
    eve = start - 12 * NS_PER_HOUR
    written = [f"{moment.replace(tzinfo=None).isoformat()},{i}" for i, moment in enumerate(at)]
    plan = _read(_file(written), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert plan.slots == tuple(
        PlanSlot(start + i * 30 * NS_PER_MIN, i * KWH) for i in range(count)
    )
    with_offset = [f"{moment.isoformat()},{i}" for i, moment in enumerate(at)]
    assert _read(_file(with_offset), day=day, timezone=_BERLIN, now_utc_ns=eve).slots == plan.slots


def test_trap_15_gap_is_refused_with_its_slots() -> None:
    rows = _rows()
    del rows[20:23], rows[0]
    assert _seen(_file(rows)) == [
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
    (problem,) = _problems(_file(_rows(), header="slot_start,planned_kw"))
    assert str(problem) == (
        "plan 2026-04-02 line 1: wrong unit: the plan is in kW: got slot_start,planned_kw, "
        "need slot_start,planned_kwh; no plan for this day; "
        "give the energy of each slot: kWh = kW x hours of the slot"
    )


def test_trap_15_kw_written_for_kwh_is_refused_with_the_factor() -> None:
    """600 kW of contract are 300 kWh a slot; what is half as much again must be something else."""
    rows = _rows(kwh="300")
    rows[10] = rows[10].replace(",300", ",450.1")
    (problem,) = _problems(_file(rows))
    assert str(problem) == (
        "plan 2026-04-02 line 12: planned_kwh is more than the contract can carry: "
        "got 450.1 kWh, a mean of 900 kW, need <= 450 kWh; no plan for this day; "
        "if these are kW, give the energy of each slot: kWh = kW x 0.5"
    )


def test_trap_15_late_change_of_a_closed_slot_is_refused_and_the_rest_may_change() -> None:
    first = _read(_file(_rows()))
    now = local_utc_ns(_DAY, time(9, 10), _SEOUL)
    # At 9:10 the gates of all slots up to 10:00 have closed.
    rows = _rows(kwh="90")
    rows[:21] = _rows()[:21]
    assert _read(_file(rows), previous=first, now_utc_ns=now).version == 2
    rows[19:21] = _rows(kwh="90")[19:21]
    (problem,) = _problems(_file(rows), previous=first, now_utc_ns=now)
    assert problem == Problem(
        "plan 2026-04-02",
        "late: the gate of these slots has closed",
        got="2026-04-02T09:30+09:00 to 2026-04-02T10:30+09:00",
        need="1 h before the slot, or as filed before",
        effect=_STAYS,
        next_step="leave closed slots as they were filed",
    )


def test_trap_15_first_plan_after_the_first_gate_is_refused() -> None:
    now = local_utc_ns(_DAY, time(), _SEOUL) - NS_PER_HOUR
    assert _read(_file(_rows()), now_utc_ns=now - 1).version == 1
    (problem,) = _problems(_file(_rows()), now_utc_ns=now)
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
    rows = _rows()
    rows[4] = rows[4].replace(",100", f",{text}")
    seen = _seen(_file(rows))
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
    rows = _rows()
    rows[4] = f"{text},100"
    seen = _seen(_file(rows))
    assert what in [found for _, found, _ in seen]
    assert seen[-1][1:] == (
        "gap: slots without a row",
        "2026-04-02T02:00+09:00 to 2026-04-02T02:30+09:00",
    )


def test_plan_with_a_local_time_that_clocks_skip_is_refused() -> None:
    day = date(2026, 3, 29)
    eve = local_utc_ns(day, time(), _BERLIN) - 12 * NS_PER_HOUR
    problems = _problems(_file(_rows(day)), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert [(problem.where, problem.what) for problem in problems] == [
        ("plan 2026-03-29 line 6", "slot_start does not exist: clocks skip it"),
        ("plan 2026-03-29 line 7", "slot_start does not exist: clocks skip it"),
        ("plan 2026-03-29", "wrong number of slots"),
    ]


def test_plan_of_48_slots_on_a_day_of_50_is_refused_with_its_gap() -> None:
    day = date(2026, 10, 25)
    eve = local_utc_ns(day, time(), _BERLIN) - 12 * NS_PER_HOUR
    problems = _problems(_file(_rows(day)), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert [(problem.what, problem.got) for problem in problems] == [
        ("wrong number of slots", "48 rows"),
        ("gap: slots without a row", "2026-10-25T02:00+01:00 to 2026-10-25T03:00+01:00"),
    ]


def test_local_time_given_a_third_time_is_a_duplicate() -> None:
    day = date(2026, 10, 25)
    eve = local_utc_ns(day, time(), _BERLIN) - 12 * NS_PER_HOUR
    rows = [*_rows(day), *["2026-10-25T02:00,1"] * 2, "2026-10-25T02:30,1"]
    problems = _problems(_file(rows), day=day, timezone=_BERLIN, now_utc_ns=eve)
    assert [(problem.where, problem.got) for problem in problems][0] == (
        "plan 2026-10-25 line 51",
        "2026-10-25T02:00+02:00 in line 6 too",
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
    assert _seen(data) == [expected]


def test_all_problems_are_given_at_once_and_the_earlier_plan_stays() -> None:
    first = _read(_file(_rows()))
    rows = _rows()
    rows[1] = rows[0]
    rows[2] = "2026-04-02T01:00,-5"
    rows[3] = "soon,5"
    problems = _problems(_file(rows), previous=first)
    assert [(problem.where, problem.what, problem.effect) for problem in problems] == [
        ("plan 2026-04-02 line 3", "slot given twice", _STAYS),
        ("plan 2026-04-02 line 4", "planned_kwh is below zero", _STAYS),
        ("plan 2026-04-02 line 5", "slot_start is not a time", _STAYS),
        ("plan 2026-04-02", "gap: slots without a row", _STAYS),
        ("plan 2026-04-02", "gap: slots without a row", _STAYS),
    ]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_plan_or_problems(data: bytes) -> None:
    with pytest.raises(ProblemsError):
        _read(data)


@given(
    lines=st.lists(st.text(max_size=30), max_size=8),
    times=st.lists(st.text("0123456789-T: Z+", max_size=20), max_size=8),
)
def test_any_text_after_the_header_is_a_plan_or_problems(
    lines: list[str], times: list[str]
) -> None:
    rows = [*lines, *(f"{at},1" for at in times)]
    with pytest.raises(ProblemsError) as caught:
        _read(_file(rows))
    assert all(problem.effect == _NO_PLAN for problem in caught.value.problems)
