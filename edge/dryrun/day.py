"""One recorded day in steps of a second: plant, meters and decisions in one loop.

Meters answer at once and never fail; what a plant does with real ones is the bench's business.
"""

from __future__ import annotations

from typing import Final

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
_BOOT_NS: Final = 1_000 * NS_PER_S
_UWH_PER_W_S: Final = 1_000_000 / 3600
_WS_PER_KWH: Final = 3.6e6
# The day's last interval closes with the first pulse after it, and power must not end before.
_TAIL_S: Final = 300


class DayTask(Struct, frozen=True):
    """A day to simulate, with rows from `warm_up_s` before it, so that interval one counts."""

    day: str
    start_utc_s: int
    end_utc_s: int
    warm_up_s: int
    record: Record
    plan: Plan | None


class LoadDay(Struct):
    """One load over the day. For an absorb load `shed_s` is the time that it was switched on, and
    `curtailed_kwh` is negative: it has drawn more.
    """

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
    intervals: list[dict[str, Fact]]
    slots: list[dict[str, Fact]]
    loads: list[LoadDay]


class DaySimulation:
    """Runs one task. `drawn` is what the site's meters see, `natural` what was recorded."""

    def __init__(self, spec: ControlSpec, task: DayTask) -> None:
        self._spec = spec
        self._task = task
        loads = spec.shedding.loads
        self._plant = RecordedPlant(task.record, loads)
        self._controller = Controller(spec, new_state(), _BOOT_NS)
        self._moved = [load.safe_shed for load in loads]
        self._absorbs = [load.kind is LoadKind.ABSORB for load in loads]
        self._drawn_uwh = 0.0
        self._result = DayResult(
            task.day, 0, 0.0, 0.0, [], [], [LoadDay(load.name) for load in loads]
        )
        self._pulses = [p for p in spec.metering.pulses if p.direction is Direction.IMPORT]
        self._feedback = [(i, load.name) for i, load in enumerate(loads) if load.has_feedback]

    def run(self) -> DayResult:
        """All steps of the day."""
        task = self._task
        first_utc_s = task.start_utc_s - task.warm_up_s
        offset_s = first_utc_s - task.record.start_utc_s
        length_s = task.end_utc_s - first_utc_s
        for second in range(length_s + _TAIL_S):
            self._plant.at(offset_s + second)
            power_w = self._plant.power_w(self._moved)
            self._drawn_uwh += power_w * _UWH_PER_W_S
            counts = task.warm_up_s <= second < length_s
            if counts:
                self._account(power_w)
            outputs = self._controller.step(self._inputs(second, first_utc_s, power_w))
            for index, relay in enumerate(outputs.relays):
                if relay.shed != self._moved[index]:
                    self._moved[index] = relay.shed
                    self._result.loads[index].switchings += counts
            if outputs.events:
                self._read(outputs.events)
        self._result.steps = length_s + _TAIL_S
        return self._result

    def _account(self, power_w: float) -> None:
        result = self._result
        result.natural_kwh += self._plant.site_w / _WS_PER_KWH
        result.drawn_kwh += power_w / _WS_PER_KWH
        for index, load in enumerate(result.loads):
            if self._moved[index]:
                load.shed_s += 1
                energy_kwh = self._plant.loads_w[index] / _WS_PER_KWH
                load.curtailed_kwh += -energy_kwh if self._absorbs[index] else energy_kwh

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
            tuple(
                FeedbackSample(name, self._moved[i] is self._absorbs[i])
                for i, name in self._feedback
            ),
            self._orders(second),
        )

    def _orders(self, second: int) -> tuple[TakePlan, ...]:
        plan = self._task.plan
        return (TakePlan(plan, "simulation"),) if plan is not None and second == 0 else ()

    def _read(self, events: tuple[Event, ...]) -> None:
        """Keep what closed in the day."""
        for event in events:
            if event.kind is EventKind.INTERVAL_CLOSED:
                into = self._result.intervals
            elif event.kind is EventKind.SLOT_CLOSED:
                into = self._result.slots
            else:
                continue
            end_utc_ns = event.facts["end_utc_ns"]
            assert isinstance(end_utc_ns, int)
            if self._task.start_utc_s * NS_PER_S < end_utc_ns <= self._task.end_utc_s * NS_PER_S:
                into.append(event.facts)
