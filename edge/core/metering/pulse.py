"""A pulse input as a source of energy: counts to energy without drift.

The fraction of a µWh that a pulse leaves over is carried on, also when the counting begins anew. A
rate that the connection cannot carry is noise, not energy.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.core.metering.counter import POWER_MARGIN_RATIO
from edge.core.metering.note import Note
from edge.core.metering.source import Source
from edge.core.metering.track import TrackState
from edge.model.event import EventKind, Fact, Severity
from edge.model.scan import PulseSample
from edge.model.spec import Direction, PulseSpec, SourceSpec
from edge.model.units import NS_PER_S, UWH_PER_KWH, energy_uwh

# A scan may be late and two pulses may fall into one: that much is not yet an impossible rate.
SLACK_NS: Final = NS_PER_S
SLACK_PULSES: Final = 2
# How long an input stays barred after an impossible rate.
NOISE_NS: Final = 10 * NS_PER_S


class PulseState(Struct):
    """The last count and what it left over, in `1 / uwh_denominator` µWh."""

    epoch: int | None = None
    count: int = 0
    rest_count: int = 0
    fault: bool = False
    noise_until_mono_ns: int | None = None


class PulseSource(Source):
    """Turns samples of one input into energy on its track."""

    def __init__(
        self,
        source: SourceSpec,
        pulse: PulseSpec,
        state: PulseState,
        track: TrackState,
        stale_ns: int,
        power_w_max: float,
    ) -> None:
        super().__init__(source, track, stale_ns, power_w_max)
        self.direction = pulse.direction
        self._pulse = pulse
        self._state = state
        self._power_w_max = power_w_max
        track.step_uwh = -(-pulse.uwh_numerator // pulse.uwh_denominator)

    @property
    def fault(self) -> str | None:
        """`line_fault` or `impossible_rate`."""
        if self._state.fault:
            return "line_fault"
        return "impossible_rate" if self._state.noise_until_mono_ns is not None else None

    def hear(self, sample: PulseSample, now_mono_ns: int) -> list[Note]:
        """Take the sample of this scan."""
        notes: list[Note] = []
        state = self._state
        if sample.fault != state.fault:
            state.fault = sample.fault
            notes.append(self._line_note())
        if sample.fault:
            return notes
        self._end_noise(now_mono_ns, notes)
        if state.epoch is None:
            state.epoch, state.count = sample.epoch, sample.count
            self.track.begin(now_mono_ns)
        elif sample.epoch == state.epoch and sample.count == state.count:
            pass
        else:
            self._count(sample, now_mono_ns, notes)
        self.track.heard_mono_ns = now_mono_ns
        return notes

    def _count(self, sample: PulseSample, now_mono_ns: int, notes: list[Note]) -> None:
        state, pulse, track = self._state, self._pulse, self.track
        anew = sample.epoch != state.epoch or sample.count < state.count
        pulses_count = sample.count if anew else sample.count - state.count
        heard_mono_ns = track.heard_mono_ns
        assert heard_mono_ns is not None
        energy, rest_count = divmod(
            state.rest_count + pulses_count * pulse.uwh_numerator, pulse.uwh_denominator
        )
        most = energy_uwh(
            self._power_w_max * POWER_MARGIN_RATIO, now_mono_ns - heard_mono_ns + SLACK_NS
        )
        state.epoch, state.count = sample.epoch, sample.count
        if energy > most + SLACK_PULSES * track.step_uwh:
            self._bar(energy, now_mono_ns, notes)
            return
        state.rest_count = rest_count
        if anew:
            # Pulses may be missing between the old counting and the new one.
            track.begin(now_mono_ns - 1)
            at_mono_ns = now_mono_ns
        elif track.at_mono_ns < sample.last_edge_mono_ns <= now_mono_ns:
            at_mono_ns = sample.last_edge_mono_ns
        else:
            at_mono_ns = now_mono_ns
        if not pulses_count:
            return
        if pulse.direction is Direction.IMPORT:
            track.add(at_mono_ns, energy, 0)
        else:
            track.add(at_mono_ns, 0, energy)

    def _bar(self, energy: int, now_mono_ns: int, notes: list[Note]) -> None:
        self.track.begin(now_mono_ns)
        if self._state.noise_until_mono_ns is None:
            facts: dict[str, Fact] = {
                "reason": "impossible_rate",
                "energy_kwh": energy / UWH_PER_KWH,
            }
            notes.append(Note(EventKind.COUNTER, self.label, Severity.WARNING, facts))
        self._state.noise_until_mono_ns = now_mono_ns + NOISE_NS

    def _end_noise(self, now_mono_ns: int, notes: list[Note]) -> None:
        until_mono_ns = self._state.noise_until_mono_ns
        if until_mono_ns is not None and now_mono_ns >= until_mono_ns:
            self._state.noise_until_mono_ns = None
            facts: dict[str, Fact] = {"reason": "impossible_rate", "cleared": True}
            notes.append(Note(EventKind.COUNTER, self.label, Severity.INFO, facts))

    def _line_note(self) -> Note:
        if self._state.fault:
            return Note(EventKind.METER, self.label, Severity.WARNING, {"fault": "line_fault"})
        return Note(
            EventKind.METER, self.label, Severity.INFO, {"fault": "line_fault", "cleared": True}
        )
