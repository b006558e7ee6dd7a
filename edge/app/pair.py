"""One of two gateways in each scan: hears the peer, lets the twin decide, leads or follows.

What the roles mean for bus leases, relays, watchdog and state is carried out here and nowhere else.
Decides nothing about roles (edge.core.twin) and nothing about power (edge.core.controller).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edge.adapters.enable import EnableLines
from edge.app.carried import Carried, asks_for, wanted_maintenance
from edge.app.duty import BUS_LEASE_NS
from edge.app.following import Following
from edge.app.grade import own_grade
from edge.app.starting import StartingRelays
from edge.bus.handle import BusWorker
from edge.core.controller import Controller
from edge.core.twin.machine import Twin
from edge.core.twin.shadow import moves_of_takeover
from edge.model.order import Order, TwinOrder
from edge.model.scan import BusCondition, HealthSample, RelayCommand, ScanInputs, ScanOutputs
from edge.model.twin import (
    Grade,
    Mirror,
    OwnState,
    PeerBeat,
    Role,
    TwinInputs,
    TwinMemory,
    TwinOutputs,
)
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S
from edge.peer.link import PeerLink

_GRADE_NS: Final = NS_PER_S // 2
# A peer that was heard in this time takes over what this process leaves.
_TAKER_NS: Final = NS_PER_S

# A unit in these roles since its start knows of nobody on duty, and leaves its relays as they are.
_STARTING: Final = frozenset({Role.BOOT, Role.LISTEN, Role.CLAIM})
_RESETS_KEPT: Final = 8


class Version(Struct, frozen=True):
    """What both units should have alike."""

    site_digest: bytes
    version: tuple[int, int, int]


class PairDuty:
    """The twin with everything that it moves. `starting` is in force while nobody is heard yet;
    `fault` stands as long as this process. `is_copied`: a copy of this disk would be the same unit;
    while one is heard, this one does not go on duty.
    """

    def __init__(
        self,
        twin: Twin,
        link: PeerLink,
        workers: Sequence[BusWorker],
        enable: EnableLines | None,
        following: Following,
        version: Version,
        starting: StartingRelays,
        fault: HealthSample | None,
        *,
        is_copied: bool = False,
    ) -> None:
        self.decided: ScanOutputs | None = None
        self.adopted: bytes | None = None
        self._twin = twin
        self._link = link
        self._workers = workers
        self._witnesses = tuple(worker for worker in workers if worker.listens)
        self._enable = enable
        self._following = following
        self._version = version
        self._starting, self._held = starting, starting.relays
        self._is_starting = True
        self._fault, self._is_copied = fault, is_copied
        self._has_deaf_lines = len(self._witnesses) < len(self._workers)
        self._carried = Carried(link)
        self._now_mono_ns = self._now_utc_ns = 0
        self._outputs: TwinOutputs | None = None
        self._peer: PeerBeat | None = None
        self._leader: PeerBeat | None = None
        self._leads = False
        self._leaves = False
        self._bus_lost: dict[str, bool] = {}
        self._grade = (Grade.FIT, "")
        self._grade_due_mono_ns = 0

    @property
    def controller(self) -> Controller:
        return self._following.controller

    @property
    def may_feed(self) -> bool:
        return self._outputs is not None and self._outputs.may_feed

    @property
    def releases(self) -> bool:
        peer = self._peer
        if peer is None or not self._is_heard(peer):
            return False
        # Of another site file's relays none are in force over there before it has the duty.
        return peer.beat.on_duty or (peer.beat.ready and self._is_same_site(peer))

    @property
    def conditions(self) -> Sequence[HealthSample]:
        twin = self._outputs.health if self._outputs is not None else ()
        fault = (self._fault,) if self._fault is not None else ()
        return (*twin, *self._link.health(), *self._following.conditions, *fault)

    @property
    def memory(self) -> TwinMemory:
        return self._twin.memory

    def status(self) -> TwinStatus | None:
        seen, asked_s = self._twin.status(), self._link.identify_s
        return replace(seen, diverges=self._following.divergence, identify_s=asked_s)

    def begin(self, now_mono_ns: int, now_utc_ns: int) -> None:
        if self._enable is not None:
            self._enable.rearm(now_mono_ns)
        self._now_mono_ns, self._now_utc_ns = now_mono_ns, now_utc_ns
        beats = self._link.receive(now_mono_ns)
        self._hear(beats)
        orders = self._carried.take_twin_orders()
        outputs = self._twin.step(
            TwinInputs(
                now_mono_ns,
                now_utc_ns,
                self._own(),
                beats,
                self._link.paths(now_mono_ns),
                tuple(worker.evidence() for worker in self._witnesses),
                self._enable.peer_scans(now_mono_ns) if self._enable is not None else None,
                wants_duty=asks_for(orders, self._twin.spec.unit),
                gives_duty=asks_for(orders, self._twin.spec.peer),
                leaves=self._leaves,
                maintenance=wanted_maintenance(orders),
            )
        )
        self._outputs = outputs
        self._is_starting &= outputs.role in _STARTING
        for worker in self._workers:
            if outputs.fence:
                worker.fence()
            # More than one may ask on TCP, and nothing is learned of the bus there.
            may_ask = outputs.on_duty and not worker.listens
            if outputs.may_drive_bus or may_ask:
                worker.renew(now_mono_ns + BUS_LEASE_NS)
            else:
                worker.withdraw()

    def route(self, orders: Sequence[Order | TwinOrder]) -> tuple[Order, ...]:
        """Not while the duty is offered to the peer: it would not learn of an order any more."""
        assert self._outputs is not None
        is_here = self._outputs.role is Role.ACTIVE
        taken = self._carried.route(orders, self._now_mono_ns, self._now_utc_ns, here=is_here)
        if is_here and taken:
            self._following.hurry()
        return taken

    def decide(self, inputs: ScanInputs) -> ScanOutputs:
        outputs = self._outputs
        assert outputs is not None
        begins = outputs.on_duty and not self._leads
        self._take_state(outputs, inputs.now_mono_ns)
        moves = moves_of_takeover(self._held, self.controller, inputs) if begins else ()
        decided = self.decided = self.controller.step(inputs)
        self._following.note()
        self._note(inputs)
        told = (*moves, *outputs.events, *self._carried.take_events())
        if outputs.on_duty:
            self._held = decided.relays
            return replace(decided, events=(*decided.events, *told))
        is_led = outputs.follows and outputs.mirror is Mirror.FOLLOW
        shadow = self._following.shadow(decided, self._leader if is_led else None)
        self._held = self._mirrored(outputs.mirror)
        return replace(shadow, relays=self._held, events=(*shadow.events, *told))

    def finish(self, now_mono_ns: int) -> None:
        outputs = self._outputs
        assert outputs is not None
        if self._enable is not None and outputs.enable:
            self._enable.trigger(now_mono_ns)
        if outputs.sends_state:
            self._following.send(self._link, now_mono_ns)
        beat = outputs.beat
        if outputs.on_duty:
            beat = self._following.fill(beat, now_mono_ns)
        self._link.send(beat, now_mono_ns, tuple(worker.pid for worker in self._workers))

    def note_reset(self, now_utc_ns: int) -> None:
        """This start of the machine was a reset by its watchdog."""
        memory = self._twin.memory
        memory.resets_utc_ns = (*memory.resets_utc_ns, now_utc_ns)[-_RESETS_KEPT:]

    def may_end(self, stopping: bool) -> bool:
        self._leaves = stopping
        return stopping and self._outputs is not None and self._outputs.has_left

    def close(self, *, crashed: bool) -> None:
        self._link.close(farewell=crashed)

    def _take_state(self, outputs: TwinOutputs, now_mono_ns: int) -> None:
        """The peer's state while it leads; its last commands where this unit begins to."""
        self.adopted = None
        if self._leads and not outputs.on_duty:
            self._following.part()
        if outputs.on_duty or outputs.follows:
            # On duty it is of a conflict: taken out, so that it is not found much later.
            state = self._link.take_state()
            told = state.data if state is not None else None
            if not outputs.on_duty:
                self.adopted = self._following.adopt(told, self._peer, now_mono_ns)
            elif not self._leads:
                self.adopted = self._following.promote(self._leader, told, now_mono_ns)
        if outputs.on_duty or outputs.mirror is Mirror.RELEASE:
            self._leader = None  # what it had in force was taken over, or is not in force here
        self._leads = outputs.on_duty

    def _mirrored(self, mirror: Mirror) -> tuple[RelayCommand, ...]:
        loads = tuple(command.load for command in self._held)
        if mirror is Mirror.RELEASE:
            if self._is_starting and self._starting.may_stay(self._now_mono_ns):
                return self._held
            self._following.release()
            released = tuple(RelayCommand(load, shed=False) for load in loads)
            return self._starting.safe if self._is_starting else released
        relays = self._leader.beat.relays if self._leader is not None else ()
        if mirror is Mirror.FOLLOW and len(relays) == len(loads):
            return tuple(
                RelayCommand(load, relay.shed) for load, relay in zip(loads, relays, strict=True)
            )
        return self._held

    def _hear(self, beats: tuple[PeerBeat, ...]) -> None:
        """The newest beat; and the newest that says what is in force, the farewell included."""
        for heard in beats:
            was_leading = self._peer is not None and self._peer.beat.on_duty
            is_leading = heard.beat.on_duty or (heard.beat.farewell and was_leading)
            if is_leading and self._is_same_site(heard):
                self._leader = heard
            self._peer = heard

    def _own(self) -> OwnState:
        grade, why_grade = self._grade
        if self._is_copied and self._link.hears_own_unit and not self._leads:
            grade, why_grade = Grade.UNFIT, "another machine speaks as this unit"
        return OwnState(
            grade,
            why_grade,
            self._version.site_digest,
            self._following.plan_digest(),
            self._version.version,
            bus_lines_lost=tuple(name for name, lost in self._bus_lost.items() if lost),
        )

    def _note(self, inputs: ScanInputs) -> None:
        for sample in inputs.buses:
            self._bus_lost[sample.bus] = sample.condition in {
                BusCondition.PORT_LOST,
                BusCondition.WORKER_LOST,
            }
        if inputs.now_mono_ns >= self._grade_due_mono_ns:
            self._grade_due_mono_ns = inputs.now_mono_ns + _GRADE_NS
            status = self.controller.status()
            assert status is not None
            self._grade = own_grade(
                inputs,
                status,
                has_unheard_lines=self._has_deaf_lines and not self._leads,
                nobody_polls=not self._leads and not self._is_led(),
            )

    def _is_heard(self, peer: PeerBeat) -> bool:
        return self._now_mono_ns - peer.received_mono_ns <= _TAKER_NS

    def _is_led(self) -> bool:
        peer = self._peer
        return peer is not None and peer.beat.on_duty and self._is_heard(peer)

    def _is_same_site(self, peer: PeerBeat) -> bool:
        """Whether its relays, and their order, are those of this unit's site file."""
        return peer.is_compatible and peer.beat.site_digest == self._version.site_digest
