"""The journal: events and plan versions in SQLite (WAL, FULL), bounded in size, mended when torn.

A commit is on the disk when it returns. Events carry (writer, number), so sending one twice stores
it once.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from edge.keeper.link import EventRecord
from edge.model.event import Event, EventKind, Severity

JOURNAL_NAME: Final = "journal.db"  # in the state folder
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS event(
  id INTEGER PRIMARY KEY, writer INTEGER NOT NULL, number INTEGER NOT NULL, utc_ns INTEGER NOT NULL,
  mono_ns INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL,
  facts TEXT NOT NULL, UNIQUE(writer, number));
CREATE TABLE IF NOT EXISTS plan(
  day TEXT NOT NULL, version INTEGER NOT NULL, plan BLOB NOT NULL, file BLOB NOT NULL,
  PRIMARY KEY(day, version));
"""
_INSERT: Final = (
    "INSERT OR IGNORE INTO event(writer, number, utc_ns, mono_ns, kind, subject, severity, facts)"
    " VALUES(?,?,?,?,?,?,?,?)"
)
_PAGE_BYTES: Final = 4096
# A keeper appends and seldom reads. SQLite's own 2 MB would be filled over the first hours of each.
_CACHE_KIB_MAX: Final = 256
# Trimming starts at this share of the limit and takes the oldest tenth, so that it is rare.
_TRIM_AT_RATIO: Final = 0.95
_PLAN_DAYS_KEPT: Final = 400
# Of one day, beside the newest: somebody who files a plan each minute pushes no event out.
_PLAN_VERSIONS_KEPT: Final = 20


