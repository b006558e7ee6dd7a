"""What is wrong with a file, collected with its place, so that a person can mend all of it at once.

Errors refuse the start; warnings do not, and are told of a file without errors only. A value that
could not be read is doubtful: no error that would rest on it is told. Nothing here judges a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from edge.config.locate import Path
from edge.model.problem import Problem

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MANUAL = "see docs/configuration.md"


def dotted(path: Path) -> str:
    """A path as it is written in TOML, list positions in brackets, counted from 0."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        key = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
        text = f"{text}.{key}" if text else key
    return text


class Findings:
    """Errors and warnings of one file; `lines` says on which line each path stands."""

    def __init__(self, file: str, lines: Mapping[Path, int]) -> None:
        self.file = file
        self._lines = lines
        self._errors: list[tuple[int, Problem]] = []
        self._warnings: list[tuple[int, Problem]] = []
        self._doubts: set[Path] = set()

    def doubt(self, path: Path) -> None:
        """What stands at `path` in the record is not what the file means: it could not be read."""
        self._doubts.add(path)

    def doubtful(self, *paths: Path) -> bool:
        """Whether one of these, or what it is part of, could not be read."""
        return any(
            path[:length] in self._doubts for path in paths for length in range(1, len(path) + 1)
        )

    def whole(self, path: Path) -> bool:
        """Whether this, all that it is part of and all that is part of it, could be read."""
        return not self.doubtful(path) and not any(
            doubt[: len(path)] == path for doubt in self._doubts
        )

    def refuse(
        self,
        path: Path,
        what: str,
        *,
        got: str = "",
        need: str = "",
        rests_on: Iterable[Path] = (),
        next_step: str = _MANUAL,
    ) -> None:
        """Add an error at `path`, unless it comes of a doubtful value: there, or in `rests_on`,
        the other values that it was judged by.
        """
        if self.doubtful(path, *rests_on):
            return
        problem = Problem(self.where(path), what, got, need, "not started", next_step)
        self._errors.append((self._line(path), problem))

    def warn(
        self, path: Path, what: str, *, effect: str, got: str = "", need: str = "", next_step: str
    ) -> None:
        """Add a warning at `path`; it starts all the same."""
        problem = Problem(self.where(path), what, got, need, effect, next_step)
        self._warnings.append((self._line(path), problem))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Errors in the order of the file's lines."""
        return tuple(problem for _, problem in sorted(self._errors, key=lambda found: found[0]))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Warnings in the order of the file's lines."""
        return tuple(problem for _, problem in sorted(self._warnings, key=lambda found: found[0]))

    def where(self, path: Path) -> str:
        """Like ``site.toml:41 meter.main.unit_id``; an absent key has its table's line."""
        line = self._line(path)
        place = f"{self.file}:{line}" if line else self.file
        return f"{place} {dotted(path)}" if path else place

    def _line(self, path: Path) -> int:
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)
