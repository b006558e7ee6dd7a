"""Checks of the meter lines' ports: there, named by their socket, ours to open, free, quick."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import serial

from edge.bus.faults import opening_problem
from edge.bus.port import open_port
from edge.cli.doctor.result import CheckResult, Verdict, fail, ok, warn
from edge.model.bus import BusPlan, LineKind

# FTDI's default of 16 ms would be most of a poll.
_LATENCY_MS_MAX: Final = 2
# Names that tell adapters apart by the socket they are in, or that never move.
_STEADY_NAMES: Final = (
    "/dev/serial/by-path/",
    "/dev/serial/by-id/",
    "/dev/ttyAMA",
    "/dev/ttyRS485",  # RevPi's own rules
    "/dev/serial0",
)
_BY_PATH: Final = Path("/dev/serial/by-path")


def check_port(plan: BusPlan, *, running: bool, sysfs: Path = Path("/sys")) -> list[CheckResult]:
    """Everything of one serial line. `running`: a controller holds it, so busy is right."""
    if plan.kind is not LineKind.RTU:
        return [ok(f"line {plan.name}", f"{plan.host}:{plan.tcp_port}, not tried")]
    there = check_device(plan)
    if there.verdict is Verdict.FAIL:
        return [there]
    return [
        there,
        check_port_name(plan),
        check_latency(plan, sysfs),
        check_free(plan, running=running),
    ]


def check_device(plan: BusPlan, by_path: Path = _BY_PATH) -> CheckResult:
    """Whether the port exists, is a character device, and may be opened by this user."""
    name = f"line {plan.name}: port"
    try:
        mode = Path(plan.port).stat().st_mode
    except OSError as error:
        return fail(name, f"{plan.port}: {error.strerror}", _instead(by_path))
    if not stat.S_ISCHR(mode):
        return fail(name, f"{plan.port} is no device", "correct port in the site file")
    if not os.access(plan.port, os.R_OK | os.W_OK):
        return fail(name, f"{plan.port}: no permission", "add this user to the group dialout")
    return ok(name, plan.port)


def _instead(by_path: Path) -> str:
    """What is there, when the name of the site file is not: another socket, or another kernel's
    name of the same one.
    """
    there = sorted(path.name for path in by_path.glob("*"))
    if not there:
        return "no adapter is seen: plug it in, or correct port"
    return f"plug it in where it was, or correct port; {by_path} has {', '.join(there)}"


def check_port_name(plan: BusPlan) -> CheckResult:
    """ttyUSB numbers are given in the order of plugging: after a fault they may be swapped."""
    name = f"line {plan.name}: name"
    if plan.port.startswith(_STEADY_NAMES):
        return ok(name, "steady")
    return warn(
        name, f"{plan.port} may change", "use the name in /dev/serial/by-path (ls -l shows it)"
    )


def check_latency(plan: BusPlan, sysfs: Path) -> CheckResult:
    """FTDI's latency timer; the controller lowers it when it opens the port, where it may."""
    name = f"line {plan.name}: latency"
    tty = Path(os.path.realpath(plan.port)).name
    path = sysfs / "bus/usb-serial/devices" / tty / "latency_timer"
    try:
        latency_ms = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ok(name, "no latency timer")
    if latency_ms <= _LATENCY_MS_MAX:
        return ok(name, f"{latency_ms} ms")
    advice = f"the controller lowers it itself; by hand: setserial {plan.port} low_latency"
    return warn(name, f"{latency_ms} ms", advice)


def check_free(plan: BusPlan, *, running: bool) -> CheckResult:
    """Open it for us alone, and close it."""
    name = f"line {plan.name}: in use"
    try:
        port, _ = open_port(plan)
    except (OSError, ValueError, serial.SerialException) as error:
        problem = opening_problem(plan, error)
        if running and "busy" in problem.what:
            return ok(name, "by the controller that runs")
        return fail(name, problem.got, problem.next_step)
    port.close()
    return ok(name, "free")
