"""Compares the sources with each other over long windows: they measure the same energy.

A wrong CT ratio, a changed one, or a counter that loses pulses shows here. It only tells; which
source is followed is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, field

from edge.core.metering.note import Note
from edge.core.metering.source import Source
from edge.model.event import EventKind, Fact, Severity
from edge.model.spec import Direction
from edge.model.units import NS_PER_S, UWH_PER_KWH, energy_uwh


class Mark(Struct):
    """Where one source stood when the window began; `lag_ns` is how old its word was then."""

    total_uwh: int
    breaks_count: int
    lag_ns: int


class CrossCheckState(Struct):
    """The running window and which sources differ by the last complete one."""

    since_mono_ns: int | None = None
    marks: dict[str, Mark] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)


class Measured(Struct, frozen=True):
    """What one source measured in a window, and how wrong it may be for honest reasons."""

    source: Source
    energy_uwh: int
    slack_uwh: int


class CrossCheck:
    """Compares every source with the first in order that measured the whole window."""

    def __init__(
        self,
        sources: Sequence[Source],
        state: CrossCheckState,
        ratio: float,
        window_ns: int,
        power_w_max: float,
    ) -> None:
        self._sources = sources
        self._state = state
        self._ratio = ratio
        self._window_ns = window_ns
        self._power_w_max = power_w_max

    def step(self, now_mono_ns: int, believes: Callable[[Source], bool]) -> list[Note]:
        """Compare at the end of each window; `believes` says who is believable now."""
        state = self._state
        if state.since_mono_ns is not None:
            span_ns = now_mono_ns - state.since_mono_ns
            if span_ns < self._window_ns:
                return []
            notes = self._compare(now_mono_ns, span_ns, believes)
        else:
            notes = []
        state.since_mono_ns = now_mono_ns
        state.marks = {
            source.label: Mark(
                _total_uwh(source), source.track.breaks_count, _lag_ns(source, now_mono_ns)
            )
            for source in self._sources
            if believes(source)
        }
        return notes

    def _compare(
        self, now_mono_ns: int, span_ns: int, believes: Callable[[Source], bool]
    ) -> list[Note]:
        measured = [
            one
            for source in self._sources
            if believes(source) and (one := self._measure(source, now_mono_ns)) is not None
        ]
        notes: list[Note] = []
        for other in measured[1:]:
            reference = measured[0]
            if other.source.direction is reference.source.direction:
                notes.extend(self._judge(reference, other, span_ns))
        return notes

    def _measure(self, source: Source, now_mono_ns: int) -> Measured | None:
        mark = self._state.marks.get(source.label)
        if mark is None or mark.breaks_count != source.track.breaks_count:
            return None
        energy = _total_uwh(source) - mark.total_uwh
        lag_ns = mark.lag_ns + _lag_ns(source, now_mono_ns)
        # What flowed since its last word may be anything up to what the connection carries.
        slack = source.track.step_uwh + energy_uwh(self._power_w_max, lag_ns)
        return Measured(source, energy, slack)

    def _judge(self, reference: Measured, other: Measured, span_ns: int) -> list[Note]:
        difference = other.energy_uwh - reference.energy_uwh
        larger = max(other.energy_uwh, reference.energy_uwh)
        allowed = self._ratio * larger + other.slack_uwh + reference.slack_uwh
        label, differing = other.source.label, self._state.differing
        differs = abs(difference) > allowed
        if differs is (label in differing):
            return []
        facts: dict[str, Fact] = {
            "reference": reference.source.label,
            "energy_kwh": other.energy_uwh / UWH_PER_KWH,
            "reference_kwh": reference.energy_uwh / UWH_PER_KWH,
            "difference_kwh": difference / UWH_PER_KWH,
            "window_s": span_ns / NS_PER_S,
        }
        if differs:
            differing.append(label)
            return [Note(EventKind.CROSS_CHECK, label, Severity.ALARM, facts)]
        differing.remove(label)
        return [Note(EventKind.CROSS_CHECK, label, Severity.INFO, {**facts, "cleared": True})]


def _total_uwh(source: Source) -> int:
    track = source.track
    of_import = source.direction is Direction.IMPORT
    return track.total_import_uwh if of_import else track.total_export_uwh


def _lag_ns(source: Source, now_mono_ns: int) -> int:
    heard_mono_ns = source.track.heard_mono_ns
    return 0 if heard_mono_ns is None else max(0, now_mono_ns - heard_mono_ns)