class Journal:
    """Opens or makes the file. A torn file is set aside and what it still gives is taken over.

    Raises sqlite3.Error or OSError when the disk does not let it. `salvaged` is None for a file
    that was sound, else the number of events saved from the torn one.
    """

    def __init__(self, path: Path, size_bytes_max: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._pages_max = max(64, size_bytes_max // _PAGE_BYTES)
        self.salvaged: int | None = None
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self._db, self.salvaged = _begin_anew(path, _set_aside(path))

    def append(self, batch: Iterable[EventRecord]) -> None:
        """Store a batch in one commit; on the disk when this returns."""
        rows = [
            _row(record.writer, record.first + offset, event)
            for record in batch
            for offset, event in enumerate(record.events)
        ]
        with self._db:
            self._db.executemany(_INSERT, rows)
        self._trim()

    def store_plan(self, day: str, version: int, plan: bytes, file: bytes) -> None:
        """Keep an accepted plan version with the bytes that it came from, above all others of its
        day. Nothing that was kept is replaced; of many versions the oldest go.
        """
        with self._db:
            self._db.execute(
                "INSERT INTO plan SELECT ?, MAX(?, COALESCE(MAX(version) + 1, 0)), ?, ?"
                " FROM plan WHERE day = ?",
                (day, version, plan, file, day),
            )
            self._db.execute(
                "DELETE FROM plan WHERE day = ? AND version <="
                " (SELECT MAX(version) FROM plan WHERE day = ?) - ?",
                (day, day, _PLAN_VERSIONS_KEPT),
            )

    def plans_since(self, day: str) -> list[bytes]:
        """The newest version of each day from `day` (ISO date) on, oldest first."""
        rows = self._db.execute(
            "SELECT plan, MAX(version) FROM plan WHERE day >= ? GROUP BY day ORDER BY day", (day,)
        )
        return [row[0] for row in rows]

    def chain_head(self) -> str:
        """The digest of the newest audit entry that has one, empty where none has."""
        rows = self._db.execute(
            "SELECT facts FROM event WHERE kind = ? ORDER BY id DESC", (EventKind.AUDIT,)
        )
        heads = (json.loads(row[0]).get("chain") for row in rows)
        return next((str(head) for head in heads if head), "")

    def close(self) -> None:
        self._db.close()

    def _trim(self) -> None:
        used = _pragma(self._db, "page_count") - _pragma(self._db, "freelist_count")
        if used < self._pages_max * _TRIM_AT_RATIO:
            return
        with self._db:
            self._db.execute(
                "DELETE FROM event WHERE id IN"
                " (SELECT id FROM event ORDER BY id LIMIT (SELECT COUNT(*)/10+1 FROM event))"
            )
            self._db.execute(
                "DELETE FROM plan WHERE day NOT IN"
                " (SELECT DISTINCT day FROM plan ORDER BY day DESC LIMIT ?)",
                (_PLAN_DAYS_KEPT,),
            )


def read_events(
    path: Path,
    since_utc_ns: int = 0,
    until_utc_ns: int = (1 << 63) - 1,
    kinds: tuple[EventKind, ...] = (),
    *,
    as_written: bool = False,
) -> Iterator[Event]:
    """Events of a journal that may be in use, oldest first; `as_written`: in the order of writing,
    whatever the clock said. Raises sqlite3.Error.
    """
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone() is None:
            return  # it is being made just now
        marks = ",".join("?" * len(kinds))
        chosen = f" AND kind IN ({marks})" if kinds else ""
        order = "id" if as_written else "utc_ns, id"
        rows = db.execute(
            "SELECT mono_ns, utc_ns, kind, subject, severity, facts FROM event"  # noqa: S608
            f" WHERE utc_ns >= ? AND utc_ns < ?{chosen} ORDER BY {order}",
            (since_utc_ns, until_utc_ns, *kinds),
        )
        for mono_ns, utc_ns, kind, subject, severity, facts in rows:
            yield Event(
                mono_ns, utc_ns, EventKind(kind), subject, Severity(severity), json.loads(facts)
            )
    finally:
        db.close()


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level="IMMEDIATE")
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA cache_size=-{_CACHE_KIB_MAX}")
        db.execute("PRAGMA wal_autocheckpoint=256")
        db.execute(f"PRAGMA journal_size_limit={512 * _PAGE_BYTES}")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        with db:
            db.executescript(_SCHEMA)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _set_aside(path: Path) -> Path:
    """Rename the torn database and its log; an older torn one is replaced."""
    torn = path.with_suffix(".torn")
    _rename(path, torn)
    return torn


def _rename(path: Path, target: Path) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
        side = Path(f"{path}{suffix}")
        if side.exists():
            side.replace(f"{target}{suffix}")
    path.replace(target)


def _begin_anew(path: Path, torn: Path) -> tuple[sqlite3.Connection, int]:
    """A new database with what `torn` still gives, and the number of events in that.

    Where the disk does not take it, `torn` gets its name back, so that the next try begins there.
    """
    try:
        db = _open(path)
        try:
            return db, _take_over(db, torn)
        except sqlite3.Error:
            db.close()
            raise
    except (OSError, sqlite3.Error):
        _rename(torn, path)
        raise


def _take_over(db: sqlite3.Connection, torn: Path) -> int:
    """One commit for all: a commit an event would take a card minutes."""
    old = sqlite3.connect(f"file:{torn}?mode=ro", uri=True)
    saved = 0
    try:
        with db:
            for row in _readable(old, "SELECT day, version, plan, file FROM plan"):
                db.execute("INSERT OR IGNORE INTO plan VALUES(?,?,?,?)", row)
            for row in _readable(
                old,
                "SELECT writer, number, utc_ns, mono_ns, kind, subject, severity, facts FROM event",
            ):
                if _is_event(row):
                    saved += db.execute(_INSERT, row).rowcount
    finally:
        old.close()
    return saved


def _readable(torn: sqlite3.Connection, query: str) -> Iterator[tuple[object, ...]]:
    """Rows up to the first that can not be read."""
    with contextlib.suppress(sqlite3.Error):
        yield from torn.execute(query)


def _is_event(row: tuple[object, ...]) -> bool:
    """Whether a row of a torn file can be read back: its bytes may be anything."""
    kinds = (int, int, int, int, str, str, str, str)
    if not all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True)):
        return False
    *_, kind, _subject, severity, facts = map(str, row)
    try:
        EventKind(kind), Severity(severity)
        return isinstance(json.loads(facts), dict)
    except ValueError:
        return False


def _row(writer: int, number: int, event: Event) -> tuple[int | str, ...]:
    facts = msgspec.json.encode(event.facts).decode()
    return (
        writer,
        number,
        event.utc_ns,
        event.mono_ns,
        event.kind,
        event.subject,
        event.severity,
        facts,
    )


def _pragma(db: sqlite3.Connection, name: str) -> int:
    value: int = db.execute(f"PRAGMA {name}").fetchone()[0]
    return value
