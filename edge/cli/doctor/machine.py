"""Checks of what a process may do on this machine, and of its clock: real time, locked memory,
time trust.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from typing import Final

from edge.adapters.boottime import ClockWatch
from edge.adapters.realtime import lock_memory, schedule_fifo
from edge.cli.doctor.result import CheckResult, ok, warn
from edge.config.io import ScanPlan
from edge.model.problem import Problem
from edge.model.scan import ClockTrust

# The control process with one bus worker and the keeper; see docs/performance.md.
_MEMORY_BYTES: Final = 64 * 1024 * 1024


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
