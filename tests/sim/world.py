"""Time, both units and all wires of a run; what happens next, and what is skipped.

The agenda (faults and their ends) is on the run's own time, everything else on stepped time: while
nothing happens the agenda is pulled nearer, so that quiet hours cost nothing (see `skip.py`).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from edge.core.twin.machine import Twin
from edge.model.twin import Beat, TwinInputs, TwinMemory, TwinOutputs, TwinSpec
from edge.model.units import NS_PER_S
from tests.sim import effects, skip
from tests.sim.line import Line, Port
from tests.sim.path import ModelWire, Path, Wire
from tests.sim.plant import LOADS, pulse_edges
from tests.sim.scenario import Fault, Scenario, ns
from tests.sim.unit import Unit
from tests.sim.watch import Watch
from tests.sim.wire import ByteWire

TICK_NS: Final = NS_PER_S


class Decider(Protocol):
    """What the world needs of a Twin."""

    @property
    def memory(self) -> TwinMemory: ...

    def step(self, inputs: TwinInputs) -> TwinOutputs: ...


MakeTwin = Callable[[TwinSpec, TwinMemory, int], Decider]


class Rules(Struct, frozen=True):
    """Rules of the scan and its processes that a mutant leaves out."""

    no_lease_check: bool = False
    feed_always: bool = False
    no_fence: bool = False
    no_mirror: bool = False
    farewell_early: bool = False
    believes_replays: bool = False


class Running(Struct):
    """A fault that has begun. `until_ns` None: it still lasts. Stepped time."""

    fault: Fault
    since_ns: int
    until_ns: int | None = None


class World:
    """One run. `skips` False steps through every scan."""

    def __init__(
        self,
        scenario: Scenario,
        make_twin: MakeTwin | None = None,
        rules: Rules | None = None,
        *,
        skips: bool = True,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.scenario, self.site = scenario, scenario.site
        self.rng = random.Random(scenario.seed)
        self.rules = rules or Rules()
        self.make_twin: MakeTwin = make_twin or Twin
        self.skips = skips and not self.site.has_plant
        self.trace = trace
        loads = len(LOADS) if scenario.site.has_plant else 2
        self.no_commands: tuple[bool, ...] = (False,) * loads
        self.now_ns = 0
        self.skipped_ns = 0
        self.changed_ns = 0
        self.wish: tuple[bool, ...] = self.no_commands
        self.wish_ns = 0
        self.history: list[Running] = []
        self._order = 0
        self._events: list[tuple[int, int, Callable[..., object], tuple[object, ...]]] = []
        self._agenda: list[tuple[int, int, Callable[[], object]]] = []
        until_ns = ns(scenario.until_s)
        self.edges = pulse_edges(until_ns) if self.site.has_plant else []
        self.watch = Watch(self)
        self.units = [Unit(self, index, self.site.spec(index)) for index in (0, 1)]
        self.lines = [Line(self, f"line{number}") for number in range(self.site.lines)]
        for line in self.lines:
            line.ports = [Port(unit, line) for unit in self.units]
            for unit, port in zip(self.units, line.ports, strict=True):
                unit.ports.append(port)
        # By sender, then by index.
        self.paths = [[Path(self.rng) for _ in range(self.site.paths)] for _ in (0, 1)]
        self._nonce = 0
        self._fill_agenda()

    def _fill_agenda(self) -> None:
        for unit, start_s in zip(self.units, self.site.starts_s, strict=True):
            self.plan(ns(start_s), unit.power_on)
        for fault in self.scenario.faults:
            self.plan(ns(fault.at_s), lambda fault=fault: self._befall(fault))
        self.after(TICK_NS, self._tick)

    # Time

    @property
    def sim_ns(self) -> int:
        return self.now_ns + self.skipped_ns

    def at(self, at_ns: int, what: Callable[..., object], *args: object) -> None:
        self._order += 1
        heapq.heappush(self._events, (max(at_ns, self.now_ns), self._order, what, args))

    def after(self, wait_ns: int, what: Callable[..., object], *args: object) -> None:
        self.at(self.now_ns + wait_ns, what, *args)

    def plan(self, at_sim_ns: int, what: Callable[[], object]) -> None:
        self._order += 1
        heapq.heappush(self._agenda, (at_sim_ns, self._order, what))

    def run(self) -> None:
        """Until the end or the first violation."""
        until_ns = ns(self.scenario.until_s)
        events, agenda = self._events, self._agenda
        while not self.watch.violations:
            agenda_ns = agenda[0][0] - self.skipped_ns if agenda else until_ns
            at_ns = min(events[0][0], agenda_ns)
            if at_ns + self.skipped_ns >= until_ns:
                break
            self.now_ns = at_ns
            if agenda_ns <= events[0][0]:
                heapq.heappop(agenda)[2]()
            else:
                _, _, what, args = heapq.heappop(events)
                what(*args)

    def _tick(self) -> None:
        self.watch.on_tick()
        if self.skips:
            next_ns = self._agenda[0][0] if self._agenda else ns(self.scenario.until_s)
            skip.skip_quiet(self, next_ns - self.sim_ns)
        self.after(TICK_NS, self._tick)

    def changed(self) -> None:
        """Something happened: no quiet time before a while has passed."""
        self.changed_ns = self.now_ns

    # Faults

    def _befall(self, fault: Fault) -> None:
        running = Running(fault, self.now_ns)
        self.history.append(running)
        self.changed()
        self.note(f"begins: {fault}")
        self.watch.on_fault(fault)
        if self.rng.random() < 0.5:
            self.wish = tuple([self.rng.random() < 0.5 for _ in self.no_commands])
            self.wish_ns = self.now_ns
        undo = effects.begin(self, fault)
        self.plan(self.sim_ns + ns(fault.for_s), lambda: self._heal(running, undo))

    def _heal(self, running: Running, undo: Callable[[], object] | None) -> None:
        running.until_ns = self.now_ns
        self.changed()
        if undo is not None:
            self.note(f"ends: {running.fault}")
            undo()

    # Link

    def make_wire(self, unit: Unit) -> Wire:
        self._nonce += 1
        if self.site.has_bytes:
            return ByteWire(unit.index, self._nonce)
        believes = self.rules.believes_replays
        return ModelWire(self._nonce, self.is_compatible, believes_replays=believes)

    def is_compatible(self) -> bool:
        return self.units[0].skew == self.units[1].skew

    def send(self, unit: Unit, wire: Wire, beat: Beat, sequence: int) -> None:
        for index, path in enumerate(self.paths[unit.index]):
            datagram = wire.encode(beat, index, sequence)
            for at_ns in path.arrivals(datagram, self.now_ns):
                self.deliver(unit.peer, index, datagram, at_ns)

    def deliver(self, to: Unit, path: int, datagram: object, at_ns: int) -> None:
        if to.control is not None:
            self._order += 1
            to.control.inbox.append((at_ns, self._order, path, datagram))

    def note(self, text: str) -> None:
        if self.trace is not None:
            self.trace(f"{self.sim_ns / NS_PER_S:12.4f} {text}")
