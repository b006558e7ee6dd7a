"""Everything that comes in between two scans, read from the adapters in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from edge.adapters.boottime import ClockWatch
from edge.adapters.contacts import AcknowledgeButton, Feedbacks
from edge.adapters.fd_store import FdStore
from edge.adapters.interval_end import IntervalEnd
from edge.adapters.pulse_lines import PulseLines
from edge.adapters.relays import Relays
from edge.app.conditions import Conditions
from edge.app.duty import Duty
from edge.bus.handle import BusWorker
from edge.keeper.handle import KeeperHandle
from edge.model.healing import LineFacts
from edge.model.order import Acknowledge
from edge.model.problem import Problem
from edge.model.scan import BusSample, MeterSample, ScanInputs


class Field(Struct, frozen=True):
    """What the gateway is wired to. `problems` collects every adapter's own complaints."""

    clock: ClockWatch
    store: FdStore
    pulses: PulseLines
    interval_end: IntervalEnd | None
    workers: Sequence[BusWorker]
    feedbacks: Feedbacks
    button: AcknowledgeButton | None
    relays: Relays
    keeper: KeeperHandle

    def line_facts(self, now_mono_ns: int) -> tuple[LineFacts, ...]:
        """What healing goes by, of every line."""
        return tuple(worker.facts(now_mono_ns) for worker in self.workers)


class GatewayInputs:
    """Has the duty settled, then reads pulses, meters, contacts and orders; waits for nothing."""

    def __init__(
        self,
        field: Field,
        duty: Duty,
        conditions: Conditions,
        complaints: Callable[[], Sequence[Problem]],
    ) -> None:
        self._field = field
        self._duty = duty
        self._conditions = conditions
        self._complaints = complaints

    def read(self, now_mono_ns: int, now_utc_ns: int) -> ScanInputs:
        """The inputs of the scan that begins now."""
        field = self._field
        self._duty.begin(now_mono_ns, now_utc_ns)
        meters, buses = self._read_buses(now_mono_ns)
        orders = field.keeper.drain(now_mono_ns)
        if field.button is not None and field.button.pressed(now_mono_ns):
            orders.append(Acknowledge("button"))
        field.store.tend()
        self._reopen(now_mono_ns)
        self._note_conditions()
        return ScanInputs(
            now_mono_ns,
            now_utc_ns,
            field.clock.trust(now_mono_ns),
            field.pulses.read(now_mono_ns),
            field.interval_end.read(now_mono_ns) if field.interval_end else (),
            tuple(meters),
            tuple(buses),
            field.feedbacks.read(now_mono_ns),
            self._duty.route(orders),
            field.relays.faults,
            self._conditions.changes(),
        )

    def _read_buses(self, now_mono_ns: int) -> tuple[list[MeterSample], list[BusSample]]:
        meters: list[MeterSample] = []
        buses: list[BusSample] = []
        for worker in self._field.workers:
            worker.check(now_mono_ns)
            for sample in worker.drain():
                if isinstance(sample, MeterSample):
                    meters.append(sample)
                else:
                    buses.append(sample)
        return meters, buses

    def _reopen(self, now_mono_ns: int) -> None:
        for line in self._field.keeper.take_reopenings():
            for worker in self._field.workers:
                if worker.name == line:
                    worker.reopen(now_mono_ns)

    def _note_conditions(self) -> None:
        say = self._conditions.say
        for sample in self._field.keeper.conditions:
            say(sample.name, sample.text, severe=sample.severe)
        for sample in self._duty.conditions:
            say(sample.name, sample.text, severe=sample.severe)
        problems = self._complaints()
        say("wiring", "; ".join(map(str, problems)), severe=True)
