"""The controller's journal as the bench reads it: rows of an SQLite file, newest last.

Only its table `event` is relied on. What stands there is the controller's own account of a run, to
be held against what the board has seen.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One entry: what happened to what, how bad, with the figures that explain it."""

    number: int
    mono_ns: int
    utc_ns: int
    kind: str
    subject: str
    severity: str
    facts: dict[str, Any]


class EventReader:
    """Gives each entry once; the file may be in use, or not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last_number = 0

    def fresh(self) -> list[Event]:
        """Entries since the last call, in the order in which they were written."""
        try:
            rows = self._rows()
        except sqlite3.OperationalError:  # being made, or its disk is in trouble: ask again
            return []
        if rows:
            self._last_number = rows[-1][0]
        return [
            Event(number, mono_ns, utc_ns, kind, subject, severity, json.loads(facts))
            for number, mono_ns, utc_ns, kind, subject, severity, facts in rows
        ]

    def _rows(self) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        try:
            return db.execute(
                "SELECT id, mono_ns, utc_ns, kind, subject, severity, facts FROM event"
                " WHERE id > ? ORDER BY id",
                (self._last_number,),
            ).fetchall()
        finally:
            db.close()
