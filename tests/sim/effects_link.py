"""What befalls the paths between the units, and what operators order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edge.model.twin import Role
from edge.model.units import NS_PER_MS
from tests.sim.path import Datagram
from tests.sim.scenario import Fault, ns
from tests.sim.undo import Undo, all_of, count_up, set_for

if TYPE_CHECKING:
    from tests.sim.world import World

# Paths


def path_cut(world: World, fault: Fault) -> Undo:
    return all_of(*[count_up(way[fault.index], "cuts") for way in world.paths])


def path_one_way(world: World, fault: Fault) -> Undo:
    return count_up(world.paths[fault.unit][fault.index], "cuts")


def all_paths(world: World, fault: Fault) -> Undo:  # noqa: ARG001
    return all_of(*[count_up(path, "cuts") for way in world.paths for path in way])


def every_path(name: str) -> Callable[[World, Fault], Undo]:
    return lambda world, fault: set_for(
        [path for way in world.paths for path in way], name, fault.level
    )


def forge(world: World, fault: Fault) -> Undo:
    """Datagrams made without the key: recorded ones, bent to say that the duty is elsewhere."""
    end_ns = world.now_ns + ns(fault.for_s)
    unit = world.units[fault.unit]

    def send() -> None:
        for index, path in enumerate(world.paths[1 - fault.unit]):
            if path.tape:
                recorded = world.rng.choice(path.tape)
                world.deliver(unit, index, _bent(recorded, world.rng.randrange(1000)), world.now_ns)
        if world.now_ns < end_ns:
            world.after(world.rng.randrange(20, 400) * NS_PER_MS, send)

    send()
    return None


def _bent(datagram: object, at: int) -> object:
    """One byte is another; without bytes, what a forger would like to say."""
    assert isinstance(datagram, Datagram)
    raw = datagram.raw
    if raw:
        at %= len(raw)
        raw = raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]
    beat = replace(datagram.beat, role=Role.ACTIVE, epoch=datagram.beat.epoch + 9)
    return replace(datagram, beat=beat, sequence=datagram.sequence + 10**6, forged=True, raw=raw)


def replay(world: World, fault: Fault) -> Undo:
    """Recorded datagrams come again, of this boot and of earlier ones, hours later."""
    end_ns = world.now_ns + ns(fault.for_s)
    unit = world.units[fault.unit]

    def send() -> None:
        for index, path in enumerate(world.paths[1 - fault.unit]):
            if path.tape:
                world.deliver(unit, index, world.rng.choice(path.tape), world.now_ns)
        if world.now_ns < end_ns:
            world.after(world.rng.randrange(20, 400) * NS_PER_MS, send)

    send()
    return None


# Orders


def handover(world: World, fault: Fault) -> Undo:
    """`denban handover` to the unit, given at it or at its peer."""
    unit = world.units[fault.unit]
    if fault.level < 0.5:
        if unit.control is not None:
            unit.control.wants_duty = True
    elif unit.peer.control is not None:
        unit.peer.control.gives_duty = True
    return None


def maintenance(world: World, fault: Fault) -> Undo:
    unit = world.units[fault.unit]

    def order(*, begins: bool) -> None:
        if unit.control is not None:
            unit.control.maintenance = begins

    order(begins=True)
    return lambda: order(begins=False)


def stop(world: World, fault: Fault) -> Undo:
    control = world.units[fault.unit].control
    if control is not None and not control.leaves:
        control.leaves = True
        control.leaves_since_ns = world.now_ns
        control.restart_ns = ns(fault.for_s)
    return None
