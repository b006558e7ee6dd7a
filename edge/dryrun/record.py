"""A recorded load: what the site drew, row by row, from a CSV file.

Two forms, told apart by the first column's header: ``interval_start_local,energy_kwh`` at any even
step, or ``time_local,power_kw`` (a power that holds until the next row). Further columns
``<load>_kw`` give the power of a declared load.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Final

from msgspec import Struct

from edge.model.problem import Problem, ProblemsError

_FORMS: Final = {"interval_start_local": "energy_kwh", "time_local": "power_kw"}
_PROBLEMS_MAX: Final = 20
_ONE_DAY: Final = timedelta(days=1)
_NEXT_STEP: Final = "nothing was simulated; see docs/guide.md, Dry run"


class Record(Struct, frozen=True):
    """Rows of an even step from the instant `start_utc_s` on. Powers in W, a list a load column."""

    name: str
    start_utc_s: int
    step_s: int
    site_w: list[float]
    loads_w: dict[str, list[float]]

    def days(self, zone: tzinfo) -> list[tuple[date, int, int]]:
        """Local days of which every second is recorded: date, start and end as UTC seconds."""
        end_utc_s = self.start_utc_s + self.step_s * len(self.site_w)
        day = datetime.fromtimestamp(self.start_utc_s, zone).date()
        days = []
        while (after := _midnight_utc_s(day + _ONE_DAY, zone)) <= end_utc_s:
            begin = _midnight_utc_s(day, zone)
            if begin >= self.start_utc_s:
                days.append((day, begin, after))
            day += _ONE_DAY
        return days

    def mean_w(self, start_utc_s: int, end_utc_s: int) -> float:
        """Mean power of a recorded span."""
        total = 0.0
        second = start_utc_s - self.start_utc_s
        end = end_utc_s - self.start_utc_s
        while second < end:
            row = second // self.step_s
            until = min(end, (row + 1) * self.step_s)
            total += self.site_w[row] * (until - second)
            second = until
        return total / (end_utc_s - start_utc_s)

    def part(self, start_utc_s: int, end_utc_s: int) -> Record:
        """The rows that cover the span, cut to what is recorded."""
        first = max(0, (start_utc_s - self.start_utc_s) // self.step_s)
        last = -((self.start_utc_s - end_utc_s) // self.step_s)
        rows = slice(first, last)
        loads_w = {load: powers[rows] for load, powers in self.loads_w.items()}
        start_utc_s = self.start_utc_s + first * self.step_s
        return Record(self.name, start_utc_s, self.step_s, self.site_w[rows], loads_w)


def read_record(path: Path, load_names: tuple[str, ...], zone: tzinfo) -> Record:
    """Read and check a whole file. Raises ProblemsError with its faults, at most 20 of them."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _refused(str(path), f"not readable: got {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _refused(
            str(path), f"not UTF-8: got byte {error.object[error.start]:#04x}"
        ) from error
    rows = list(csv.reader(text.splitlines()))
    if len(rows) < 3:
        raise _refused(str(path), f"too short: got {len(rows)} lines, need a header and two rows")
    columns = _columns(path, rows[0], load_names)
    return _Rows(path, columns, rows[1:], zone).record()


def _columns(path: Path, header: list[str], load_names: tuple[str, ...]) -> list[str]:
    names = [name.strip() for name in header]
    if len(names) < 2 or _FORMS.get(names[0]) != names[1]:
        wanted = " or ".join(f"{time},{value}" for time, value in _FORMS.items())
        raise _refused(f"{path}:1", f"header: got {','.join(names[:2])}, need {wanted}")
    known = {f"{load}_kw" for load in load_names}
    strange = [name for name in names[2:] if name not in known]
    if strange or len(set(names)) < len(names):
        need = ", ".join(sorted(known)) or "no further column"
        raise _refused(f"{path}:1", f"columns: got {', '.join(names[2:])}, need some of {need}")
    return names


class _Rows:
    """Checks rows one by one and collects every fault."""

    def __init__(self, path: Path, columns: list[str], rows: list[list[str]], zone: tzinfo) -> None:
        self._path = path
        self._columns = columns
        self._rows = rows
        self._zone = zone
        self._problems: list[Problem] = []

    def record(self) -> Record:
        parsed = list(self._parse())
        self._raise_problems()
        step_s = self._step_s([(line, utc_s) for line, utc_s, _ in parsed])
        # Energy of a row is spread evenly over its step, so its sum is kept exactly.
        site_scale = 3600.0 / step_s if self._columns[1] == "energy_kwh" else 1.0
        site_w = [values[0] * 1e3 * site_scale for _, _, values in parsed]
        loads_w = {
            column.removesuffix("_kw"): [values[index] * 1e3 for _, _, values in parsed]
            for index, column in enumerate(self._columns[1:])
            if index
        }
        return Record(self._path.name, parsed[0][1], step_s, site_w, loads_w)

    def _parse(self) -> Iterator[tuple[int, int, list[float]]]:
        before_utc_s = 0
        for number, row in enumerate(self._rows, start=2):
            if not row:
                continue
            if len(row) != len(self._columns):
                self._fault(number, f"got {len(row)} columns, need {len(self._columns)}")
                continue
            try:
                utc_s = self._utc_s(row[0].strip(), before_utc_s)
                values = [float(cell) for cell in row[1:]]
            except ValueError as error:
                self._fault(number, f"not understood: {error}")
                continue
            if not all(map(math.isfinite, values)) or min(values) < 0:
                self._fault(number, f"got {','.join(row[1:])}, need numbers of zero or more")
                continue
            before_utc_s = utc_s
            yield number, utc_s, values

    def _utc_s(self, text: str, before_utc_s: int) -> int:
        """Local time, or time with an offset. The hour that a DST day repeats is told by order."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
            if moment.timestamp() <= before_utc_s:
                moment = moment.replace(fold=1)
        return int(moment.timestamp())

    def _step_s(self, times: list[tuple[int, int]]) -> int:
        """The even step of `times`, each with its line."""
        if len(times) < 2:
            raise _refused(str(self._path), f"too short: got {len(times)} rows, need two")
        step_s = times[1][1] - times[0][1]
        if step_s < 1:
            raise _refused(f"{self._path}:{times[1][0]}", f"step: got {step_s} s, need above 0")
        for (_, before), (line, after) in pairwise(times):
            if after - before != step_s:
                self._fault(line, f"step: got {after - before} s, need {step_s} s as before")
        self._raise_problems()
        return step_s

    def _raise_problems(self) -> None:
        if self._problems:
            raise ProblemsError(tuple(self._problems[:_PROBLEMS_MAX]))

    def _fault(self, number: int, what: str) -> None:
        self._problems.append(Problem(f"{self._path}:{number}", what, next_step=_NEXT_STEP))


def _midnight_utc_s(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())


def _refused(where: str, what: str) -> ProblemsError:
    return ProblemsError((Problem(where, what, next_step=_NEXT_STEP),))
