"""What the keeper holds for the disk: pending events and the newest checkpoint, written once a
second.

A disk that is full or read-only loses nothing that fits into memory: it is tried again at each
turn, and the control process is told.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from edge.adapters.log_line import log_line
from edge.keeper.audit import CHAIN_BEGIN, chained
from edge.keeper.journal import JOURNAL_NAME, Journal
from edge.keeper.link import RECORDS_KEPT_MAX, Condition, EventRecord, Saved, StateRecord
from edge.keeper.lock import hold_folder, wait_released
from edge.keeper.slots import CHECKPOINT_NAME, SlotFile
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.plan import Plan
from edge.model.scan import HealthSample

_NOTES_MAX: Final = 2000  # the keeper's own events, which nobody else holds
_PLANS_MAX: Final = 64
# The keeper of the run before may take so many turns for its last words; longer is a fault.
_BUSY_TURNS_MAX: Final = 10


class Archive:
    """The state folder. `now` arguments label the keeper's own events; `writer` is this run's
    number.
    """

    def __init__(self, folder: Path, journal_bytes_max: int, writer: int) -> None:
        self._folder = folder
        self._journal_bytes_max = journal_bytes_max
        self._writer = writer
        self._number = 0
        self._lock_fd: int | None = None
        self._journal: Journal | None = None
        self._slots: SlotFile | None = None
        self._pending: deque[EventRecord] = deque(maxlen=RECORDS_KEPT_MAX)
        self._chain_head: str | None = None
        self._chain_head_logged: str | None = None
        self._notes: deque[EventRecord] = deque(maxlen=_NOTES_MAX)
        self._plans: deque[tuple[Plan, bytes]] = deque(maxlen=_PLANS_MAX)
        self._checkpoint: bytes | None = None
        self._busy_turns = 0
        self.trouble = ""
        self.salvage = ""

    def take_events(self, record: EventRecord) -> None:
        """The sender holds as many until they are `Saved`, and drops the same ones."""
        self._pending.append(record)

    def take_state(self, record: StateRecord) -> None:
        self._checkpoint = msgspec.msgpack.encode(record.checkpoint)

    def take_plan(self, plan: Plan, file: bytes) -> None:
        """Keep an accepted plan version with its file."""
        self._plans.append((plan, file))

    def note(self, event: Event) -> None:
        """An event of the keeper's own."""
        self._notes.append(EventRecord(self._writer, self._number, (event,)))
        self._number += 1

    def save(self, now_mono_ns: int, now_utc_ns: int) -> list[Saved]:
        """Write what is pending. Gives what the control process need not hold any longer.

        `trouble` says afterwards why it could not be written; empty where it could.
        """
        try:
            self._hold()
            # The checkpoint has its place on the disk already: it fits where an event does not.
            self._save_checkpoint()
            saved = self._save_journal(now_mono_ns, now_utc_ns)
        except BlockingIOError:
            self._busy_turns += 1
            if self._busy_turns > _BUSY_TURNS_MAX:
                self._complain("another keeper writes there", "end that one")
            return []
        except (OSError, sqlite3.Error, ValueError) as error:
            self._complain(str(error), "free or replace the disk")
            self._shut()
            return []
        self.trouble = ""
        self._busy_turns = 0
        return saved

    def plans_since(self, day: str) -> list[Plan] | None:
        """Accepted plans from `day` on, the newest version of each. None while the disk fails."""
        try:
            self._hold()
            blobs = self._open_journal().plans_since(day)
        except (OSError, sqlite3.Error):
            return None
        plans = []
        for blob in blobs:
            try:
                plans.append(msgspec.msgpack.decode(blob, type=Plan))
            except msgspec.MsgspecError:
                continue  # of another version of the program: the plan folder gives it anew
        return plans

    @property
    def held_count(self) -> int:
        """Events that are not on the disk yet."""
        return sum(len(record.events) for record in (*self._pending, *self._notes))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """How the disk and the journal are."""
        return (
            Condition(HealthSample("disk", severe=True, text=self.trouble)),
            Condition(HealthSample("torn journal", severe=False, text=self.salvage)),
        )

    def wait_turn(self, wait_s: float) -> None:
        """Wait for the last words of the keeper before this one, where it still writes."""
        if self._lock_fd is None:
            wait_released(self._folder, wait_s)

    def close(self) -> None:
        self._shut()

    def _save_checkpoint(self) -> None:
        if self._checkpoint is None:
            return
        if self._slots is None:
            self._slots = SlotFile(self._folder / CHECKPOINT_NAME)
        self._slots.write(self._checkpoint)
        self._checkpoint = None

    def _save_journal(self, now_mono_ns: int, now_utc_ns: int) -> list[Saved]:
        journal = self._open_journal()
        if journal.salvaged is not None:
            self.note(_salvage_event(now_mono_ns, now_utc_ns, journal.salvaged))
            self.salvage = (
                f"{self._folder / JOURNAL_NAME}: torn: got {journal.salvaged} events out of it;"
                " it was set aside as .torn and a new one begun; check the disk"
            )
            journal.salvaged = None
        while self._plans:
            plan, file = self._plans[0]
            journal.store_plan(plan.day, plan.version, msgspec.msgpack.encode(plan), file)
            self._plans.popleft()
        self._chain_notes(journal)
        if self._pending or self._notes:
            journal.append((*self._pending, *self._notes))
        if self._chain_head != self._chain_head_logged:
            # The system's log is another place, and may go to another machine.
            log_line(f"audit: newest digest {self._chain_head}")
            self._chain_head_logged = self._chain_head
        last = {one.writer: one.first + len(one.events) - 1 for one in self._pending}
        self._pending.clear()
        self._notes.clear()
        return [Saved(writer, number) for writer, number in last.items()]

    def _chain_notes(self, journal: Journal) -> None:
        """Once each: what could not be written keeps its place in the audit's chain."""
        for place, record in enumerate(self._notes):
            (event,) = record.events
            if event.kind is not EventKind.AUDIT or "chain" in event.facts:
                continue
            if self._chain_head is None:
                self._chain_head = journal.chain_head() or CHAIN_BEGIN
            entry = chained(event, self._chain_head)
            self._chain_head = str(entry.facts["chain"])
            self._notes[place] = EventRecord(record.writer, record.first, (entry,))

    def _hold(self) -> None:
        if self._lock_fd is None:
            self._lock_fd = hold_folder(self._folder)

    def _open_journal(self) -> Journal:
        if self._journal is None:
            self._journal = Journal(self._folder / JOURNAL_NAME, self._journal_bytes_max)
        return self._journal

    def _complain(self, got: str, next_step: str) -> None:
        self.trouble = (
            f"{self._folder}: state not written: got {got}; events are held in memory, the"
            f" checkpoint grows old; {next_step}"
        )

    def _shut(self) -> None:
        """Close what is open, so that the next turn opens it anew."""
        journal, self._journal = self._journal, None
        slots, self._slots = self._slots, None
        lock_fd, self._lock_fd = self._lock_fd, None
        if journal is not None:
            journal.close()
        if slots is not None:
            slots.close()
        if lock_fd is not None:
            os.close(lock_fd)


def _salvage_event(now_mono_ns: int, now_utc_ns: int, saved: int) -> Event:
    facts: dict[str, Fact] = {
        "torn_file": f"{JOURNAL_NAME} set aside as .torn",
        "events_saved": saved,
    }
    return Event(now_mono_ns, now_utc_ns, EventKind.HEALTH, "journal", Severity.WARNING, facts)
