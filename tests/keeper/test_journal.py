"""The journal keeps each event once, stays within its size and outlives a torn file."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from edge.keeper import journal as journal_module
from edge.keeper.journal import Journal, read_events
from edge.keeper.link import EventRecord
from edge.model.event import Event, EventKind, Severity

_WRITER = 7


def _event(number: int, kind: EventKind = EventKind.RELAY) -> Event:
    facts = {"shed": True, "projected_kw": 512.5, "reason": "projected_over"}
    return Event(number, number * 10, kind, f"load-{number}", Severity.INFO, facts)


def _fill(path: Path, count: int, size_bytes_max: int = 1 << 30) -> None:
    journal = Journal(path, size_bytes_max)
    for number in range(0, count, 50):
        batch = tuple(_event(n) for n in range(number, min(number + 50, count)))
        journal.append([EventRecord(_WRITER, number, batch)])
    journal.close()


def test_events_come_back_as_they_were(tmp_path: Path) -> None:
    _fill(tmp_path / "j.db", 3)
    assert list(read_events(tmp_path / "j.db")) == [_event(0), _event(1), _event(2)]


def test_event_sent_twice_is_stored_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db", 1 << 30)
    journal.append([EventRecord(_WRITER, 0, (_event(0), _event(1)))])
    journal.append([EventRecord(_WRITER, 1, (_event(1), _event(2)))])
    journal.append([EventRecord(_WRITER + 1, 1, (_event(1),))])
    journal.close()
    subjects = sorted(event.subject for event in read_events(tmp_path / "j.db"))
    assert subjects == ["load-0", "load-1", "load-1", "load-2"]


def test_events_are_chosen_by_time_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    journal = Journal(path, 1 << 30)
    events = (_event(1), _event(2, EventKind.STAGE), _event(3), _event(4))
    journal.append([EventRecord(_WRITER, 0, events)])
    journal.close()
    assert list(read_events(path, 20, 40)) == [events[1], events[2]]
    assert list(read_events(path, kinds=(EventKind.STAGE,))) == [events[1]]


def test_journal_stays_within_its_size_and_keeps_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    limit = 64 * 4096
    _fill(path, 5000, limit)
    assert path.stat().st_size <= limit
    kept = [event.mono_ns for event in read_events(path)]
    assert kept == list(range(kept[0], 5000))
    assert kept[0] > 0


def test_plans_since_gives_the_newest_version_of_each_day(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db", 1 << 30)
    journal.store_plan("2026-01-01", 1, b"old day", b"")
    journal.store_plan("2026-01-02", 1, b"first", b"")
    journal.store_plan("2026-01-02", 2, b"second", b"")
    journal.store_plan("2026-01-03", 1, b"next", b"")
    assert journal.plans_since("2026-01-02") == [b"second", b"next"]
    journal.close()


def test_torn_journal_is_set_aside_and_its_sound_part_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    _fill(path, 2000)
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:  # garbage in the middle, as a torn write leaves it
        file.seek(4096 * (pages // 2))
        file.write(b"\xa5" * 4096 * (pages // 3))
    journal = Journal(path, 1 << 30)
    assert journal.salvaged is not None
    assert 0 < journal.salvaged < 2000
    journal.append([EventRecord(_WRITER, 5000, (_event(5000),))])
    journal.close()
    kept = [event.mono_ns for event in read_events(path)]
    assert len(kept) == journal.salvaged + 1
    assert kept[-1] == 5000
    assert path.with_suffix(".torn").exists()


def test_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    path.write_bytes(b"not a database at all" * 400)
    journal = Journal(path, 1 << 30)
    assert journal.salvaged == 0
    journal.close()
    assert list(read_events(path)) == []


def test_events_of_a_missing_journal_raise(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        list(read_events(tmp_path / "none.db"))


def _tear(path: Path) -> None:
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        file.seek(4096 * (pages // 2))
        file.write(b"\xa5" * 4096 * (pages // 3))


def test_plans_of_a_torn_journal_are_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    journal = Journal(path, 1 << 30)
    journal.store_plan("2026-01-02", 1, b"plan", b"file")
    journal.close()
    _fill(path, 2000)
    _tear(path)
    journal = Journal(path, 1 << 30)
    assert journal.salvaged is not None
    assert journal.plans_since("2026-01-01") == [b"plan"]
    journal.close()


def test_torn_journal_is_taken_over_in_one_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit an event would take a card minutes, and the keeper would be taken for dead."""
    path = tmp_path / "j.db"
    _fill(path, 2000)
    _tear(path)
    commits: list[str] = []
    real = sqlite3.connect

    def watched(*arguments: object, **keywords: object) -> sqlite3.Connection:
        db = real(*arguments, **keywords)  # type: ignore[call-overload]
        db.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
        return db

    monkeypatch.setattr(sqlite3, "connect", watched)
    Journal(path, 1 << 30).close()
    assert len(commits) <= 3


