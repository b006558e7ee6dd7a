"""Faults of meters and of their lines as people should hear of them: once each, with an end.

A meter whose whole line is down is not reported as well. Nothing here decides which source is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from edge.core.metering.note import Note
from edge.model.event import EventKind, Fact, Severity
from edge.model.scan import BusCondition, BusSample, MeterFault, MeterSample
from edge.model.spec import MeterSpec
from edge.model.units import NS_PER_S

# One lost frame is the life of a serial line; so many polls in a row decide, both ways.
FAULT_SAMPLES: Final = 3
GOOD_SAMPLES: Final = 3


class MeterWatchState(Struct):
    """One meter: runs of good and bad polls, and the fault that people know of."""

    heard_mono_ns: int | None = None
    good_count: int = 0
    bad_count: int = 0
    standing: str | None = None


class WatchState(Struct):
    """Condition of every line and every meter."""

    buses: dict[str, str] = field(default_factory=dict)
    meters: dict[str, MeterWatchState] = field(default_factory=dict)


class Watch:
    """Turns samples into fault and recovery notes."""

    def __init__(
        self, meters: Sequence[MeterSpec], state: WatchState, started_mono_ns: int
    ) -> None:
        self._buses = state.buses
        self._meters = [
            (spec, state.meters.setdefault(spec.name, MeterWatchState())) for spec in meters
        ]
        self._by_name = {spec.name: (spec, watched) for spec, watched in self._meters}
        self._started_mono_ns = started_mono_ns

    def hear_bus(self, sample: BusSample) -> list[Note]:
        """A line's condition; a note if it is another than before."""
        before = self._buses.get(sample.bus, BusCondition.OK)
        self._buses[sample.bus] = sample.condition.value
        if sample.condition == before:
            return []
        facts: dict[str, Fact] = {"condition": sample.condition.value}
        if sample.condition is BusCondition.OK:
            facts["was"] = str(before)
            facts["cleared"] = True
            return [Note(EventKind.BUS, sample.bus, Severity.INFO, facts)]
        return [Note(EventKind.BUS, sample.bus, Severity.WARNING, facts)]

    def hear_meter(self, sample: MeterSample) -> list[Note]:
        """One poll; a note when a run of bad or good polls is long enough."""
        if sample.meter not in self._by_name:
            return []
        spec, watched = self._by_name[sample.meter]
        if sample.fault is None:
            watched.heard_mono_ns = sample.mono_ns
            watched.good_count, watched.bad_count = watched.good_count + 1, 0
            if watched.standing is None or watched.good_count < GOOD_SAMPLES:
                return []
            facts: dict[str, Fact] = {"fault": watched.standing, "cleared": True}
            watched.standing = None
            return [Note(EventKind.METER, spec.name, Severity.INFO, facts)]
        watched.good_count, watched.bad_count = 0, watched.bad_count + 1
        if watched.bad_count < FAULT_SAMPLES or sample.fault is MeterFault.BUS:
            return []
        return self._raise(spec, watched, sample.fault.value, sample.mono_ns)

    def check(self, now_mono_ns: int) -> list[Note]:
        """Meters that have not been heard for longer than they are believed."""
        notes: list[Note] = []
        for spec, watched in self._meters:
            if watched.standing is not None:
                continue
            heard_mono_ns = watched.heard_mono_ns
            last_mono_ns = max(
                self._started_mono_ns if heard_mono_ns is None else heard_mono_ns,
                self._started_mono_ns,
            )
            if now_mono_ns - last_mono_ns > spec.stale_ns:
                notes.extend(self._raise(spec, watched, "stale", now_mono_ns))
        return notes

    def _raise(
        self, spec: MeterSpec, watched: MeterWatchState, fault: str, mono_ns: int
    ) -> list[Note]:
        line_down = self._buses.get(spec.bus, BusCondition.OK) != BusCondition.OK
        if line_down or watched.standing is not None:
            return []
        watched.standing, watched.good_count = fault, 0
        age_ns = mono_ns - (
            self._started_mono_ns if watched.heard_mono_ns is None else watched.heard_mono_ns
        )
        facts: dict[str, Fact] = {"fault": fault, "age_s": age_ns / NS_PER_S}
        return [Note(EventKind.METER, spec.name, Severity.WARNING, facts)]
