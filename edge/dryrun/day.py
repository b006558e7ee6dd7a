"""One recorded day in steps of a second: plant, meters and decisions in one loop."""

from __future__ import annotations

from msgspec import Struct

from edge.core.controller import Controller, new_state
from edge.dryrun.plant import RecordedPlant
from edge.dryrun.record import Record
from edge.model.event import Event, EventKind, Fact
from edge.model.order import TakePlan
from edge.model.plan import Plan
from edge.model.scan import ClockTrust, FeedbackSample, MeterSample, PulseSample, ScanInputs
from edge.model.spec import ControlSpec, Direction, LoadKind
from edge.model.units import NS_PER_S

# Any instant does as the start of the boot's clock; not zero, which would look like "never".
_BOOT_NS = 1_000 * NS_PER_S
_UWH_PER_W_S = 1_000_000 / 3600


class DayTask(Struct, frozen=True):
    """A day to simulate, with rows from `warm_up_s` before it, so that interval one counts."""

    day: str
    start_utc_s: int
    end_utc_s: int
    warm_up_s: int
    record: Record
    plan: Plan | None


class LoadDay(Struct):
    """One load over the day."""

    name: str
    switchings: int = 0
    shed_s: int = 0
    curtailed_kwh: float = 0.0


class DayResult(Struct):
    """`intervals` and `slots` are the facts of their closing events."""

    day: str
    steps: int
    natural_kwh: float
    drawn_kwh: float
    natural_intervals_kw: list[float]
    intervals: list[dict[str, Fact]]
    slots: list[dict[str, Fact]]
    loads: list[LoadDay]


class DaySimulation:
    """Runs one task. `drawn` is what the site's meters see."""

    def __init__(self, spec: ControlSpec, task: DayTask) -> None:
        self._spec = spec
        self._task = task
        loads = spec.shedding.loads
        self._plant = RecordedPlant(task.record, loads)
        self._controller = Controller(spec, new_state(), _BOOT_NS)
        self._moved = [load.kind is LoadKind.SHED and load.safe_shed for load in loads]
        self._drawn_uwh = 0.0
        self._natural_uwh = 0.0
        loads_day = [LoadDay(load.name) for load in loads]
        self._result = DayResult(task.day, 0, 0.0, 0.0, [], [], [], loads_day)
        self._pulses = [p for p in spec.metering.pulses if p.direction is Direction.IMPORT]
        self._feedback = [(i, load.name) for i, load in enumerate(loads) if load.has_feedback]

    def run(self) -> DayResult:
        """All steps of the day."""
        task = self._task
        first = task.start_utc_s - task.warm_up_s
        offset = first - task.record.start_utc_s
        result = self._result
        for second in range(task.end_utc_s - first):
            counts = second >= task.warm_up_s
            self._plant.at(offset + second)
            power_w = self._plant.power_w(self._moved)
            self._drawn_uwh += power_w * _UWH_PER_W_S
            self._natural_uwh += self._plant.site_w * _UWH_PER_W_S
            if counts:
                self._account(power_w)
            outputs = self._controller.step(self._inputs(second, first, power_w))
            for index, relay in enumerate(outputs.relays):
                if relay.shed != self._moved[index]:
                    self._moved[index] = relay.shed
                    result.loads[index].switchings += counts
            if outputs.events:
                self._read(outputs.events)
        result.steps = task.end_utc_s - first
        return result

    def _account(self, power_w: float) -> None:
        result = self._result
        result.natural_kwh += self._plant.site_w / 3.6e6
        result.drawn_kwh += power_w / 3.6e6
        for index, load in enumerate(result.loads):
            if self._moved[index]:
                load.shed_s += 1
                load.curtailed_kwh += self._plant.loads_w[index] / 3.6e6

    def _inputs(self, second: int, first_utc_s: int, power_w: float) -> ScanInputs:
        now_ns = _BOOT_NS + (second + 1) * NS_PER_S
        energy_uwh = int(self._drawn_uwh)
        pulses = tuple(
            PulseSample(p.name, 1, energy_uwh * p.uwh_denominator // p.uwh_numerator, now_ns)
            for p in self._pulses
        )
        meters = tuple(
            MeterSample(meter.name, now_ns, power_w, energy_uwh, 0)
            for meter in self._spec.metering.meters
        )
        return ScanInputs(
            now_ns,
            (first_utc_s + second + 1) * NS_PER_S,
            ClockTrust.NTP,
            pulses,
            (),
            meters,
            (),
            tuple(FeedbackSample(name, not self._moved[i]) for i, name in self._feedback),
            self._orders(second),
        )

    def _orders(self, second: int) -> tuple[TakePlan, ...]:
        plan = self._task.plan
        return (TakePlan(plan, "simulation"),) if plan is not None and second == 0 else ()

    def _read(self, events: tuple[Event, ...]) -> None:
        start_ns = self._task.start_utc_s * NS_PER_S
        for event in events:
            if event.kind is EventKind.INTERVAL_CLOSED:
                facts, into = event.facts, self._result.intervals
            elif event.kind is EventKind.SLOT_CLOSED:
                facts, into = event.facts, self._result.slots
            else:
                continue
            start = facts["start_utc_ns"]
            if isinstance(start, int) and start >= start_ns:
                into.append(facts)
