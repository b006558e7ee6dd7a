"""The control process of a unit in virtual time: the scan in its order, around the real Twin.

A stop may catch it between two scans or in the middle of one; a scan that goes on after a stop
carries out what it decided before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from edge.model.twin import (
    Beat,
    Grade,
    LineEvidence,
    Mirror,
    OwnState,
    PathSample,
    PeerBeat,
    RelayState,
    Role,
    TwinInputs,
    TwinMemory,
    TwinOutputs,
)
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.plant import PlantSide

if TYPE_CHECKING:
    from tests.sim.unit import Unit

LEASE_NS: Final = 250 * NS_PER_MS
KEEP_EVERY: Final = 10
STALL_NS: Final = NS_PER_S
LEAVE_NS_MAX: Final = 10 * NS_PER_S


class Control:
    """From start to crash. `over`: nothing of it happens any more."""

    def __init__(self, unit: Unit, memory: TwinMemory) -> None:
        world = unit.world
        self.unit = unit
        self.over = False
        self.frozen = 0
        self.started_ns = world.now_ns
        self.twin = world.make_twin(unit.spec, memory, unit.local(world.now_ns))
        self.wire = world.make_wire(unit)
        self.inbox: list[tuple[int, int, int, object]] = []
        self.heard_ns: list[int | None] = [None] * world.site.paths
        self.last_beat: Beat | None = None
        self.peer_beat: Beat | None = None
        self.outputs: TwinOutputs | None = None
        self.last_scan_ns = world.now_ns
        self.duty_ns: int | None = None
        self.mirror = Mirror.HOLD
        # What the decisions command: the checkpoint's until a unit on duty is followed.
        self.commands = unit.kept_commands
        self.halt_after_step_ns = 0
        self.wants_duty = self.gives_duty = self.leaves = False
        self.maintenance: bool | None = None
        self.leaves_since_ns = 0
        self.restart_ns = 0
        self.scan_delay_s = 0.0
        self._pending: tuple[int, TwinOutputs] | None = None
        self._due = False
        self._number = 0
        self._deadline_ns = world.now_ns
        self.plant = PlantSide(unit) if world.site.has_plant else None
        self._decided: tuple[bool, ...] = ()
        self._next_scan()
        world.changed()

    def age(self, before_ns: int, leap_ns: int) -> None:
        """See `skip.py`."""
        self.heard_ns = [
            at_ns - leap_ns if at_ns is not None and at_ns < before_ns else at_ns
            for at_ns in self.heard_ns
        ]

    # Scan

    def _next_scan(self) -> None:
        world, rng = self.unit.world, self.unit.world.rng
        period_ns = self.unit.spec.period_ns
        self._deadline_ns += period_ns
        if self._deadline_ns < world.now_ns:
            self._deadline_ns = world.now_ns + period_ns
        late_ns = int(rng.random() ** 8 * 50 * NS_PER_MS)
        if self.scan_delay_s and rng.random() < 0.2:
            late_ns = int(rng.random() * self.scan_delay_s * NS_PER_S)
        world.at(self._deadline_ns + late_ns, self._scan)

    def freeze(self, for_ns: int) -> None:
        self.frozen += 1
        self.unit.world.after(for_ns, self._thaw)

    def _thaw(self) -> None:
        self.frozen -= 1
        if self.over or self.frozen:
            return
        if self._pending is not None:
            stepped_ns, outputs = self._pending
            self._pending = None
            self._carry_out(stepped_ns, outputs)
            self._next_scan()
        elif self._due:
            self._due = False
            self._scan()

    def _scan(self) -> None:
        if self.over:
            return
        if self.frozen:
            self._due = True
            return
        world = self.unit.world
        inputs = self._read()
        outputs = self.twin.step(inputs)
        world.watch.on_step(self, inputs, outputs)
        if self.plant is not None:
            self._decide(inputs, outputs)
        self.last_scan_ns = world.now_ns
        if self.halt_after_step_ns:
            self._pending = (world.now_ns, outputs)
            self.freeze(self.halt_after_step_ns)
            self.halt_after_step_ns = 0
            return
        self._carry_out(world.now_ns, outputs)
        if not self.over:
            self._next_scan()

    def _decide(self, inputs: TwinInputs, outputs: TwinOutputs) -> None:
        """The decisions' own moves are what a person's wish is elsewhere."""
        assert self.plant is not None
        self.plant.hear(inputs.beats)
        decided = self.plant.decide(inputs, outputs)
        world = self.unit.world
        if self.duty_ns is not None and decided != self._decided:
            world.wish, world.wish_ns = decided, world.now_ns
        self._decided = decided
        if outputs.on_duty:
            self.commands = decided

    # Inputs

    def _read(self) -> TwinInputs:
        unit, world = self.unit, self.unit.world
        for port in unit.ports:
            if world.rules.no_fence:
                break
            if port.alive and port.frozen and world.now_ns - port.frozen_since_ns > STALL_NS:
                port.kill()
        lines = tuple([port.evidence() for port in unit.ports])
        inputs = TwinInputs(
            unit.local(world.now_ns),
            unit.utc(),
            self._own(lines),
            self._take_beats(),
            self._paths(),
            lines,
            unit.sees_enable(),
            self.wants_duty,
            self.gives_duty,
            self.leaves,
            self.maintenance,
        )
        self.wants_duty = self.gives_duty = False
        self.maintenance = None
        return inputs

    def _own(self, lines: tuple[LineEvidence, ...]) -> OwnState:
        unit = self.unit
        lost = tuple([line.line for line in lines if not line.is_open])
        return OwnState(
            Grade(Grade.FIT - min(unit.grade_loss, 1)),
            "relay" if unit.grade_loss else "",
            site_digest=bytes([unit.drift]) * 8,
            version=(1 + unit.skew, 0, 0),
            relays=tuple([RelayState(shed, 0) for shed in unit.contacts]),
            bus_lines_lost=lost,
        )

    def _paths(self) -> tuple[PathSample, ...]:
        unit = self.unit
        return tuple(
            [
                PathSample(f"net{i}", None if heard is None else unit.local(heard))
                for i, heard in enumerate(self.heard_ns)
            ]
        )

    def _take_beats(self) -> tuple[PeerBeat, ...]:
        now_ns = self.unit.world.now_ns
        if not self.inbox:
            return ()
        self.inbox.sort(key=_arrival)
        beats: list[PeerBeat] = []
        count = 0
        for arrived_ns, _, path, datagram in self.inbox:
            if arrived_ns > now_ns:
                break
            count += 1
            is_alive, beat = self.wire.accept(datagram, self.unit.local(arrived_ns))
            if is_alive:
                self.heard_ns[path] = arrived_ns
            if beat is not None:
                self.unit.world.watch.on_accept(self.unit, datagram, beat)
                beats.append(beat)
                self.peer_beat = beat.beat
        del self.inbox[:count]
        return tuple(beats)

    # Outputs

    def _carry_out(self, stepped_ns: int, outputs: TwinOutputs) -> None:
        unit, world = self.unit, self.unit.world
        self.outputs = outputs
        self._lease(stepped_ns, outputs)
        self._move_relays(outputs)
        if outputs.may_feed or world.rules.feed_always:
            unit.feed()
        if outputs.enable:
            unit.retrigger()
        self._send(outputs.beat)
        self._number += 1
        if self._number % KEEP_EVERY == 0:
            unit.keep(self.twin.memory, self.commands)
        world.watch.on_carried_out(self, outputs)
        if self.leaves:
            self._leave(outputs)

    def _lease(self, stepped_ns: int, outputs: TwinOutputs) -> None:
        for port in self.unit.ports:
            if outputs.fence and not self.unit.world.rules.no_fence:
                port.kill()
            if outputs.may_drive_bus:
                port.renew(stepped_ns + LEASE_NS)
            else:
                port.withdraw()

    def _leave(self, outputs: TwinOutputs) -> None:
        """Told to stop: the process ends when the twin lets it, or is killed."""
        unit, world = self.unit, self.unit.world
        if outputs.has_left or world.now_ns - self.leaves_since_ns > LEAVE_NS_MAX:
            unit.keep(self.twin.memory, self.commands)
            unit.stop_control()
            world.after(self.restart_ns, unit.start_control, unit.life)

    def _move_relays(self, outputs: TwinOutputs) -> None:
        unit, world = self.unit, self.unit.world
        mirror = Mirror.RELEASE if world.rules.no_mirror else outputs.mirror
        if outputs.on_duty:
            if self.duty_ns is None:
                self.duty_ns = world.now_ns
            elif world.wish_ns > self.duty_ns and self.plant is None:
                self.commands = world.wish
            unit.contacts = self.commands
        else:
            self.duty_ns = None
            if mirror is Mirror.FOLLOW and self.peer_beat is not None and self.peer_beat.relays:
                unit.contacts = tuple([relay.shed for relay in self.peer_beat.relays])
                self.commands = unit.contacts
            elif mirror is Mirror.RELEASE:
                unit.contacts = world.no_commands
        self.mirror = mirror
        world.watch.on_contacts(unit)

    def _send(self, beat: Beat) -> None:
        # What the relays show goes out with the beat of the same scan.
        relays = tuple([RelayState(shed, 0) for shed in self.unit.contacts])
        if self.plant is not None and self.outputs is not None:
            now_ns = self.unit.local(self.unit.world.now_ns)
            self.last_beat = self.plant.say(beat, self.outputs, now_ns)
        else:
            self.last_beat = replace(beat, relays=relays) if outputs_on(beat) else beat
        self.unit.world.send(self.unit, self.wire, self.last_beat, self._number)

    def farewell(self, life: int) -> None:
        """The herald's word after this process has died and its workers are gone."""
        unit, beat = self.unit, self.last_beat
        if beat is None or life != unit.life:
            return
        said = replace(beat, farewell=True, on_duty=False, holds_bus=False, let_go=True)
        for extra in range(1, 4):
            unit.world.send(unit, self.wire, said, self._number + extra)


def outputs_on(beat: Beat) -> bool:
    return beat.role in (Role.ACTIVE, Role.YIELD)


def _arrival(entry: tuple[int, int, int, object]) -> tuple[int, int]:
    return entry[0], entry[1]
