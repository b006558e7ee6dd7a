"""A meter's power register as a source of energy: power integrated over time, sign kept.

Trapezoids between samples, never a mean of samples, and never across a silence that is longer than
the meter is believed.
"""

from __future__ import annotations

from msgspec import Struct

from edge.core.metering.counter import POWER_MARGIN_RATIO
from edge.core.metering.note import Note
from edge.core.metering.source import Source
from edge.core.metering.track import TrackState
from edge.model.event import EventKind, Fact, Severity
from edge.model.scan import MeterSample
from edge.model.spec import MeterSpec, SourceSpec
from edge.model.units import W_PER_KW, energy_uwh


class PowerState(Struct):
    """The newest believable power; import is positive."""

    power_w: float = 0.0
    impossible: bool = False


def trapezoid_uwh(power_w_before: float, power_w_after: float, span_ns: int) -> tuple[int, int]:
    """Import and export in µWh (both >= 0) of a power that goes straight from one value to the
    other; where it passes zero, each side has its own triangle.
    """
    if power_w_before >= 0.0 and power_w_after >= 0.0:
        return energy_uwh((power_w_before + power_w_after) / 2.0, span_ns), 0
    if power_w_before <= 0.0 and power_w_after <= 0.0:
        return 0, energy_uwh(-(power_w_before + power_w_after) / 2.0, span_ns)
    height_w = 2.0 * abs(power_w_before - power_w_after)
    above_w, below_w = max(power_w_before, power_w_after), min(power_w_before, power_w_after)
    return (
        energy_uwh(above_w * above_w / height_w, span_ns),
        energy_uwh(below_w * below_w / height_w, span_ns),
    )


class PowerSource(Source):
    """Turns samples of one meter's power register into energy on its track."""

    def __init__(
        self,
        source: SourceSpec,
        meter: MeterSpec,
        state: PowerState,
        track: TrackState,
        power_w_max: float,
    ) -> None:
        super().__init__(source, track, meter.stale_ns, power_w_max)
        self._state = state
        self._power_w_limit = power_w_max * POWER_MARGIN_RATIO

    @property
    def power_w(self) -> float:
        """The newest believable power; meaningless before the first sample is heard."""
        return self._state.power_w

    def hear(self, sample: MeterSample, now_mono_ns: int) -> list[Note]:
        """Take a sample; one that is a fault, impossible, or not newer changes nothing."""
        track, state, power_w = self.track, self._state, sample.power_w
        mono_ns = min(sample.mono_ns, now_mono_ns)
        heard_mono_ns = track.heard_mono_ns
        if power_w is None or (heard_mono_ns is not None and mono_ns <= heard_mono_ns):
            return []
        impossible = abs(power_w) > self._power_w_limit
        notes = (
            [] if impossible is state.impossible else [self._note(power_w, impossible=impossible)]
        )
        state.impossible = impossible
        if impossible:
            return notes
        if heard_mono_ns is None or mono_ns - heard_mono_ns > self.stale_ns:
            track.begin(mono_ns)
        else:
            track.add(mono_ns, *trapezoid_uwh(state.power_w, power_w, mono_ns - heard_mono_ns))
        state.power_w = power_w
        track.heard_mono_ns = mono_ns
        return notes

    def _note(self, power_w: float, *, impossible: bool) -> Note:
        facts: dict[str, Fact] = {"reason": "impossible_power", "power_kw": power_w / W_PER_KW}
        if not impossible:
            facts["cleared"] = True
        severity = Severity.WARNING if impossible else Severity.INFO
        return Note(EventKind.COUNTER, self.label, severity, facts)
