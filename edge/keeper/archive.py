"""What the keeper holds for the disk: pending events and the newest checkpoint, written once a
second.

A disk that is full or read-only loses nothing that fits into memory: it is tried again at each
turn, and the control process is told.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from edge.keeper.journal import JOURNAL_NAME, Journal
from edge.keeper.link import DiskTrouble, EventRecord, Saved, StateRecord
from edge.keeper.slots import CHECKPOINT_NAME, SlotFile
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.plan import Plan

_PENDING_MAX: Final = 5000  # records; the control process keeps as many


class Archive:
    """The state folder. `now` arguments label the keeper's own events; `writer` is this run's
    number.
    """

    def __init__(self, folder: Path, journal_bytes_max: int, writer: int) -> None:
        self._folder = folder
        self._journal_bytes_max = journal_bytes_max
        self._writer = writer
        self._number = 0
        self._journal: Journal | None = None
        self._slots: SlotFile | None = None
        self._pending: deque[EventRecord] = deque(maxlen=_PENDING_MAX)
        self._plans: deque[tuple[Plan, bytes]] = deque(maxlen=64)
        self._checkpoint: bytes | None = None
        self._trouble = ""

    def take_events(self, record: EventRecord) -> None:
        self._pending.append(record)

    def take_state(self, record: StateRecord) -> None:
        self._checkpoint = msgspec.msgpack.encode(record.checkpoint)

    def take_plan(self, plan: Plan, file: bytes) -> None:
        """Keep an accepted plan version with its file."""
        self._plans.append((plan, file))

    def note(self, event: Event) -> None:
        """An event of the keeper's own."""
        self._pending.append(EventRecord(self._writer, self._number, (event,)))
        self._number += 1

    def save(self, now_mono_ns: int, now_utc_ns: int) -> list[Saved | DiskTrouble]:
        """Write what is pending. Gives what the control process should hear of it."""
        try:
            answers: list[Saved | DiskTrouble] = list(self._write(now_mono_ns, now_utc_ns))
            trouble = ""
        except (OSError, sqlite3.Error) as error:
            answers = []
            trouble = (
                f"{self._folder}: disk: got {error}; events are held in memory, the checkpoint"
                " grows old; free or replace the disk"
            )
            self._shut()
        if trouble != self._trouble:
            self._trouble = trouble
            answers.append(DiskTrouble(trouble))
        return answers

    def plans_since(self, day: str) -> list[Plan]:
        """Accepted plans from `day` on, the newest version of each. Empty when the disk fails."""
        try:
            blobs = self._open_journal().plans_since(day)
        except (OSError, sqlite3.Error):
            return []
        return [msgspec.msgpack.decode(blob, type=Plan) for blob in blobs]

    def close(self) -> None:
        self._shut()

    def _write(self, now_mono_ns: int, now_utc_ns: int) -> list[Saved]:
        journal = self._open_journal()
        if journal.salvaged is not None:
            self.note(_salvage_event(now_mono_ns, now_utc_ns, journal.salvaged))
            journal.salvaged = None
        saved: list[Saved] = []
        while self._plans:
            plan, file = self._plans[0]
            journal.store_plan(plan.day, plan.version, msgspec.msgpack.encode(plan), file)
            self._plans.popleft()
        if self._pending:
            journal.append(self._pending)
            saved = [
                Saved(record.writer, record.first + len(record.events) - 1)
                for record in self._pending
                if record.writer != self._writer
            ]
            self._pending.clear()
        if self._checkpoint is not None:
            if self._slots is None:
                self._slots = SlotFile(self._folder / CHECKPOINT_NAME)
            self._slots.write(self._checkpoint)
            self._checkpoint = None
        return saved

    def _open_journal(self) -> Journal:
        if self._journal is None:
            self._journal = Journal(self._folder / JOURNAL_NAME, self._journal_bytes_max)
        return self._journal

    def _shut(self) -> None:
        """Close what is open, so that the next turn opens it anew."""
        journal, self._journal = self._journal, None
        slots, self._slots = self._slots, None
        if journal is not None:
            journal.close()
        if slots is not None:
            slots.close()


def _salvage_event(now_mono_ns: int, now_utc_ns: int, saved: int) -> Event:
    facts: dict[str, Fact] = {
        "torn_file": f"{JOURNAL_NAME} set aside as .torn",
        "events_saved": saved,
    }
    return Event(now_mono_ns, now_utc_ns, EventKind.HEALTH, "journal", Severity.WARNING, facts)
