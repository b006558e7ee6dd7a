"""What each kind of fault does to the world, and how it ends. Pure mechanics, no judgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from edge.model.twin import TwinMemory
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.sim.effects_link import (
    all_paths,
    every_path,
    forge,
    handover,
    maintenance,
    path_cut,
    path_one_way,
    replay,
    stop,
)
from tests.sim.line import ARMED, CHECKED
from tests.sim.scenario import Fault, ns
from tests.sim.undo import Undo, all_of, count_up, set_for

if TYPE_CHECKING:
    from tests.sim.unit import Unit
    from tests.sim.world import World

PHASES: Final = ("", ARMED, CHECKED)


def begin(world: World, fault: Fault) -> Undo:
    """Start it; returns how to end it."""
    return EFFECTS[fault.kind](world, fault)


# Machines


def _crash(world: World, fault: Fault) -> Undo:
    world.units[fault.unit].crash(ns(fault.for_s), herald=True, stuck_worker=fault.level > 0.5)
    return None


def _crash_silent(world: World, fault: Fault) -> Undo:
    world.units[fault.unit].crash(ns(fault.for_s), herald=False, stuck_worker=False)
    return None


def _hang(world: World, fault: Fault) -> Undo:
    """The whole machine stops; its pieces go on one by one."""
    unit, rng = world.units[fault.unit], world.rng
    if unit.control is not None:
        unit.control.freeze(ns(fault.for_s))
        if rng.random() < 0.3:
            unit.control.halt_after_step_ns = 0
    longest_ns = min(ns(fault.for_s), unit.spec.watchdog_ns + unit.spec.reset_ns)
    for port in unit.ports:
        port.freeze(rng.choice(PHASES), max(1, int(rng.choice((1.0, rng.random())) * longest_ns)))
    return None


def _stop_control(world: World, fault: Fault) -> Undo:
    control = world.units[fault.unit].control
    if control is None:
        return None
    if fault.level > 0.5 and not control.frozen:
        control.halt_after_step_ns = ns(fault.for_s)
    else:
        control.freeze(ns(fault.for_s))
    return None


def _stop_worker(world: World, fault: Fault) -> Undo:
    port = world.units[fault.unit].ports[fault.index]
    port.freeze(PHASES[int(fault.level)], ns(fault.for_s))
    return None


def _slow_scan(world: World, fault: Fault) -> Undo:
    control = world.units[fault.unit].control
    return None if control is None else set_for([control], "scan_delay_s", fault.level)


def _power(world: World, fault: Fault) -> Undo:
    return _power_of(world.units[fault.unit])


def _power_of(unit: Unit) -> Undo:
    unit.power_cuts += 1
    unit.power_off()

    def back() -> None:
        unit.power_cuts -= 1
        unit.power_on()

    return back


def _power_both(world: World, fault: Fault) -> Undo:  # noqa: ARG001
    return all_of(*[_power_of(unit) for unit in world.units])


def _brown_out(world: World, fault: Fault) -> Undo:
    """Power comes and goes, mostly before the machine is up."""
    unit, rng = world.units[fault.unit], world.rng
    unit.power_off()
    at_ns, end_ns = world.now_ns, world.now_ns + ns(fault.for_s)
    while at_ns < end_ns:
        at_ns += rng.randrange(1, 50) * 100 * NS_PER_MS
        world.at(at_ns, unit.power_on)
        at_ns += rng.randrange(1, 25) * NS_PER_S
        if at_ns < end_ns:
            world.at(at_ns, unit.power_off)
    return None


def _reset_loop(world: World, fault: Fault) -> Undo:
    """A machine that hangs again some seconds after each start."""
    unit = world.units[fault.unit]
    end_ns = world.now_ns + ns(fault.for_s)

    def hang() -> None:
        if world.now_ns < end_ns:
            if unit.control is not None and not unit.control.frozen:
                unit.control.freeze(60 * NS_PER_S)
            world.after(world.rng.randrange(5, 15) * NS_PER_S, hang)

    hang()
    return None


def _clock_step(world: World, fault: Fault) -> Undo:
    world.units[fault.unit].wall_offset_s += fault.level
    return None


def _disk_lost(world: World, fault: Fault) -> Undo:
    world.units[fault.unit].memory = TwinMemory()
    return None


def _on_unit(name: str) -> Callable[[World, Fault], Undo]:
    return lambda world, fault: count_up(world.units[fault.unit], name)


def _grade(world: World, fault: Fault) -> Undo:
    """A relay that fails; with a higher level it comes and goes."""
    unit = world.units[fault.unit]
    if fault.level < 1:
        return count_up(unit, "grade_loss")
    undo = count_up(unit, "grade_loss")
    world.after(ns(fault.for_s / 2), undo)
    return None


# Lines


def _on_port(name: str) -> Callable[[World, Fault], Undo]:
    return lambda world, fault: count_up(world.units[fault.unit].ports[fault.index], name)


def _on_line(name: str) -> Callable[[World, Fault], Undo]:
    return lambda world, fault: count_up(world.lines[fault.index], name)


def _noise(world: World, fault: Fault) -> Undo:
    return set_for([world.lines[fault.index]], "noise", fault.level)


def _stranger(world: World, fault: Fault) -> Undo:
    line = world.lines[fault.index]
    end_ns = world.now_ns + ns(fault.for_s)

    def ask() -> None:
        if world.now_ns < end_ns:
            line.stranger_asks(fault.level > 0.5)
            world.after(world.rng.randrange(100, 400) * NS_PER_MS, ask)

    ask()
    return None


EFFECTS: Final[dict[str, Callable[[World, Fault], Undo]]] = {
    "crash": _crash,
    "crash_silent": _crash_silent,
    "hang": _hang,
    "stop_control": _stop_control,
    "stop_worker": _stop_worker,
    "slow_scan": _slow_scan,
    "power": _power,
    "power_both": _power_both,
    "brown_out": _brown_out,
    "reset_loop": _reset_loop,
    "clock_step": _clock_step,
    "disk_lost": _disk_lost,
    "disk_read_only": _on_unit("disk_read_only"),
    "grade": _grade,
    "deaf": _on_port("deaf"),
    "dead_tx": _on_port("dead_tx"),
    "stuck": _on_port("stuck"),
    "usb": _on_port("usb"),
    "cable_cut": _on_line("cut"),
    "short": _on_line("short"),
    "noise": _noise,
    "slow_meter": _on_line("slow_meter"),
    "no_meter": _on_line("no_meter"),
    "stranger": _stranger,
    "path_cut": path_cut,
    "path_one_way": path_one_way,
    "all_paths": all_paths,
    "loss": every_path("loss"),
    "duplicate": every_path("duplicate"),
    "reorder": every_path("reorder_s"),
    "delay": every_path("delay_s"),
    "forge": forge,
    "replay": replay,
    "enable_wire": _on_unit("enable_wire_cuts"),
    "site_drift": _on_unit("drift"),
    "skew": _on_unit("skew"),
    "handover": handover,
    "maintenance": maintenance,
    "stop": stop,
}