def test_torn_journal_that_can_not_be_replaced_keeps_its_name_for_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j.db"
    _fill(path, 2000)
    _tear(path)
    with monkeypatch.context() as patch:
        patch.setattr(journal_module, "_INSERT", "INSERT INTO no_such_table VALUES(1)")
        with pytest.raises(sqlite3.OperationalError):
            Journal(path, 1 << 30)
    journal = Journal(path, 1 << 30)
    assert journal.salvaged is not None
    assert journal.salvaged > 0
    journal.close()


def test_rows_of_a_torn_journal_that_make_no_sense_are_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    _fill(path, 2000)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE event SET kind = 'nonsense' WHERE number = 0")
        db.execute("UPDATE event SET facts = '[1' WHERE number = 1")
        db.execute("UPDATE event SET utc_ns = 'x' WHERE number = 2")
    _tear(path)
    journal = Journal(path, 1 << 30)
    journal.close()
    kept = [event.mono_ns for event in read_events(path)]
    assert kept
    assert {0, 1, 2}.isdisjoint(kept)


def test_torn_write_ahead_log_costs_the_last_commits_only(tmp_path: Path) -> None:
    """What power loss leaves: the file as it was at its last checkpoint, and a log cut short."""
    path, copy = tmp_path / "j.db", tmp_path / "after" / "j.db"
    copy.parent.mkdir()
    journal = Journal(path, 1 << 30)
    for number in range(20):
        journal.append([EventRecord(_WRITER, number, (_event(number),))])
    log = Path(f"{path}-wal").read_bytes()
    assert len(log) > 20 * 4096
    copy.write_bytes(path.read_bytes())
    Path(f"{copy}-wal").write_bytes(log[:-6000])
    journal.close()
    after = Journal(copy, 1 << 30)
    assert after.salvaged is None
    after.append([EventRecord(_WRITER, 100, (_event(100),))])
    after.close()
    kept = [event.mono_ns for event in read_events(copy)]
    assert 1 < len(kept) < 21
    assert kept == [*range(len(kept) - 1), 100]


def test_plan_version_that_is_taken_replaces_none(tmp_path: Path) -> None:
    """The keeper counts from one again where the disk did not give it what was kept."""
    journal = Journal(tmp_path / "j.db", 1 << 30)
    for plan in (b"first", b"second"):
        journal.store_plan("2026-01-02", 1, plan, b"")
    assert journal.plans_since("2026-01-01") == [b"second"]
    journal.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as db:
        rows = db.execute("SELECT version, plan FROM plan ORDER BY version").fetchall()
    assert rows == [(1, b"first"), (2, b"second")]


def test_plans_of_a_day_that_is_filed_again_and_again_keep_the_newest_versions(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "j.db", 1 << 30)
    journal.store_plan("2026-01-01", 1, b"other day", b"")
    for version in range(1, 101):
        journal.store_plan("2026-01-02", version, f"{version}".encode(), b"file")
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as db:
        kept = db.execute("SELECT day, version FROM plan ORDER BY day, version").fetchall()
    assert kept == [("2026-01-01", 1), *(("2026-01-02", v) for v in range(81, 101))]
    assert journal.plans_since("2026-01-01") == [b"other day", b"100"]
    journal.close()
