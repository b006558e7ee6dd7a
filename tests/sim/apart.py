"""When two units could not know of each other: the one excuse for two drivers, narrowly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.model.twin import TwinInputs, TwinOutputs
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.watch import Checker

if TYPE_CHECKING:
    from tests.sim.control import Control
    from tests.sim.world import World

# Two segments: a unit that can hear the other in no way for so long may take it for dead.
APART_NS_MIN: Final = 300 * NS_PER_MS
# So long after either way is back both must have settled: a beat or query, a scan, a lease.
SETTLE_NS_MAX: Final = 3 * NS_PER_S
# Ten queries that the peer says it has sent, of which none was heard, make a receiver deaf.
KNOWN_NS: Final = 6 * NS_PER_S


class Apart(Checker):
    """No invariant: knows when a unit could not hear its peer, on no path and on no line."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.since_ns: list[int | None] = [None, None]
        self.until_ns = [-SETTLE_NS_MAX - 1, -SETTLE_NS_MAX - 1]
        self._deaf_ns: list[int | None] = [None, None]
        self._knows = [False, False]

    def on_step(self, control: Control, inputs: TwinInputs, outputs: TwinOutputs) -> None:  # noqa: ARG002
        self.look(control.unit.index)

    def look(self, index: int) -> None:
        world, now_ns = self.world, self.world.now_ns
        heard = hears_beats(world, index)
        hidden = all(line.hides(index) for line in world.lines)
        self._learn(index, heard=heard, hidden=hidden)
        since_ns = self.since_ns[index]
        if heard or not hidden or self._knows[index]:
            if since_ns is not None and now_ns - since_ns >= APART_NS_MIN:
                self.until_ns[index] = now_ns
            self.since_ns[index] = None
        elif since_ns is None:
            self.since_ns[index] = now_ns

    def _learn(self, index: int, *, heard: bool, hidden: bool) -> None:
        """Deaf while the peer's beats told of many queries: it is to know, and no more excused."""
        peer = self.world.units[1 - index].control
        now_ns = self.world.now_ns
        if not hidden:
            self._knows[index] = False
        polls = peer is not None and peer.outputs is not None and peer.outputs.may_drive_bus
        if not (heard and hidden and polls and self.world.lines):
            self._deaf_ns[index] = None
        elif self._deaf_ns[index] is None:
            self._deaf_ns[index] = now_ns
        elif now_ns - (self._deaf_ns[index] or 0) >= KNOWN_NS:
            self._knows[index] = True

    def excuses(self) -> bool:
        """Cable cut between the units, or what comes to the same for the one that listens, AND no
        heartbeat: nobody could tell. It must end soon after either way is back.
        """
        now_ns = self.world.now_ns
        for index in (0, 1):
            self.look(index)
            since_ns = self.since_ns[index]
            if since_ns is not None and now_ns - since_ns >= APART_NS_MIN:
                return True
            if now_ns - self.until_ns[index] <= SETTLE_NS_MAX:
                return True
        return False


def hears_beats(world: World, index: int) -> bool:
    """By what arrived: sessions need both ways once, which no look at the cables shows."""
    control = world.units[index].control
    if control is None:
        return False
    heard = [at_ns for at_ns in control.heard_ns if at_ns is not None]
    return bool(heard) and world.now_ns - max(heard) <= APART_NS_MIN


def apart_of(world: World) -> Apart:
    found = next(checker for checker in world.watch.checkers if isinstance(checker, Apart))
    assert isinstance(found, Apart)
    return found
