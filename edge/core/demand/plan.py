"""Reads a day's plan from CSV bytes and accepts it whole or refuses it with every reason.

Columns `slot_start,planned_kwh`; comment lines begin with `#`. Touches no file and no state: a plan
that is refused leaves the earlier one in force.
"""

from __future__ import annotations

import csv
import hashlib
import re
from datetime import date, tzinfo
from decimal import Decimal
from itertools import pairwise
from typing import Final

from edge.core.demand.planday import PlanDay
from edge.model.plan import Plan, PlanSlot
from edge.model.problem import Problem, ProblemsError
from edge.model.spec import PlanSpec
from edge.model.units import NS_PER_HOUR, NS_PER_MIN, UWH_PER_KWH, energy_uwh

# 50 rows are 1.5 KB; what is larger is not a plan.
PLAN_BYTES_MAX: Final = 64 * 1024
# A slot above this share of the contract's energy cannot be meant in kWh: in kW it would be double.
PLAUSIBLE_RATIO: Final = 1.5
HEADER: Final = ["slot_start", "planned_kwh"]
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_LINE_END: Final = re.compile("\r\n|\r|\n")
_Rows = list[tuple[int, list[str]]]


def read_plan(
    data: bytes,
    day: date,
    timezone: tzinfo,
    spec: PlanSpec,
    now_utc_ns: int,
    previous: Plan | None,
    contract_w: float,
) -> Plan:
    """The plan of the local `day`. Unchanged bytes give `previous` itself.

    `previous` is the plan in force for the same day, None for none. `contract_w` is the contract
    demand, against which kW written for kWh show. Raises ProblemsError with all that is wrong.
    """
    digest = hashlib.blake2s(data).hexdigest()
    if previous is not None and previous.digest == digest:
        return previous
    effect = "the earlier plan stays in force" if previous else "no plan for this day"
    reader = _Reader(PlanDay(day, timezone, spec.slot_ns), spec, contract_w, effect)
    slots = reader.read(data)
    if not reader.problems:
        reader.check_gates(slots, previous, now_utc_ns)
    if reader.problems:
        raise ProblemsError(tuple(reader.problems))
    return Plan(
        day=day.isoformat(),
        version=1 if previous is None else previous.version + 1,
        received_utc_ns=now_utc_ns,
        digest=digest,
        slot_ns=spec.slot_ns,
        slots=slots,
    )


