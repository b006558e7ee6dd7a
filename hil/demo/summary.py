"""What a demo amounts to: the controller's account of the run against the plant's own.

The verdict is of figures only: an interval passed its target, or energy was miscounted, or not.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hil.bench import Bench
from hil.demo.story import Act
from hil.demo.words import event_text
from hil.events import Event
from hil.observer import IntervalEnergy, Log
from hil.works import FEEDER, PULSE_UWH, Works

# The controller splits a pulse at a boundary by time, the plant splits its energy: one pulse apart.
_ENERGY_UWH_OFF_MAX = 2 * PULSE_UWH
_ANSWER_S_MAX = 15.0  # what comes later is no answer to a fault
_SAID_MAX = 4


class IntervalRow(msgspec.Struct, frozen=True):
    """One whole interval: who says what of its energy; `controller_uwh` None: said nothing."""

    end_utc_ns: int
    target_w: float
    truth_w: float
    truth_uwh: int
    controller_uwh: int | None
    uncontrolled_uwh: int | None

    @property
    def difference_uwh(self) -> int | None:
        return None if self.controller_uwh is None else self.controller_uwh - self.truth_uwh

    @property
    def exceeded(self) -> bool:
        """By more than one pulse, which is as fine as anyone outside the plant can see."""
        limit_uwh = self.target_w * (self.truth_uwh * 3600e-6 / self.truth_w) / 3600e-6
        return self.truth_uwh > limit_uwh + PULSE_UWH


class FaultRow(msgspec.Struct, frozen=True):
    """A fault of the story and what the controller said within seconds of it."""

    at_s: float
    text: str
    said: list[str]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Energy and relays of any run. `booked_uwh`: what the controller has counted in all."""

    intervals: list[IntervalRow]
    moves: dict[str, int]
    shed_s: dict[str, float]
    chatter_count: int
    booked_uwh: int | None
    taken_uwh: int
    complete: bool

    @property
    def shed_uwh(self) -> int:
        """Energy that the plant did not take in whole intervals, against itself uncontrolled."""
        return sum(
            row.uncontrolled_uwh - row.truth_uwh
            for row in self.intervals
            if row.uncontrolled_uwh is not None
        )

    @property
    def counted_off_uwh(self) -> int | None:
        return None if self.booked_uwh is None else self.booked_uwh - self.taken_uwh

    def failures(self) -> list[str]:
        """Why the run is no success; empty when it is one."""
        found = []
        if not self.intervals:
            found.append("no whole interval was closed")
        if exceeded := sum(row.exceeded for row in self.intervals):
            found.append(f"{exceeded} intervals passed their target")
        if any(row.controller_uwh is None for row in self.intervals):
            found.append("the controller has not closed every interval")
        if any(abs(row.difference_uwh or 0) > _ENERGY_UWH_OFF_MAX for row in self.intervals):
            found.append("an interval's energy differs from the plant's")
        off_uwh = self.counted_off_uwh
        if self.complete and (off_uwh is None or abs(off_uwh) > _ENERGY_UWH_OFF_MAX):
            found.append("the energy counted in all differs from the plant's")
        return found


class Summary(Account, frozen=True, kw_only=True):
    """All figures of a run with one gateway."""

    faults: list[FaultRow]
    pulses_sent: int
    pulses_arrived: int
    pulse_wire_broke: bool
    health: dict[str, Any] | None

    def failures(self) -> list[str]:
        found = Account.failures(self)
        lost = self.pulses_sent - self.pulses_arrived
        if self.complete and not self.pulse_wire_broke and lost:
            found.append(f"{lost} pulses did not arrive")
        return found + [f"nothing was said of: {row.text}" for row in self.faults if not row.said]


def interval_rows(
    works: Works, log: Log, events: list[Event], uncontrolled: dict[int, int], since_ns: int
) -> list[IntervalRow]:
    """Whole intervals that began after `since_ns`, from the board's log and the journal."""
    closed = {
        event.facts["end_utc_ns"]: event.facts
        for event in events
        if event.kind == "interval_closed"
    }
    rows = []
    for interval in log.intervals():
        if not interval.whole or interval.feeder != FEEDER or interval.start_ns < since_ns:
            continue
        assert interval.end_utc_ns is not None
        facts = closed.get(interval.end_utc_ns)
        rows.append(_row(works, interval, interval.end_utc_ns, facts, uncontrolled))
    return rows


def _row(
    works: Works,
    interval: IntervalEnergy,
    end_utc_ns: int,
    facts: dict[str, Any] | None,
    uncontrolled: dict[int, int],
) -> IntervalRow:
    return IntervalRow(
        end_utc_ns,
        facts["target_kw"] * 1000 if facts else works.contract_kw * 1000,
        interval.mean_import_w,
        interval.import_uwh,
        facts["energy_uwh"] if facts else None,
        uncontrolled.get(end_utc_ns),
    )


def shed_seconds(log: Log, since_ns: int, until_ns: int) -> dict[str, float]:
    """How long each load's contacts shed it within a span, by the board's stamps."""
    shed_s: dict[str, float] = {}
    began: dict[str, int] = {}
    for move in log.moves():
        if move.shed:
            began[move.load] = move.t_ns
        elif move.load in began:
            lasted_ns = move.t_ns - max(began.pop(move.load), since_ns)
            shed_s[move.load] = shed_s.get(move.load, 0.0) + max(0, lasted_ns) / 1e9
    for load, since in began.items():
        shed_s[load] = shed_s.get(load, 0.0) + (until_ns - max(since, since_ns)) / 1e9
    return shed_s


def fault_rows(
    acts: list[tuple[float, Act[Bench]]], events: list[Event], begin_ns: int
) -> list[FaultRow]:
    """Faults that were done, each with the entries of its kinds within the seconds after it."""
    rows = []
    for at_s, act in acts:
        if not act.kinds:
            continue
        texts = [
            event_text(event)
            for event in events
            if event.kind in act.kinds
            and (event.severity != "info" or "refused" in event.facts)
            and 0 <= (event.mono_ns - begin_ns) / 1e9 - at_s <= _ANSWER_S_MAX
        ]
        rows.append(FaultRow(at_s, act.text.removeprefix("FAULT: "), texts[:_SAID_MAX]))
    return rows
