"""Leaps over quiet time: steady units, no timer running, nothing due.

In a steady state every instant is either refreshed scan by scan, and stays as old as it is, or it
is old, and gets older by the leap. An instant between the two is a timer under way: no leap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from edge.model.units import NS_PER_S

if TYPE_CHECKING:
    from tests.sim.unit import Unit
    from tests.sim.world import World

FRESH_NS: Final = 5 * NS_PER_S
# Longer than every timer of TwinSpec but those of the swaps and resets.
OLD_NS: Final = 35 * NS_PER_S
LEAP_NS_MAX: Final = 600 * NS_PER_S
LEAP_NS_MIN: Final = 10 * NS_PER_S
MARGIN_NS: Final = 3 * NS_PER_S
_SUFFIX: Final = "_mono_ns"


def skip_quiet(world: World, until_next_ns: int) -> None:
    """Leap towards the next entry of the agenda if the world is quiet."""
    leap_ns = min(until_next_ns - MARGIN_NS, LEAP_NS_MAX)
    if leap_ns < LEAP_NS_MIN or world.now_ns - world.changed_ns < OLD_NS:
        return
    if not all(_is_steady(unit) for unit in world.units):
        return
    for unit in world.units:
        if unit.control is not None:
            now_ns = unit.local(world.now_ns)
            _age(unit.control.twin.state, now_ns, leap_ns)
            unit.control.age(world.now_ns - OLD_NS, leap_ns)
        for port in unit.ports:
            port.age(world.now_ns - OLD_NS, leap_ns)
    world.skipped_ns += leap_ns
    world.watch.on_leap(leap_ns)


def _is_steady(unit: Unit) -> bool:
    if unit.booting:
        return False
    control = unit.control
    if control is None:
        return not unit.up
    if control.frozen or control.leaves:
        return False
    now_ns = unit.local(unit.world.now_ns)
    return not any(FRESH_NS < abs(now_ns - at) <= OLD_NS for at in _instants(control.twin.state))


def _instants(value: Any, *, is_instant: bool = False) -> list[int]:
    if isinstance(value, Struct):
        return [
            at
            for name in value.__struct_fields__
            for at in _instants(getattr(value, name), is_instant=name.endswith(_SUFFIX))
        ]
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        return [at for item in value for at in _instants(item, is_instant=is_instant)]
    return [value] if is_instant and type(value) is int else []


def _age(state: Struct, now_ns: int, leap_ns: int) -> None:
    """In place: the twin keeps its state object."""
    for name in state.__struct_fields__:
        old = getattr(state, name)
        new = _aged(old, now_ns, leap_ns, is_instant=name.endswith(_SUFFIX))
        if new is not old:
            setattr(state, name, new)


def _aged(value: Any, now_ns: int, leap_ns: int, *, is_instant: bool) -> Any:
    if isinstance(value, Struct):
        if not value.__struct_config__.frozen:
            _age(value, now_ns, leap_ns)
            return value
        changes = {}
        for name in value.__struct_fields__:
            old = getattr(value, name)
            new = _aged(old, now_ns, leap_ns, is_instant=name.endswith(_SUFFIX))
            if new is not old:
                changes[name] = new
        return msgspec.structs.replace(value, **changes) if changes else value
    if isinstance(value, dict):
        return {k: _aged(v, now_ns, leap_ns, is_instant=is_instant) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_aged(v, now_ns, leap_ns, is_instant=is_instant) for v in value)
    if is_instant and type(value) is int and abs(now_ns - value) > OLD_NS:
        return value - leap_ns
    return value
