"""Metering of the site in one step a scan: samples in, booked energy and events out.

Composes sources, ledger, baton, cross-check and watch; decides nothing itself. Continues from its
state after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from edge.core.metering.counter import CounterState
from edge.core.metering.crosscheck import CrossCheck, CrossCheckState
from edge.core.metering.ledger import Ledger, LedgerState
from edge.core.metering.note import Note
from edge.core.metering.power import PowerSource, PowerState
from edge.core.metering.pulse import PulseSource, PulseState
from edge.core.metering.register import RegisterSource
from edge.core.metering.source import Source, label
from edge.core.metering.sources import Baton, BatonState
from edge.core.metering.track import TrackState
from edge.core.metering.watch import Watch, WatchState
from edge.model.energy import MeteringStep
from edge.model.event import Event
from edge.model.scan import ScanInputs
from edge.model.spec import MeteringSpec, SourceKind, SourceSpec
from edge.model.status import SourceStatus
from edge.model.units import NS_PER_S


class MeteringState(Struct):
    """Everything that metering must remember. By source label: tracks, and what each kind keeps."""

    tracks: dict[str, TrackState] = field(default_factory=dict)
    pulses: dict[str, PulseState] = field(default_factory=dict)
    import_counters: dict[str, CounterState] = field(default_factory=dict)
    export_counters: dict[str, CounterState] = field(default_factory=dict)
    powers: dict[str, PowerState] = field(default_factory=dict)
    ledger: LedgerState = field(default_factory=LedgerState)
    baton: BatonState = field(default_factory=BatonState)
    cross_check: CrossCheckState = field(default_factory=CrossCheckState)
    watch: WatchState = field(default_factory=WatchState)
    # Kept so that a replay which begins here decides as the run did: when it started, and how
    # coarse the last source in use was.
    started_mono_ns: int = 0
    resolution_uwh: int = 1


class Metering:
    """The site's metering. `state` is continued and changed in place; instants in it are on the
    same clock as `now_mono_ns`.
    """

    def __init__(self, spec: MeteringSpec, state: MeteringState, now_mono_ns: int) -> None:
        self._state = state
        state.started_mono_ns = now_mono_ns
        self._pulses: dict[str, PulseSource] = {}
        self._metered: dict[str, list[RegisterSource | PowerSource]] = {}
        self._powers: list[PowerSource] = []
        self._sources = [self._make(one, spec) for one in spec.sources]
        self._ledger = Ledger(self._sources, state.ledger, spec.stale_ns)
        self._baton = Baton(
            self._sources, self._ledger, state.baton, spec.stale_ns, spec.steady_ns, now_mono_ns
        )
        self._cross_check = CrossCheck(
            self._sources,
            state.cross_check,
            spec.cross_check_ratio,
            spec.cross_check_ns,
            spec.power_w_max,
        )
        self._watch = Watch(spec.meters, state.watch, now_mono_ns)

    def step(self, inputs: ScanInputs) -> tuple[MeteringStep, list[Event]]:
        """Take one scan's samples. Bookings continue those of the last step without gap."""
        now_mono_ns = inputs.now_mono_ns
        notes = self._hear(inputs)
        bookings, baton_notes = self._baton.step(now_mono_ns)
        notes += baton_notes
        notes += self._watch.check(now_mono_ns)
        notes += self._cross_check.step(now_mono_ns, self._baton.believes)
        in_use = self._baton.in_use
        if in_use is not None:
            self._state.resolution_uwh = in_use.track.step_uwh
        known_until_mono_ns = self._ledger.booked_until_mono_ns
        if known_until_mono_ns is None:
            known_until_mono_ns = self._state.started_mono_ns
        power_w, power_mono_ns = self._power(now_mono_ns)
        metering_step = MeteringStep(
            bookings=tuple(bookings),
            known_until_mono_ns=known_until_mono_ns,
            resolution_uwh=self._state.resolution_uwh,
            power_w=power_w,
            power_mono_ns=power_mono_ns,
            lost_since_mono_ns=self._state.baton.lost_since_mono_ns,
        )
        return metering_step, _events(notes, inputs)

    def sources_status(self, now_mono_ns: int) -> tuple[SourceStatus, ...]:
        """Every source in declared order, as of the last step."""
        in_use = self._baton.in_use
        return tuple(
            SourceStatus(
                name=source.label,
                in_use=source is in_use,
                ok=self._baton.believes(source),
                age_s=None
                if source.track.heard_mono_ns is None
                else (now_mono_ns - source.track.heard_mono_ns) / NS_PER_S,
            )
            for source in self._sources
        )

    def _hear(self, inputs: ScanInputs) -> list[Note]:
        now_mono_ns = inputs.now_mono_ns
        notes: list[Note] = []
        for bus in inputs.buses:
            notes += self._watch.hear_bus(bus)
        for pulse in inputs.pulses:
            source = self._pulses.get(pulse.name)
            if source is not None:
                notes += source.hear(pulse, now_mono_ns)
        for sample in inputs.meters:
            notes += self._watch.hear_meter(sample)
            for metered in self._metered.get(sample.meter, ()):
                notes += metered.hear(sample, now_mono_ns)
        return notes

    def _power(self, now_mono_ns: int) -> tuple[float | None, int]:
        for source in self._powers:
            heard_mono_ns = source.track.heard_mono_ns
            if heard_mono_ns is not None and now_mono_ns - heard_mono_ns <= source.stale_ns:
                return source.power_w, heard_mono_ns
        return None, 0

    def _make(self, source: SourceSpec, spec: MeteringSpec) -> Source:
        name, state = label(source), self._state
        track = state.tracks.setdefault(name, TrackState())
        if source.kind is SourceKind.PULSE:
            pulse = next(one for one in spec.pulses if one.name == source.name)
            counted = state.pulses.setdefault(name, PulseState())
            made = PulseSource(source, pulse, counted, track, spec.stale_ns, spec.power_w_max)
            self._pulses[source.name] = made
            return made
        meter = next(one for one in spec.meters if one.name == source.name)
        metered = self._metered.setdefault(source.name, [])
        if source.kind is SourceKind.ENERGY:
            counters = (
                state.import_counters.setdefault(name, CounterState()),
                state.export_counters.setdefault(name, CounterState()),
            )
            register = RegisterSource(source, meter, counters, track, spec.power_w_max)
            metered.append(register)
            return register
        remembered = state.powers.setdefault(name, PowerState())
        power = PowerSource(source, meter, remembered, track, spec.power_w_max)
        metered.append(power)
        self._powers.append(power)
        return power


def _events(notes: Iterable[Note], inputs: ScanInputs) -> list[Event]:
    return [
        Event(
            inputs.now_mono_ns,
            inputs.now_utc_ns,
            note.kind,
            note.subject,
            note.severity,
            note.facts,
        )
        for note in notes
    ]
