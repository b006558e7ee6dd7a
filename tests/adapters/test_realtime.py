"""Real-time settings, in processes of their own, since they change the whole process."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from edge.adapters import realtime

_REPORT = """
import gc, json, os, resource, sys
from edge.adapters.realtime import *
kernel_values = lambda key: [l.split()[1] for l in open('/proc/self/status') if l.startswith(key)]
text = lambda problem: None if problem is None else str(problem)
"""


def report(code: str) -> Any:
    """Value that `code` leaves in `answer`, from a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", _REPORT + code + "\nprint(json.dumps(answer))"],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return json.loads(done.stdout)


def test_fifo_is_set_for_this_process_and_not_for_its_children() -> None:
    answer = report(
        "problem = text(schedule_fifo(5))\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(os.sched_getscheduler(0))\n"
        "status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "answer = [problem, os.sched_getscheduler(0) & 0xFF, os.sched_getparam(0).sched_priority,"
        " status]"
    )
    if answer[0] is not None:
        pytest.skip(f"not allowed here: {answer[0]}")
    assert answer == [None, 1, 5, 0]


def test_fifo_that_is_not_allowed_is_one_warning_with_what_to_do() -> None:
    answer = report(
        "resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "answer = [text(schedule_fifo(50)), os.sched_getscheduler(0)]"
    )
    assert answer == [
        (
            "real time: no SCHED_FIFO priority 50: got Operation not permitted; scans start late "
            "when the machine is busy; allow it in the service: LimitRTPRIO=50"
        ),
        0,
    ]


def test_memory_is_locked_without_growing_to_all_that_is_mapped() -> None:
    answer = report(
        "problem = text(lock_memory())\n"
        "locked, resident = kernel_values('VmLck')[0], kernel_values('VmRSS')[0]\n"
        "answer = [problem, int(locked), int(resident)]"
    )
    if answer[0] is not None:
        pytest.skip(f"not allowed here: {answer[0]}")
    _, locked_kib, resident_kib = answer
    assert locked_kib > 0
    assert resident_kib < 40_000


def test_memory_that_may_not_be_locked_is_one_warning_with_what_to_do() -> None:
    answer = report(
        "resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "answer = text(lock_memory())"
    )
    assert answer == (
        "real time: no locked memory: got Cannot allocate memory; a scan may wait for the disk; "
        "allow it in the service: LimitMEMLOCK=infinity"
    )


def test_timer_slack_is_set() -> None:
    answer = report(
        "import ctypes\n"
        "problem = text(set_timer_slack(1000))\n"
        "answer = [problem, ctypes.CDLL(None).prctl(30, 0, 0, 0, 0)]"  # PR_GET_TIMERSLACK
    )
    assert answer == [None, 1000]


def test_collector_runs_only_by_order_and_then_frees_cycles() -> None:
    answer = report(
        "import weakref\n"
        "class Knot: pass\n"
        "def tie():\n"
        "    knot = Knot(); knot.self = knot; return weakref.ref(knot)\n"
        "quiet_collector()\n"
        "refs = [tie() for _ in range(5000)]\n"
        "before = sum(ref() is not None for ref in refs)\n"
        "collect_between_scans()\n"
        "after = sum(ref() is not None for ref in refs)\n"
        "answer = [gc.isenabled(), gc.get_freeze_count() > 0, before, after]"
    )
    assert answer == [False, True, 5000, 0]


def test_realtime_problems_are_of_one_place() -> None:
    problem = realtime.schedule_fifo(1000)  # beyond what the kernel has
    assert problem is not None
    assert (problem.where, problem.got) == ("real time", "Invalid argument")
