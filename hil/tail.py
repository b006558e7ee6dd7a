"""A log of JSON lines that is looked at while it grows: each line is taken apart once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Tail:
    """A line still being written is left for the next look. The file must be there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rows: list[dict[str, Any]] = []

    def rows(self) -> list[dict[str, Any]]:
        """All so far, oldest first."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            grown = file.read()
        whole = grown[: grown.rfind(b"\n") + 1]
        self._rows += map(json.loads, whole.splitlines())
        self._offset += len(whole)
        return self._rows
