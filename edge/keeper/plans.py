"""The plan folder: notices new and changed plan files once they have stopped changing.

Files are named by their local day, `YYYY-MM-DD.csv` (anything after the date is free). Nothing here
judges a plan; nothing is moved or deleted, so the folder stays what the office put there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from msgspec import Struct

from edge.core.demand.plan import PLAN_BYTES_MAX
from edge.core.demand.planbook import PLAN_DAYS_MAX

_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2}).*\.csv")
_Signature = tuple[int, int, int]


class PlanFile(Struct, frozen=True):
    """A file that is complete: its name, the day in it, its bytes (cut at the limit + 1)."""

    name: str
    day: str
    data: bytes


class PlanFolder:
    """Give :meth:`poll` a turn every few seconds; each version of a file is reported once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, _Signature] = {}
        self._reported: dict[str, _Signature] = {}

    def poll(self, first_day: str) -> list[PlanFile]:
        """Files of `first_day` (ISO date) or later that have not changed since the last poll and
        were not reported yet, the newest last. Raises OSError where the folder can not be read.
        """
        ready: list[tuple[_Signature, PlanFile]] = []
        present: dict[str, _Signature] = {}
        for path, day in self._dated(first_day):
            try:
                found = path.stat()
                signature = (found.st_mtime_ns, found.st_size, found.st_ino)
                present[path.name] = signature
                settled = self._seen.get(path.name) == signature
                if settled and self._reported.get(path.name) != signature:
                    ready.append((signature, PlanFile(path.name, day, _read(path))))
                    self._reported[path.name] = signature
            except OSError:
                continue  # gone or not readable yet: the next poll looks again
        self._seen = present
        self._reported = {name: s for name, s in self._reported.items() if name in present}
        return [file for _, file in sorted(ready, key=lambda one: (one[0], one[1].name))]

    def _dated(self, first_day: str) -> list[tuple[Path, str]]:
        """Of the last days only: a machine that has just started may believe that it is 1970."""
        dated = [
            (path, match[1])
            for path in sorted(self._folder.iterdir())
            if (match := _NAME.fullmatch(path.name)) is not None and match[1] >= first_day
        ]
        days = set(sorted({day for _, day in dated})[-PLAN_DAYS_MAX:])
        return [(path, day) for path, day in dated if day in days]

    @property
    def names(self) -> frozenset[str]:
        """Files that were there at the last poll."""
        return frozenset(self._seen)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(PLAN_BYTES_MAX + 1)