class _Reader:
    """One reading of one file: collects slots and problems."""

    def __init__(self, day: PlanDay, spec: PlanSpec, contract_w: float, effect: str) -> None:
        self._day = day
        self._spec = spec
        self._most_uwh = round(PLAUSIBLE_RATIO * energy_uwh(contract_w, spec.slot_ns))
        self._effect = effect
        self._planned: dict[int, int] = {}
        self._lines: dict[int, int] = {}
        self.problems: list[Problem] = []

    def read(self, data: bytes) -> tuple[PlanSlot, ...]:
        """The slots of the day in order; complete unless `problems` says otherwise."""
        rows = self._rows(data)
        if rows is None or not self._header(rows):
            return ()
        for line, fields in rows[1:]:
            self._row(line, fields)
        self._completeness(len(rows) - 1)
        return tuple(
            PlanSlot(start_utc_ns, self._planned[start_utc_ns])
            for start_utc_ns in self._day.starts_utc_ns
            if start_utc_ns in self._planned
        )

    def check_gates(
        self, slots: tuple[PlanSlot, ...], previous: Plan | None, now_utc_ns: int
    ) -> None:
        """A slot whose gate has closed must be as it was filed before."""
        filed = {s.start_utc_ns: s.planned_uwh for s in previous.slots} if previous else {}
        late = [
            slot.start_utc_ns
            for slot in slots
            if slot.start_utc_ns - self._spec.gate_close_ns <= now_utc_ns
            and filed.get(slot.start_utc_ns) != slot.planned_uwh
        ]
        for first_utc_ns, last_utc_ns in self._runs(late):
            self._problem(
                0,
                "late: the gate of these slots has closed",
                got=self._between(first_utc_ns, last_utc_ns),
                need=f"{self._spec.gate_close_ns / NS_PER_HOUR:g} h before the slot"
                + (", or as filed before" if filed else ""),
                next_step="leave closed slots as they were filed"
                if filed
                else "file the plan before its first gate",
            )

    def _problem(
        self, line: int, what: str, *, got: str = "", need: str = "", next_step: str = ""
    ) -> None:
        where = f"plan {self._day.day.isoformat()}" + (f" line {line}" if line else "")
        self.problems.append(
            Problem(where, what, got=got, need=need, effect=self._effect, next_step=next_step)
        )

    def _rows(self, data: bytes) -> _Rows | None:
        if len(data) > PLAN_BYTES_MAX:
            got = f"more than {PLAN_BYTES_MAX} bytes"
            self._problem(0, "too large", got=got, need=f"at most {PLAN_BYTES_MAX} bytes")
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            got = f"byte 0x{data[error.start]:02x}"
            self._problem(line, "not UTF-8", got=got, next_step="save the file as CSV UTF-8")
            return None
        rows: _Rows = []
        for line, raw in enumerate(_LINE_END.split(text), start=1):
            bare = raw.strip()
            if bare and not bare.startswith("#"):
                rows.append((line, [field.strip() for field in next(csv.reader([bare]))]))
        if not rows:
            self._problem(0, "empty", need=",".join(HEADER) + " and a row a slot")
            return None
        return rows

    def _header(self, rows: _Rows) -> bool:
        line, fields = rows[0]
        names = [field.lower() for field in fields]
        if names == HEADER:
            return True
        what, next_step = "wrong header", "see Plans in docs/guide.md"
        if "planned_kw" in names:
            what = "wrong unit: the plan is in kW"
            next_step = "give the energy of each slot: kWh = kW x hours of the slot"
        elif len(fields) == 1 and ";" in fields[0]:
            what, next_step = "columns are not separated by commas", "save the file with commas"
        self._problem(line, what, got=",".join(fields), need=",".join(HEADER), next_step=next_step)
        return False

    def _row(self, line: int, fields: list[str]) -> None:
        if len(fields) != len(HEADER):
            self._problem(
                line, "wrong number of columns", got=str(len(fields)), need=str(len(HEADER))
            )
            return
        planned_uwh = self._energy(line, fields[1])
        start_utc_ns = self._start(line, fields[0])
        if start_utc_ns is None:
            return
        if start_utc_ns in self._lines:
            got = f"{self._day.written(start_utc_ns)} in line {self._lines[start_utc_ns]} too"
            self._problem(line, "slot given twice", got=got, need="one row a slot")
            return
        self._lines[start_utc_ns] = line
        # A wrong number is no gap: the slot was given, and one problem a fault is enough.
        self._planned[start_utc_ns] = planned_uwh or 0

    def _energy(self, line: int, text: str) -> int | None:
        if _NUMBER.fullmatch(text) is None:
            self._problem(
                line, "planned_kwh is not a number", got=text or "nothing", need="like 123.4"
            )
            return None
        planned_uwh = round(Decimal(text) * UWH_PER_KWH)
        if planned_uwh < 0:
            self._problem(line, "planned_kwh is below zero", got=f"{text} kWh", need=">= 0 kWh")
            return None
        if planned_uwh > self._most_uwh:
            kilowatts = Decimal(text) * NS_PER_HOUR / self._spec.slot_ns
            self._problem(
                line,
                "planned_kwh is more than the contract can carry",
                got=f"{text} kWh, a mean of {kilowatts:.0f} kW",
                need=f"<= {self._most_uwh / UWH_PER_KWH:g} kWh",
                next_step="if these are kW, give the energy of each slot: "
                f"kWh = kW x {self._spec.slot_ns / NS_PER_HOUR:g}",
            )
            return None
        return planned_uwh

    def _start(self, line: int, text: str) -> int | None:
        try:
            moments = self._day.moments(text)
        except (ValueError, OverflowError):
            need = f"like {self._day.day.isoformat()}T00:30"
            self._problem(line, "slot_start is not a time", got=text or "nothing", need=need)
            return None
        if not moments:
            self._problem(
                line, "slot_start does not exist: clocks skip it", got=text, need="a local time"
            )
            return None
        # A local time that occurs twice means its first hour, then its second.
        unused = [moment for moment in moments if moment not in self._lines]
        start_utc_ns = (unused or moments)[0]
        if self._day.is_slot(start_utc_ns):
            return start_utc_ns
        if self._day.holds(start_utc_ns):
            need = f"a multiple of {self._spec.slot_ns // NS_PER_MIN} min"
            self._problem(line, "slot_start is not the start of a slot", got=text, need=need)
        else:
            need = self._day.day.isoformat()
            self._problem(line, "slot_start is not of this day", got=text, need=need)
        return None

    def _completeness(self, rows: int) -> None:
        starts = self._day.starts_utc_ns
        if rows != len(starts):
            self._problem(
                0, "wrong number of slots", got=f"{rows} rows", need=f"{len(starts)} on this day"
            )
        missing = [start for start in starts if start not in self._lines]
        for first_utc_ns, last_utc_ns in self._runs(missing):
            got = self._between(first_utc_ns, last_utc_ns)
            self._problem(0, "gap: slots without a row", got=got, need="one row a slot")

    def _between(self, first_utc_ns: int, last_utc_ns: int) -> str:
        end_utc_ns = last_utc_ns + self._spec.slot_ns
        return f"{self._day.written(first_utc_ns)} to {self._day.written(end_utc_ns)}"

    def _runs(self, starts_utc_ns: list[int]) -> list[tuple[int, int]]:
        """First and last of each unbroken run of slots."""
        if not starts_utc_ns:
            return []
        breaks = [
            (before, after)
            for before, after in pairwise(starts_utc_ns)
            if after != before + self._spec.slot_ns
        ]
        firsts = [starts_utc_ns[0], *(after for _, after in breaks)]
        lasts = [*(before for before, _ in breaks), starts_utc_ns[-1]]
        return list(zip(firsts, lasts, strict=True))
