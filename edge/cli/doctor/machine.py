"""Checks of the machine's timekeeping and guard: watchdog, real time, locked memory, clock."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.adapters.boottime import ClockWatch
from edge.adapters.realtime import lock_memory, schedule_fifo
from edge.adapters.watchdog import is_no_way_out
from edge.cli.doctor.result import CheckResult, fail, ok, warn
from edge.config.io import ScanPlan, WatchdogPlan
from edge.model.problem import Problem
from edge.model.scan import ClockTrust

_RUNTIME_WATCHDOG: Final = re.compile(r"^\s*RuntimeWatchdogSec\s*=\s*(\S+)", re.MULTILINE)
_OFF: Final = frozenset({"0", "off", "infinity", ""})
# The control process with one bus worker and the keeper; see docs/performance.md.
_MEMORY_BYTES: Final = 64 * 1024 * 1024


def check_watchdog(plan: WatchdogPlan, root: Path = Path("/")) -> CheckResult:
    """Whether the device is there and systemd leaves it to us. Never opens it: that arms it."""
    name = "watchdog"
    if not plan.device:
        return warn(name, "none in the site file", "a hung machine stays hung: set watchdog.device")
    device = root / plan.device.lstrip("/")
    if not device.exists():
        return fail(name, f"{plan.device} is missing", "dtparam=watchdog=on in config.txt")
    taken = _systemd_watchdog(root)
    if taken is not None:
        advice = "set RuntimeWatchdogSec=off in /etc/systemd/system.conf and reboot"
        return fail(name, f"systemd holds it, RuntimeWatchdogSec={taken}", advice)
    if not os.access(device, os.W_OK):
        return warn(name, f"{plan.device}: not for this user", "the service's user needs it")
    way_out = is_no_way_out(plan.device, root / "sys/class/watchdog")
    return ok(name, f"{plan.device}, {plan.timeout_s} s{', nowayout' if way_out else ''}")


def _systemd_watchdog(root: Path) -> str | None:
    """The last setting that systemd reads; None where it leaves the watchdog alone."""
    folder = root / "etc/systemd"
    files = [folder / "system.conf", *sorted((folder / "system.conf.d").glob("*.conf"))]
    found = ""
    for file in files:
        try:
            settings = _RUNTIME_WATCHDOG.findall(file.read_text(encoding="utf-8"))
        except OSError:
            continue
        found = settings[-1] if settings else found
    return None if found.lower() in _OFF else found


def check_real_time(plan: ScanPlan) -> CheckResult:
    """Tries SCHED_FIFO in a child, so that this process stays as it is."""
    name = "real time"
    if not plan.priority:
        return ok(name, "not asked for")
    problem = _in_child(lambda: schedule_fifo(plan.priority))
    if problem is None:
        return ok(name, f"SCHED_FIFO {plan.priority}")
    soft, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    return warn(name, f"SCHED_FIFO {plan.priority}: {problem} (limit {soft})", _service_advice())


def check_memory_lock(plan: ScanPlan) -> CheckResult:
    """Tries to lock memory in a child."""
    name = "locked memory"
    if not plan.lock_memory:
        return ok(name, "not asked for")
    problem = _in_child(lock_memory)
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if problem is not None:
        return warn(name, problem, _service_advice())
    if soft not in {resource.RLIM_INFINITY, -1} and soft < _MEMORY_BYTES and os.geteuid() != 0:
        return warn(name, f"limit {soft} B", _service_advice())
    return ok(name, "allowed")


def _service_advice() -> str:
    return "matters only for the service: it has LimitRTPRIO and LimitMEMLOCK of its own"


def _in_child(attempt: Callable[[], Problem | None]) -> str | None:
    """What the attempt complained of, None if it worked. The child ends without cleaning up."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        problem = attempt()
        os.write(writing, (problem.got if problem else "").encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said or None


def check_clock(watch: ClockWatch, now_mono_ns: int) -> CheckResult:
    """How far the wall clock may be believed now."""
    trust = watch.trust(now_mono_ns)
    name = "clock"
    if trust is ClockTrust.NTP:
        return ok(name, "kept right by a time service")
    found = {
        ClockTrust.HOLDOVER: "was right, no time service now",
        ClockTrust.RTC: "only from the battery clock",
        ClockTrust.UNTRUSTED: "nobody knows if it is right",
    }[trust]
    advice = "interval labels need it: systemctl status systemd-timesyncd (or chrony)"
    return warn(name, found, advice)
