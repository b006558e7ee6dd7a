"""A plant with a known energy, and the meters and pulses that would show it to a scan."""

from __future__ import annotations

import msgspec

from edge.core.metering.metering import Metering, MeteringState
from edge.model.energy import Booking, MeteringStep
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.registers import Quantity
from edge.model.scan import (
    BusSample,
    ClockTrust,
    MeterFault,
    MeterSample,
    PulseSample,
    ScanInputs,
)
from edge.model.spec import (
    Direction,
    MeteringSpec,
    MeterSpec,
    PulseSpec,
    SourceKind,
    SourceSpec,
)
from edge.model.units import NS_PER_HOUR, NS_PER_S, UWH_PER_KWH, energy_uwh

S = NS_PER_S
START_NS = 1000 * S
UTC_NS = 1_790_000_000 * S
PULSE_UWH = 24_000_000  # VT 60 x CT 20 at 50,000 pulse/kWh: 0.024 kWh

PULSES = SourceSpec(SourceKind.PULSE, "incomer")
ENERGY = SourceSpec(SourceKind.ENERGY, "incomer")
POWER = SourceSpec(SourceKind.POWER, "incomer")
SECOND = SourceSpec(SourceKind.ENERGY, "second")


def spec(
    *sources: SourceSpec,
    modulus_uwh: int | None = None,
    weight: int = PULSE_UWH,
    denominator: int = 1,
    direction: Direction = Direction.IMPORT,
) -> MeteringSpec:
    """A 1 MW connection; everything is stale after 5 s, steady after 10 s."""
    everything = frozenset(Quantity)
    return MeteringSpec(
        sources=sources,
        pulses=(
            PulseSpec("yard", 1, 1, Direction.IMPORT),
            PulseSpec("incomer", weight, denominator, direction),
        ),
        meters=tuple(
            MeterSpec(name, "main", everything, modulus_uwh, 5 * S)
            for name in ("incomer", "second")
        ),
        power_w_max=1e6,
        stale_ns=5 * S,
        cross_check_ratio=0.05,
        cross_check_ns=60 * S,
        steady_ns=10 * S,
    )


class Plant:
    """Runs a Metering against a plant whose power is set from outside.

    `now` moves by `run`; pulses come every scan, meters every `poll_ns`, unless they are switched
    off. Bookings and events pile up, so a test looks at the whole story.
    """

    def __init__(
        self,
        metering_spec: MeteringSpec,
        power_w: float = 360_000.0,
        state: MeteringState | None = None,
    ) -> None:
        self.spec = metering_spec
        self.now = START_NS
        self.power_w = power_w
        self.import_uwh = self.export_uwh = 0
        self.pulse_edge_ns = 0
        self.pulses_lost = 0
        self.epoch, self.epoch_count = 1, 0
        self.counter_offset_uwh = 10_000 * UWH_PER_KWH
        self.counter_step_uwh = 1
        self.poll_ns = S
        self.pulses_on = self.pulses_wired = True
        self.pulse_fault = False
        self.meters_on = {"incomer": True, "second": True}
        self.meter_fault: MeterFault | None = None
        self.power_on = True
        self.power_shown_ratio = 1.0
        self.frozen_uwh: int | None = None
        self.bookings: list[Booking] = []
        self.events: list[Event] = []
        self.metering = Metering(self.spec, state or MeteringState(), self.now)
        self.state = self.metering._state
        self.last: MeteringStep | None = None

    def restart(self) -> None:
        """The process comes back with its state as bytes, and counts pulses anew."""
        data = msgspec.msgpack.encode(self.metering._state)
        state = msgspec.msgpack.decode(data, type=MeteringState)
        assert msgspec.msgpack.encode(state) == data
        self.metering = Metering(self.spec, state, self.now)
        self.state = state
        self.epoch, self.epoch_count = self.epoch + 1, self._pulse_count()

    def pass_by(self, span_ns: int) -> None:
        """Time and energy pass and nobody looks."""
        energy = energy_uwh(abs(self.power_w), span_ns)
        weight = self.spec.pulses[-1].uwh_numerator
        before = self.import_uwh // weight
        self.now += span_ns
        if self.power_w >= 0:
            self.import_uwh += energy
        else:
            self.export_uwh += energy
        fresh = self.import_uwh // weight - before
        if not self.pulses_wired:
            self.pulses_lost += fresh
        elif fresh:
            beyond = self.import_uwh % weight
            self.pulse_edge_ns = self.now - int(beyond * (NS_PER_HOUR // 1_000_000) / self.power_w)

    def run(self, span_ns: int, scan_ns: int = S // 10) -> None:
        end = self.now + span_ns
        while self.now < end:
            self.pass_by(scan_ns)
            self.scan(*self.samples())

    def samples(self) -> tuple[MeterSample, ...]:
        if self.now % self.poll_ns:
            return ()
        return tuple(self.sample(name) for name, on in self.meters_on.items() if on)

    def sample(self, name: str = "incomer") -> MeterSample:
        if self.meter_fault is not None:
            return MeterSample(name, self.now, fault=self.meter_fault)
        step = self.counter_step_uwh
        imported = self.counter_offset_uwh + self.import_uwh
        if self.frozen_uwh is not None:
            imported = self.frozen_uwh
        power_w = self.power_w * self.power_shown_ratio if self.power_on else None
        return MeterSample(name, self.now, power_w, imported // step * step, self.export_uwh, step)

    def pulse(self) -> PulseSample:
        count = self._pulse_count() - self.epoch_count
        return PulseSample("incomer", self.epoch, count, self.pulse_edge_ns, self.pulse_fault)

    def scan(
        self,
        *meters: MeterSample,
        pulses: tuple[PulseSample, ...] | None = None,
        buses: tuple[BusSample, ...] = (),
    ) -> MeteringStep:
        if pulses is None:
            pulses = (self.pulse(),) if self.pulses_on else ()
        step, events = self.metering.step(
            ScanInputs(
                self.now, UTC_NS + self.now, ClockTrust.NTP, pulses, meters=meters, buses=buses
            )
        )
        self._check(step)
        self.bookings.extend(step.bookings)
        self.events.extend(events)
        self.last = step
        return step

    def booked_uwh(self) -> int:
        return sum(booking.import_uwh for booking in self.bookings)

    def told(self, kind: EventKind) -> list[tuple[str, Severity, Fact, bool]]:
        """Events of one kind as (subject, severity, reason or fault or condition, cleared)."""
        return [
            (
                event.subject,
                event.severity,
                event.facts.get("reason", event.facts.get("fault", event.facts.get("condition"))),
                bool(event.facts.get("cleared")),
            )
            for event in self.events
            if event.kind is kind
        ]

    def _pulse_count(self) -> int:
        return self.import_uwh // self.spec.pulses[-1].uwh_numerator - self.pulses_lost

    def _check(self, step: MeteringStep) -> None:
        """What holds in every scan: spans follow each other, energy is never negative."""
        for booking in step.bookings:
            assert booking.import_uwh >= 0
            assert booking.export_uwh >= 0
            assert booking.from_mono_ns < booking.to_mono_ns <= self.now
            if self.bookings:
                assert booking.from_mono_ns == self.bookings[-1].to_mono_ns
            self.bookings.append(booking)
        if step.bookings:
            del self.bookings[-len(step.bookings) :]
            assert step.known_until_mono_ns == step.bookings[-1].to_mono_ns
