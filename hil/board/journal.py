"""The board's log: one JSON object a line, flushed at once, each with `t_ns` of CLOCK_BOOTTIME.

The same events are kept in memory for the orders that ask for the recent past.
"""

from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any

_KEPT_COUNT_MAX = 100_000  # about 30 MB; an hour of a relay that moves 27 times a second


class Journal:
    """Appends events to `path` and remembers the latest of them."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1)
        self._kept: collections.deque[dict[str, Any]] = collections.deque(maxlen=_KEPT_COUNT_MAX)

    def add(self, t_ns: int, event: str, **fields: Any) -> None:
        entry = {"t_ns": t_ns, "event": event, **fields}
        self._kept.append(entry)
        self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")

    def since(self, t_ns: int, *events: str) -> list[dict[str, Any]]:
        """Remembered entries of the named kinds stamped at or after `t_ns`, oldest first."""
        return [e for e in self._kept if e["t_ns"] >= t_ns and e["event"] in events]

    def close(self) -> None:
        self._file.close()
