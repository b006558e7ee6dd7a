"""The whole decision of one scan: metering, demand, shedding, alarms, in this order.

`Controller.step` advances the state in place and reads nothing but its arguments: the product, the
dry run and the replay run this same code, and the same inputs give the same outputs, bit for bit.
"""

from __future__ import annotations

from msgspec import Struct

from edge.core.alarms import AlarmBoard, AlarmState
from edge.core.demand.tracker import DemandState, DemandStep, DemandTracker
from edge.core.metering.metering import Metering, MeteringState
from edge.core.picture import picture
from edge.core.shedding.shedding import Shedding, SheddingStep
from edge.core.shedding.state import SheddingState
from edge.model.energy import Booking, MeteringStep
from edge.model.event import Event, EventKind, Severity
from edge.model.scan import HealthSample, RelayCommand, ScanInputs, ScanOutputs
from edge.model.spec import ControlSpec
from edge.model.status import Stage, Status
from edge.model.twin import RelayState
from edge.model.units import W_PER_KW


class ControllerState(Struct):
    """Everything that one scan leaves to the next; what a checkpoint keeps."""

    metering: MeteringState
    demand: DemandState
    shedding: SheddingState
    alarms: AlarmState


def new_state() -> ControllerState:
    """The state of a gateway that has never run."""
    return ControllerState(MeteringState(), DemandState(), SheddingState(), AlarmState())


class Controller:
    """Decides for one site. Given a state it continues from there, else it begins."""

    def __init__(self, spec: ControlSpec, state: ControllerState, now_mono_ns: int) -> None:
        self._spec = spec
        self._state = state
        self._metering = Metering(spec.metering, state.metering, now_mono_ns)
        self._demand = DemandTracker(
            spec.demand, spec.projection, spec.plan, spec.timezone, state.demand
        )
        self._shedding = Shedding(spec.shedding, state.shedding)
        self._board = AlarmBoard(state.alarms)
        self._last: tuple[ScanInputs, MeteringStep, DemandStep, SheddingStep] | None = None

    def step(self, inputs: ScanInputs) -> ScanOutputs:
        """One scan. `inputs.now_mono_ns` must not go back."""
        metered, events = self._metering.step(inputs)
        demand, demand_events = self._demand.step(inputs, metered)
        shedding = self._shedding.step(
            inputs.now_mono_ns,
            inputs.now_utc_ns,
            demand.local,
            demand.limits,
            demand.power,
            metered.lost_since_mono_ns,
            metered.power_w,
            inputs.feedbacks,
            inputs.orders,
            inputs.relay_faults,
        )
        happened = (*events, *demand_events, *shedding.events, *_health_events(inputs))
        alarms = self._board.step(happened, shedding.stage, inputs.orders)
        self._last = (inputs, metered, demand, shedding)
        return ScanOutputs(shedding.relays, alarms, happened)

    @property
    def state(self) -> ControllerState:
        """The state after the last scan; encode it before the next one."""
        return self._state

    @property
    def relays(self) -> tuple[RelayCommand, ...]:
        """The commands in force; before the first step those of the state that is continued."""
        return self._shedding.relays

    @property
    def now_mono_ns(self) -> int:
        """Instant of the last scan, 0 before the first."""
        return 0 if self._last is None else self._last[0].now_mono_ns

    @property
    def bookings(self) -> tuple[Booking, ...]:
        """Energy that the last scan has booked."""
        return () if self._last is None else self._last[1].bookings

    @property
    def verdict(self) -> tuple[Stage, str]:
        """Stage and code of the last decision."""
        return (
            (Stage.NORMAL, "") if self._last is None else (self._last[3].stage, self._last[3].why)
        )

    def relay_states(self, now_mono_ns: int) -> tuple[RelayState, ...]:
        """The commands in force with their ages, in site-file order."""
        return self._shedding.relay_states(now_mono_ns)

    def continued(self, state: ControllerState) -> Controller:
        """Another that goes on from `state`, made of this one's state and on the same clock."""
        other = Controller(self._spec, state, state.metering.started_mono_ns)
        other._last = self._last
        return other

    def reason(self) -> str:
        """The last decision with its numbers, for people: ``shedding:demand, demand 640.0 of
        600.0 kW``. Empty before the first scan.
        """
        if self._last is None:
            return ""
        demand, shedding = self._last[2], self._last[3]
        parts = [shedding.why]
        if demand.power is not None:
            power_w = demand.power.power_w
            parts += [
                f"{limit.name} {limit.projected_w(power_w) / W_PER_KW:.1f}"
                f" of {limit.target_w / W_PER_KW:.1f} kW"
                for limit in demand.limits
            ]
        return ", ".join(parts)

    def status(self) -> Status | None:
        """The picture after the last scan, None before the first."""
        if self._last is None:
            return None
        inputs, metered, demand, shedding = self._last
        return picture(
            self._spec.site,
            inputs,
            metered,
            demand,
            shedding,
            self._metering.sources_status(inputs.now_mono_ns),
            self._shedding.status(inputs.now_mono_ns),
            self._board.names(),
        )


def _health_events(inputs: ScanInputs) -> list[Event]:
    """Conditions of the gateway itself, as events that the alarm board understands."""
    return [
        Event(
            inputs.now_mono_ns,
            inputs.now_utc_ns,
            EventKind.HEALTH,
            sample.name,
            _severity(sample),
            {"text": sample.text} if sample.text else {"cleared": True},
        )
        for sample in inputs.health
    ]


def _severity(sample: HealthSample) -> Severity:
    if not sample.text:
        return Severity.INFO
    return Severity.ALARM if sample.severe else Severity.WARNING
