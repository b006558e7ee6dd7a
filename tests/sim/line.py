"""An RS-485 line as electricity: two units, meters, and what can be wrong between them.

Also the worker at each unit's end, as far as timing goes: permission, arming, check, write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.model.twin import LineEvidence
from edge.model.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from tests.sim.unit import Unit
    from tests.sim.world import World

FRAME_NS: Final = 5 * NS_PER_MS
REPLY_NS: Final = 25 * NS_PER_MS
# A worker that shows no life for so long is replaced.
STALL_NS: Final = NS_PER_S
ARMED: Final = "armed"
CHECKED: Final = "checked"


class Port:
    """One unit's end of one line: its worker process and its transceiver."""

    def __init__(self, unit: Unit, line: Line) -> None:
        self.unit = unit
        self.line = line
        self.deaf = self.dead_tx = self.stuck = self.usb = 0
        self.alive = False
        self.run = 0
        self.frozen = 0
        self.chain = 0
        self.reset()

    def reset(self) -> None:
        """A new worker knows nothing."""
        self.run += 1
        self.chain += 1
        self.polling = False
        self.phase = ""
        self.phase_since_ns = 0
        self.buffered = False
        self.frozen_since_ns = 0
        self.lease_until_ns = 0
        self.withdrawn_scans = 0
        self.twin_ns: int | None = None
        self.stranger_ns: int | None = None
        self.proof_ns: int | None = None
        self.asked_ns: int | None = None
        self.sent_count = self.heard_count = 0

    @property
    def is_open(self) -> bool:
        return self.alive and not self.usb

    def evidence(self) -> LineEvidence:
        local = self.unit.local
        twin, stranger, proof, asked = (
            self.twin_ns,
            self.stranger_ns,
            self.proof_ns,
            self.asked_ns,
        )
        return LineEvidence(
            self.line.name,
            None if twin is None else local(twin),
            None if stranger is None else local(stranger),
            None if proof is None else local(proof),
            None if asked is None else local(asked),
            self.sent_count,
            self.heard_count,
            self.is_open,
            self.alive and self.phase != "",
        )

    def age(self, before_ns: int, leap_ns: int) -> None:
        """What is older than a leap's limit gets older by it, as the twin's own instants do."""
        for name in ("twin_ns", "stranger_ns", "proof_ns", "asked_ns"):
            at_ns = getattr(self, name)
            if at_ns is not None and at_ns < before_ns:
                setattr(self, name, at_ns - leap_ns)

    def may_write(self) -> bool:
        return self.alive and not self.usb and self.line.world.now_ns < self.lease_until_ns

    def renew(self, until_ns: int) -> None:
        """Permission by the unit's scan. An idle worker looks at it within 10 ms."""
        self.lease_until_ns = until_ns
        self.withdrawn_scans = 0
        if self.alive and not self.polling and not self.frozen:
            self.polling = True
            self._poll_after(self._wait_ns())

    def withdraw(self) -> None:
        self.lease_until_ns = 0
        if self.alive and self.phase:
            self.withdrawn_scans += 1
            if self.withdrawn_scans > 2 and not self.line.world.rules.no_fence:
                self.kill()

    def _wait_ns(self) -> int:
        """A heard query whose reply has not come is waited for."""
        rng, world = self.line.world.rng, self.line.world
        wait_ns = rng.randrange(1, 10) * NS_PER_MS
        if self.twin_ns is not None:
            wait_ns = max(wait_ns, self.twin_ns + 2 * REPLY_NS - world.now_ns)
        return wait_ns

    def _poll_after(self, wait_ns: int) -> None:
        self.chain += 1
        self.line.world.after(wait_ns, self.poll, self.chain)

    def poll(self, chain: int) -> None:
        """Arm, look at the lease, write; a freeze may catch it between any two of them."""
        if chain != self.chain or not self.alive:
            return
        if self.frozen:
            self.polling = False
            return
        self.phase, self.phase_since_ns = ARMED, self.line.world.now_ns
        self._check()

    def _check(self) -> None:
        world = self.line.world
        if world.now_ns >= self.lease_until_ns and not world.rules.no_lease_check:
            self.phase, self.polling = "", False
            return
        self._write()

    def _write(self) -> None:
        world = self.line.world
        self.phase = ""
        if not self.usb:
            self.asked_ns = world.now_ns
            self.sent_count += 1
            self.line.transmit(self)
        gap_ns = self.unit.spec.query_gap_ns
        self._poll_after(world.rng.randrange(gap_ns // 4, gap_ns))

    def freeze(self, phase: str, for_ns: int) -> None:
        """Stopped as a process. With a `phase` it is caught on its way to a write."""
        if not self.alive:
            return
        now_ns = self.line.world.now_ns
        if not self.frozen:
            self.frozen_since_ns = now_ns
            if phase and self.may_write() and self.polling:
                self.chain += 1
                self.phase, self.phase_since_ns = phase, now_ns
        self.frozen += 1
        self.line.world.after(for_ns, self.thaw, self.run)

    def thaw(self, run: int) -> None:
        """It goes on where it was, whatever has become of its permission."""
        if run != self.run or not self.frozen:
            return
        self.frozen -= 1
        if self.frozen or not self.alive:
            return
        if self.buffered:
            self.buffered = False
            self.twin_ns = self.line.world.now_ns
        if self.phase == CHECKED:
            self._write()
        elif self.phase == ARMED:
            self._check()

    def start(self) -> None:
        self.reset()
        self.alive = True
        self.frozen = 0

    def kill(self) -> None:
        """SIGKILL: also a stopped process never runs again. The unit replaces it."""
        if not self.alive:
            return
        self.end()
        world = self.line.world
        world.after(
            world.rng.randrange(100, 300) * NS_PER_MS,
            self.unit.replace_worker,
            self,
            self.unit.life,
        )

    def end(self) -> None:
        self.alive = False
        self.frozen = 0
        self.reset()


class Line:
    """The wire: who reaches whom at this moment."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.cut = self.short = self.slow_meter = self.no_meter = 0
        self.noise = 0.0
        self.ports: list[Port] = []
        self.frame_until_ns = [0, 0]
        self.garbled = [False, False]
        self.last_ns: list[int | None] = [None, None]

    def reaches(self, sender: int, receiver: int) -> bool:
        """Whether a frame driven at one unit can be read at the other (or at itself)."""
        sends, hears = self.ports[sender], self.ports[receiver]
        if sends.dead_tx or sends.usb or self.short or hears.deaf or hears.usb:
            return False
        if sender != receiver and self.cut:
            return False
        jammer = self.ports[1 - sender]
        return not (jammer.stuck and (sender == receiver or not self.cut) and not self.cut)

    def hides(self, receiver: int) -> bool:
        """Whether nothing the other unit drives can be read here, and neither unit can know: a
        dead transmitter shows in its own missing echo, a lost adapter or worker in its absence.
        """
        jammed = any(each.stuck for each in self.ports)
        return bool(self.cut or self.short or self.ports[receiver].deaf or jammed)

    def answers(self, unit: int) -> bool:
        """Whether a query of this unit gets its reply."""
        port = self.ports[unit]
        if self.no_meter or self.slow_meter or not self.reaches(unit, unit):
            return False
        if any(other.stuck for other in self.ports if other is port or not self.cut):
            return False
        return not (self.cut and unit != self.world.site.meter_side)

    def transmit(self, port: Port) -> None:
        world, me = self.world, port.unit.index
        if port.dead_tx or not port.unit.drives():
            return
        now_ns, other = world.now_ns, 1 - me
        world.watch.on_transmit(port)
        self.garbled[me] = False
        if self.frame_until_ns[other] > now_ns and not self.cut:
            self.garbled[me] = self.garbled[other] = True
        self.frame_until_ns[me] = now_ns + FRAME_NS
        self.last_ns[me] = now_ns
        world.after(FRAME_NS, self._complete, port, port.run)

    def _complete(self, port: Port, run: int) -> None:
        world, me = self.world, port.unit.index
        if self.garbled[me]:
            return
        peer = self.ports[1 - me]
        if self.reaches(me, 1 - me) and not self._noisy():
            peer_hears(peer)
        if run != port.run or port.frozen:
            return
        echoed = world.site.echo and self.reaches(me, me)
        if (echoed or self.answers(me)) and not self._noisy():
            port.proof_ns = world.now_ns

    def _noisy(self) -> bool:
        return bool(self.noise) and self.world.rng.random() < self.noise

    def stranger_asks(self, twin_like: bool) -> None:
        """A query of a third master, at both ends where it can be heard."""
        for port in self.ports:
            if self.short or port.deaf or port.usb or not port.alive or self._noisy():
                continue
            if twin_like:
                peer_hears(port)
            elif not port.frozen:
                port.stranger_ns = self.world.now_ns


def peer_hears(port: Port) -> None:
    """A valid query that this port did not send has come in whole."""
    if not port.alive or port.usb:
        return
    if port.frozen:
        port.buffered = True
        return
    port.twin_ns = port.line.world.now_ns
    port.heard_count += 1
