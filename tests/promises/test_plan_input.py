"""Promise: a plan that is wrong in any way is refused with a reason, and the earlier one stays.

Through a real keeper, by the desk and by the folder; what reaches the scan is what was accepted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge.keeper.requests import AskPlanImport
from edge.model.event import EventKind
from edge.model.order import TakePlan
from edge.model.plan import Plan
from tests.keeper.bench import KeeperBench
from tests.specs import control_spec

_DAY = "2099-07-01"
_KEPT = "the earlier plan stays in force"


def _rows(day: str, kwh: float = 200.0) -> list[str]:
    return [f"{day}T{h:02}:{m:02},{kwh}" for h in range(24) for m in (0, 30)]


def _csv(rows: list[str], header: str = "slot_start,planned_kwh") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


# For a day: the file that is wrong, and what is said of it.
Wrong = tuple[Callable[[str], bytes], str]
WRONG: dict[str, Wrong] = {
    "gap": (lambda day: _csv(_rows(day)[:20] + _rows(day)[21:]), "gap: slots without a row"),
    "wrong-day": (lambda _day: _csv(_rows("2098-12-31")), "slot_start is not of this day"),
    "header-in-kw": (
        lambda day: _csv(_rows(day), "slot_start,planned_kw"),
        "wrong unit: the plan is in kW",
    ),
    "kw-for-kwh": (lambda day: _csv(_rows(day, 580.0)), "is more than the contract can carry"),
    "duplicate": (lambda day: _csv(_rows(day)[:-1] + _rows(day)[:1]), "slot given twice"),
    "46-slots": (lambda day: _csv(_rows(day)[:46]), "wrong number of slots: got 46 rows"),
    "50-slots": (
        lambda day: _csv(_rows(day) + _rows(day)[:2]),
        "wrong number of slots: got 50 rows",
    ),
    "not-utf8": (lambda day: _csv(_rows(day)) + "予定".encode("shift_jis"), "not UTF-8"),
    "empty": (lambda _day: b"", "empty"),
    "huge": (lambda day: _csv(_rows(day)) + b"#" * 70_000, "too large"),
    "no-number": (lambda day: _csv([*_rows(day)[:-1], f"{day}T23:30,?"]), "is not a number"),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeeperBench]:
    """A keeper with a plan in force, for all of this file."""
    bench = KeeperBench(tmp_path_factory.mktemp("plans"))
    _file(bench, _DAY, _csv(_rows(_DAY)))
    yield bench
    bench.handle.close()


def _file(bench: KeeperBench, day: str, data: bytes) -> Plan:
    """Put a good plan into force and give it."""
    before = len(bench.orders)
    assert bench.ask(AskPlanImport(day, "good.csv", data)).ok
    bench.turn_until(lambda: len(bench.orders) > before)
    order = bench.orders[-1]
    assert isinstance(order, TakePlan)
    return order.plan


@pytest.mark.parametrize("name", list(WRONG))
def test_wrong_plan_at_the_desk_is_refused_and_the_earlier_one_stays(
    bench: KeeperBench, name: str
) -> None:
    make, what = WRONG[name]
    orders = list(bench.orders)
    answer = bench.ask(AskPlanImport(_DAY, f"{name}.csv", make(_DAY)))
    first = answer.text.splitlines()[0]
    assert not answer.ok
    assert first.startswith(f"plan {_DAY}")
    assert what in answer.text
    assert _KEPT in first
    bench.turn_until(lambda: any(event.subject == f"{name}.csv" for event in bench.events()))
    refusal = next(event for event in bench.events() if event.subject == f"{name}.csv")
    assert (refusal.kind, refusal.facts["refused"]) == (EventKind.PLAN, answer.text)
    # Nothing went to the scan, and the plan in force is still the first version.
    assert bench.orders == orders
    again = bench.ask(AskPlanImport(_DAY, "same.csv", _csv(_rows(_DAY))))
    assert again.text == "same.csv: already in force as version 1"


def test_late_plan_at_the_desk_is_refused(bench: KeeperBench) -> None:
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Tokyo")).date().isoformat()
    answer = bench.ask(AskPlanImport(today, "late.csv", _csv(_rows(today))))
    assert not answer.ok
    assert "late: the gate of these slots has closed: got 00:00" in answer.text.replace(
        f"{today}T", ""
    )
    assert "no plan for this day; file the plan before its first gate" in answer.text


@pytest.mark.parametrize("day", ["2099-W27-3", "20990701", "2099-02-30", "../../etc", ""])
def test_day_that_is_written_in_another_way_is_refused(bench: KeeperBench, day: str) -> None:
    """One day has one name: else a plan could stand beside itself."""
    answer = bench.ask(AskPlanImport(day, "x.csv", _csv(_rows(_DAY))))
    got = f"got {day}, " if day else ""
    text = f"plan: not a day: {got}need like 2026-10-01; nothing was changed"
    assert (answer.ok, answer.text) == (False, text)


def test_name_is_a_label_and_never_a_path(bench: KeeperBench, tmp_path: Path) -> None:
    target = tmp_path / "x"
    name = f"../../../../../..{target}\x1b[2J\n{'y' * 100_000}"
    answer = bench.ask(AskPlanImport("2099-08-01", name, _csv(_rows("2099-08-01"))))
    assert answer.ok
    assert answer.text.isprintable()
    assert len(answer.text) < 400
    assert not target.exists()
    assert {path.name for path in bench.state.iterdir()} <= {
        "checkpoint.slots",
        "journal.db",
        "journal.db-wal",
        "journal.db-shm",
    }
    bench.turn_until(lambda: any(e.facts.get("day") == "2099-08-01" for e in bench.events()))
    audit = next(event for event in bench.events() if event.facts.get("day") == "2099-08-01")
    assert str(audit.facts["name"]).isprintable()
    assert len(str(audit.facts["name"])) == 300


def test_wrong_plans_in_the_folder_are_refused_and_warn_until_they_are_gone(
    bench: KeeperBench,
) -> None:
    days = {name: f"2099-09-{number:02}" for number, name in enumerate(WRONG, 1)}
    days = dict(list(days.items())[:8])  # the folder looks ten days ahead
    plans = {name: _file(bench, day, _csv(_rows(day))) for name, day in days.items()}
    orders = list(bench.orders)
    for name, day in days.items():
        (bench.plans / f"{day}-{name}.csv").write_bytes(WRONG[name][0](day))

    def refused() -> dict[str, str]:
        return {
            event.subject: str(event.facts["refused"])
            for event in bench.events()
            if event.kind is EventKind.PLAN and event.facts["by"] == "plan folder"
        }

    bench.turn_until(lambda: len(refused()) == len(days))
    for name, day in days.items():
        text = refused()[f"{day}-{name}.csv"]
        assert WRONG[name][1] in text
        assert _KEPT in text
    assert bench.orders == orders
    assert all(plan.version == 1 for plan in plans.values())
    bench.turn_until(lambda: "plan file" in bench.alarms())
    assert _KEPT in bench.alarms()["plan file"]
    for path in bench.plans.iterdir():
        path.unlink()
    bench.turn_until(lambda: "plan file" not in bench.alarms())


def test_plan_folder_that_goes_away_is_said_until_it_is_back(bench: KeeperBench) -> None:
    away = bench.plans.rename(bench.plans.with_name("away"))
    bench.turn_until(lambda: "plan folder" in bench.alarms())
    assert "plans that were taken stay in force" in bench.alarms()["plan folder"]
    away.rename(bench.plans)
    bench.turn_until(lambda: "plan folder" not in bench.alarms())


@pytest.mark.parametrize(("day", "slots"), [("2099-03-29", 46), ("2099-10-25", 50)])
def test_day_of_46_or_50_slots_is_one_where_the_clocks_change(
    tmp_path: Path, day: str, slots: int
) -> None:
    spec = msgspec.structs.replace(control_spec(), timezone=ZoneInfo("Europe/Berlin"))
    bench = KeeperBench(tmp_path, spec)
    try:
        ordinary = bench.ask(AskPlanImport(day, "48.csv", _csv(_rows(day))))
        assert not ordinary.ok
        gone = [f"{day}T02:00,200.0", f"{day}T02:30,200.0"]
        rows = _rows(day)
        right = (
            [row for row in rows if row not in gone]
            if slots == 46
            else sorted([*rows, *gone], key=lambda row: row[:13])
        )
        assert len(right) == slots
        assert len(_file(bench, day, _csv(right)).slots) == slots
    finally:
        bench.handle.close()
