"""The archive loses nothing that fits into memory while the disk fails, and says so once."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.keeper.archive import Archive
from edge.keeper.journal import JOURNAL_NAME, read_events
from edge.keeper.link import EventRecord, Saved, StateRecord
from edge.keeper.slots import CHECKPOINT_NAME, read_newest
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event, EventKind
from edge.model.plan import Plan
from edge.model.scan import ClockTrust

_CONTROL = 11
_OWN = 12


def _event(number: int) -> Event:
    return Event(number, number, EventKind.STAGE, f"event {number}")


def _state(scan_number: int) -> StateRecord:
    raw = msgspec.Raw(msgspec.msgpack.encode(scan_number))
    return StateRecord(Checkpoint("boot", 1, 2, ClockTrust.RTC, "d", scan_number, raw))


def _archive(folder: Path) -> Archive:
    return Archive(folder, 1 << 30, _OWN)


def test_save_writes_everything_and_acknowledges_the_controllers_events(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    archive.take_events(EventRecord(_CONTROL, 4, (_event(4), _event(5))))
    archive.note(_event(1))
    archive.take_state(_state(9))
    assert archive.save(0, 0) == [Saved(_CONTROL, 5)]
    assert archive.save(0, 0) == []
    archive.close()
    assert list(read_events(tmp_path / JOURNAL_NAME)) == [_event(1), _event(4), _event(5)]
    newest = read_newest(tmp_path / CHECKPOINT_NAME)
    assert newest is not None
    assert msgspec.msgpack.decode(newest, type=Checkpoint) == _state(9).checkpoint


def test_failing_disk_is_said_and_everything_is_written_when_it_is_back(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    folder.write_bytes(b"a file where the folder should be")
    archive = _archive(folder)
    archive.take_events(EventRecord(_CONTROL, 0, (_event(0),)))
    assert archive.save(0, 0) == []
    assert archive.trouble == (
        f"{folder}: state not written: got [Errno 17] File exists: '{folder}'; events are held in"
        " memory, the checkpoint grows old; free or replace the disk"
    )
    archive.take_events(EventRecord(_CONTROL, 1, (_event(1),)))
    assert archive.save(0, 0) == []
    folder.unlink()
    assert archive.held_count == 2
    assert archive.save(0, 0) == [Saved(_CONTROL, 1)]
    assert (archive.trouble, archive.held_count) == ("", 0)
    archive.close()
    assert list(read_events(folder / JOURNAL_NAME)) == [_event(0), _event(1)]


def test_torn_journal_is_noted_in_the_new_one(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(b"torn" * 5000)
    archive = _archive(tmp_path)
    assert archive.save(70, 80) == []
    archive.close()
    (note,) = read_events(tmp_path / JOURNAL_NAME)
    assert (note.kind, note.subject, note.utc_ns) == (EventKind.HEALTH, "journal", 80)
    assert note.facts["events_saved"] == 0


def test_plans_come_back_newest_version_first_day_first(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    plans = [Plan("2026-01-02", v, 0, "d", 1800, ()) for v in (1, 2)]
    plans.append(Plan("2026-01-03", 1, 0, "d", 1800, ()))
    for plan in plans:
        archive.take_plan(plan, b"csv")
    archive.save(0, 0)
    assert archive.plans_since("2026-01-01") == plans[1:]
    assert archive.plans_since("2026-01-03") == plans[2:]
    archive.close()


def test_plans_of_a_failing_disk_are_not_known(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_bytes(b"")
    assert _archive(folder).plans_since("2026-01-01") is None


def test_checkpoint_is_written_while_the_journal_can_not_be(tmp_path: Path) -> None:
    """Its place on the disk was taken beforehand; a full disk takes no event."""
    (tmp_path / JOURNAL_NAME).mkdir()
    archive = _archive(tmp_path)
    archive.take_events(EventRecord(_CONTROL, 0, (_event(0),)))
    archive.take_state(_state(9))
    assert archive.save(0, 0) == []
    assert "unable to open database file" in archive.trouble
    newest = read_newest(tmp_path / CHECKPOINT_NAME)
    archive.close()
    assert newest is not None
    assert msgspec.msgpack.decode(newest, type=Checkpoint) == _state(9).checkpoint


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_failing_disk_tried_for_an_hour_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).mkdir()
    archive = _archive(tmp_path)
    archive.save(0, 0)
    before = _open_files()
    for _ in range(20):
        archive.save(0, 0)
    assert _open_files() == before


def test_own_events_in_any_number_push_out_none_of_the_controllers(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_bytes(b"")
    archive = _archive(folder)
    archive.take_events(EventRecord(_CONTROL, 0, (_event(0),)))
    for number in range(10_000):
        archive.note(_event(number))
    archive.save(0, 0)
    folder.unlink()
    assert archive.save(0, 0) == [Saved(_CONTROL, 0)]
    archive.close()


def test_last_keeper_that_still_writes_is_waited_for_and_only_then_a_trouble(
    tmp_path: Path,
) -> None:
    last, present = _archive(tmp_path), _archive(tmp_path)
    last.save(0, 0)
    present.take_events(EventRecord(_CONTROL, 0, (_event(0),)))
    for _ in range(10):
        assert (present.save(0, 0), present.trouble) == ([], "")
    assert present.save(0, 0) == []
    assert "another keeper writes there" in present.trouble
    last.close()
    present.wait_turn(20.0)
    assert (present.save(0, 0), present.trouble) == ([Saved(_CONTROL, 0)], "")
    present.close()


def test_plan_of_another_version_of_the_program_is_left_out(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    archive.take_plan(Plan("2026-01-03", 1, 0, "d", 1800, ()), b"csv")
    archive.save(0, 0)
    journal = archive._journal
    assert journal is not None
    journal.store_plan("2026-01-02", 1, b"\xc1 not msgpack", b"")
    plans = archive.plans_since("2026-01-01")
    assert plans is not None
    assert [plan.day for plan in plans] == ["2026-01-03"]
    archive.close()
