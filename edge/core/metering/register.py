"""A meter's energy registers as a source of energy: import and export counters on one track."""

from __future__ import annotations

from typing import Final

from edge.core.metering.counter import Advance, CounterState, Verdict, advance
from edge.core.metering.note import Note
from edge.core.metering.source import Source
from edge.core.metering.track import TrackState
from edge.model.event import EventKind, Fact, Severity
from edge.model.scan import MeterSample
from edge.model.spec import MeterSpec, SourceSpec
from edge.model.units import NS_PER_S, UWH_PER_KWH, energy_uwh

# Until a register has moved once its true resolution is unknown; it is taken as this much at full
# power, so that a new meter is not called frozen too early.
UNKNOWN_GRAIN_NS: Final = 10 * NS_PER_S
_SEVERITY: Final = {
    Verdict.WRAP: Severity.INFO,
    Verdict.GLITCH: Severity.WARNING,
    Verdict.RESET: Severity.WARNING,
}
_STILL: Final = Advance(Verdict.HELD, 0, 0)


class RegisterSource(Source):
    """Turns samples of one meter's energy registers into energy on its track."""

    def __init__(
        self,
        source: SourceSpec,
        meter: MeterSpec,
        counters: tuple[CounterState, CounterState],
        track: TrackState,
        power_w_max: float,
    ) -> None:
        super().__init__(source, track, meter.stale_ns, power_w_max)
        self._imported, self._exported = counters
        self._modulus_uwh = meter.counter_modulus_uwh
        self._power_w_max = power_w_max
        self._newest_mono_ns: int | None = track.heard_mono_ns
        self._grain_uwh_unknown = energy_uwh(power_w_max, UNKNOWN_GRAIN_NS)

    def grain_uwh(self) -> int:
        """The declared step or the least change seen, whichever is coarser."""
        return max(self.track.step_uwh, self.track.step_uwh_seen or self._grain_uwh_unknown)

    def hear(self, sample: MeterSample, now_mono_ns: int) -> list[Note]:
        """Take a sample; one that is a fault, has no import, or is not newer changes nothing."""
        mono_ns = min(sample.mono_ns, now_mono_ns)
        newest_mono_ns = self._newest_mono_ns
        if sample.import_uwh is None or (newest_mono_ns is not None and mono_ns <= newest_mono_ns):
            return []
        self._newest_mono_ns = mono_ns
        self.track.step_uwh = sample.step_uwh
        imported = self._advance(self._imported, sample.import_uwh, mono_ns)
        exported = _STILL
        if sample.export_uwh is not None:
            exported = self._advance(self._exported, sample.export_uwh, mono_ns)
        self._book(imported, exported, mono_ns)
        return [
            self._note(advanced, name)
            for advanced, name in ((imported, "import"), (exported, "export"))
            if advanced.verdict in _SEVERITY
        ]

    def _advance(self, counter: CounterState, reading_uwh: int, mono_ns: int) -> Advance:
        return advance(
            counter,
            reading_uwh,
            mono_ns,
            self.track.step_uwh,
            self._modulus_uwh,
            self._power_w_max,
        )

    def _book(self, imported: Advance, exported: Advance, mono_ns: int) -> None:
        track = self.track
        if imported.verdict is Verdict.BASELINE:
            track.begin(mono_ns)
        for advanced in (imported, exported):
            if advanced.verdict is Verdict.RESET:
                track.begin(advanced.since_mono_ns)
        if imported.delta_uwh or exported.delta_uwh:
            track.add(mono_ns, imported.delta_uwh, exported.delta_uwh)
        if Verdict.SUSPECT not in (imported.verdict, exported.verdict):
            track.heard_mono_ns = mono_ns

    def _note(self, advanced: Advance, register: str) -> Note:
        verdict = advanced.verdict
        facts: dict[str, Fact] = {
            "reason": verdict.value,
            "register": register,
            "energy_kwh": advanced.delta_uwh / UWH_PER_KWH,
        }
        if verdict is Verdict.RESET:
            facts["jump_kwh"] = advanced.jump_uwh / UWH_PER_KWH
        return Note(EventKind.COUNTER, self.label, _SEVERITY[verdict], facts)
