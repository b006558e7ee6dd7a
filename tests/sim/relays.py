"""The invariant of the relays: a takeover moves none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.apart import hears_beats
from tests.sim.scenario import Fault, ns
from tests.sim.watch import Checker

if TYPE_CHECKING:
    from tests.sim.control import Control
    from tests.sim.unit import Unit
    from tests.sim.world import World

# A beat, a scan, and a lost beat or two.
LAG_NS_MAX: Final = 600 * NS_PER_MS
# Until the next checkpoint that is written.
BLIND_NS: Final = 60 * NS_PER_S


class RelaysStay(Checker):
    """What the unit on duty has shed for a while stays shed as long as a unit runs that followed
    it: contacts are in parallel, so either unit's is enough.

    Excused: the mirror is released on purpose (another site file or major version, or the peer not
    heard for the declared hold), and a unit whose disk was lost or took no more: it cannot know.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._ordered = world.no_commands
        self._ordered_ns = 0
        self._blind_ns = 0
        self._followed: dict[int, tuple[int, Control]] = {}

    def on_fault(self, fault: Fault) -> None:
        if fault.kind in ("disk_lost", "disk_read_only"):
            self._blind_ns = self.world.now_ns + ns(fault.for_s) + BLIND_NS

    def on_contacts(self, unit: Unit) -> None:
        world, control = self.world, unit.control
        if control is not None and control.outputs is not None:
            if not control.outputs.on_duty:
                self._note_follower(control)
            elif control.duty_ns is not None and unit.contacts != self._ordered:
                if world.wish_ns <= control.duty_ns:
                    self._check(unit)
                self._ordered, self._ordered_ns = unit.contacts, world.now_ns
        self._check(unit)

    def _note_follower(self, control: Control) -> None:
        """Whoever hears the unit on duty is to follow it."""
        unit, peer, world = control.unit, control.unit.peer, self.world
        leads = peer.control is not None and peer.control.duty_ns is not None
        if unit.drift != peer.drift or unit.skew != peer.skew:
            self._followed.pop(unit.index, None)
        elif leads and hears_beats(world, unit.index) and hears_beats(world, peer.index):
            since_ns = world.now_ns - max(self._ordered_ns, control.started_ns)
            if since_ns > LAG_NS_MAX:
                self._followed[unit.index] = (world.now_ns, control)

    def _check(self, changed: Unit) -> None:
        world = self.world
        if world.now_ns < self._blind_ns:
            return
        if world.now_ns - self._ordered_ns < LAG_NS_MAX:
            return
        contacts = [unit.contacts for unit in world.units]
        lost = [
            index
            for index, shed in enumerate(self._ordered)
            if shed and not any(each[index] for each in contacts)
        ]
        if lost and self._knows():
            self.violated(f"load {lost[0]} is released by {changed.spec.unit} at a change of roles")

    def _knows(self) -> bool:
        """A unit that followed these commands still runs, and is to hold them."""
        return any(
            followed_ns >= self._ordered_ns
            and not control.over
            and self.world.now_ns - followed_ns < control.unit.spec.mirror_hold_ns
            for followed_ns, control in self._followed.values()
        )
