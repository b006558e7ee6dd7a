"""A day's figures out of the journal's events. Adds up only what is there and invents nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta, tzinfo
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from edge.core.demand.localtime import local_utc_ns
from edge.core.explain import explain
from edge.keeper.journal import read_events
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.units import NS_PER_HOUR, NS_PER_S

# An interval's event comes when it has closed; a pulse or a late meter may hold it back so long.
_LATE_NS: Final = NS_PER_HOUR
# To know which loads were shed at midnight, moves are read from so long before.
_BEFORE_NS: Final = 24 * NS_PER_HOUR
_REMARKS: Final = ("partial", "estimated", "peak_of_month")


class Interval(Struct, frozen=True):
    """One closed demand interval. `new_kwh` is what no earlier record holds (sliding demand)."""

    start_utc_ns: int
    energy_kwh: float
    new_kwh: float
    demand_kw: float
    target_kw: float
    binding: str
    partial: bool
    remarks: tuple[str, ...]


class Slot(Struct, frozen=True):
    """One closed plan slot; None where there was no plan or the slot was partial."""

    start_utc_ns: int
    metered_kwh: float
    planned_kwh: float | None
    settled_kwh: float | None
    deviation_kwh: float | None
    cost_low: float
    cost_high: float
    currency: str
    remarks: tuple[str, ...]


class LoadUse(Struct):
    """What happened to one load in the day."""

    name: str
    switchings: int = 0
    shed_s: float = 0.0
    shed_at_end: bool = False


class Alarm(Struct, frozen=True):
    """A warning or alarm that was raised in the day."""

    utc_ns: int
    severity: str
    text: str


class DayReport(Struct):
    """The whole day. Energies in kWh at the meter, costs in `currency`."""

    day: str
    energy_kwh: float
    exceeded_count: int
    peak: Interval | None
    intervals: list[Interval]
    slots: list[Slot]
    deviation_kwh: float
    cost_low: float
    cost_high: float
    currency: str
    loads: list[LoadUse]
    alarms: list[Alarm]


def report_of(journal: Path, day: date, zone: tzinfo) -> DayReport:
    """The report of a local day. Raises sqlite3.Error."""
    begin_utc_ns = local_utc_ns(day, time(), zone)
    end_utc_ns = local_utc_ns(day + timedelta(days=1), time(), zone)
    span = (begin_utc_ns, end_utc_ns)
    told = list(read_events(journal, begin_utc_ns - _BEFORE_NS, end_utc_ns + _LATE_NS))
    intervals = [_interval(facts) for facts in _closed(told, EventKind.INTERVAL_CLOSED, span)]
    slots = [_slot(facts) for facts in _closed(told, EventKind.SLOT_CLOSED, span)]
    whole = [interval for interval in intervals if not interval.partial]
    settled = [slot for slot in slots if slot.deviation_kwh is not None]
    return DayReport(
        day=day.isoformat(),
        energy_kwh=sum(interval.new_kwh for interval in intervals),
        exceeded_count=sum(interval.demand_kw > interval.target_kw for interval in whole),
        peak=max(whole, key=lambda interval: interval.demand_kw, default=None),
        intervals=intervals,
        slots=slots,
        deviation_kwh=sum(slot.deviation_kwh or 0.0 for slot in settled),
        cost_low=sum(slot.cost_low for slot in settled),
        cost_high=sum(slot.cost_high for slot in settled),
        currency=settled[0].currency if settled else "",
        loads=_loads((event for event in told if event.kind is EventKind.RELAY), *span),
        alarms=_alarms(told, span, zone),
    )


def _closed(events: list[Event], kind: EventKind, span: tuple[int, int]) -> list[dict[str, Fact]]:
    """Facts of what began in the day, in order; a repeated one counts once."""
    found: dict[int, dict[str, Fact]] = {}
    for event in events:
        start_utc_ns = event.facts.get("start_utc_ns")
        if event.kind is not kind or not isinstance(start_utc_ns, int):
            continue
        if span[0] <= start_utc_ns < span[1]:
            found[start_utc_ns] = event.facts
    return [found[start] for start in sorted(found)]


def _interval(facts: dict[str, Fact]) -> Interval:
    remarks = tuple(word for word in _REMARKS if facts.get(word) is True)
    known = {**facts, "new_kwh": _energy_kwh(facts, "new_uwh"), "remarks": remarks}
    return msgspec.convert(known, Interval)


def _slot(facts: dict[str, Fact]) -> Slot:
    remarks = [word for word in _REMARKS if facts.get(word) is True]
    if facts.get("allowed") is False:
        remarks.append("not allowed")
    unknown: dict[str, Fact] = {
        "planned_kwh": None,
        "settled_kwh": None,
        "deviation_kwh": None,
        "cost_low": 0.0,
        "cost_high": 0.0,
        "currency": "",
    }
    return msgspec.convert({**unknown, **facts, "remarks": tuple(remarks)}, Slot)


def _energy_kwh(facts: dict[str, Fact], name: str) -> float:
    energy = facts.get(name)
    return energy / 1e9 if isinstance(energy, int) else 0.0


def _loads(moves: Iterable[Event], begin_utc_ns: int, end_utc_ns: int) -> list[LoadUse]:
    """Times are between the moves that the journal has; a load is taken as running before."""
    uses: dict[str, LoadUse] = {}
    shed_since: dict[str, int] = {}
    for move in moves:
        if move.utc_ns >= end_utc_ns:
            break
        use = uses.setdefault(move.subject, LoadUse(move.subject))
        use.switchings += move.utc_ns >= begin_utc_ns
        if move.facts.get("shed") is True:
            shed_since.setdefault(move.subject, max(move.utc_ns, begin_utc_ns))
        elif move.subject in shed_since:
            use.shed_s += max(0, move.utc_ns - shed_since.pop(move.subject)) / NS_PER_S
    for name, since_utc_ns in shed_since.items():
        uses[name].shed_at_end = True
        uses[name].shed_s += (end_utc_ns - since_utc_ns) / NS_PER_S
    return [use for use in uses.values() if use.switchings or use.shed_s]


def _alarms(events: list[Event], span: tuple[int, int], zone: tzinfo) -> list[Alarm]:
    return [
        Alarm(event.utc_ns, event.severity.value, explain(event, zone))
        for event in events
        if event.severity is not Severity.INFO
        and span[0] <= event.utc_ns < span[1]
        and event.kind not in {EventKind.INTERVAL_CLOSED, EventKind.SLOT_CLOSED}
    ]
