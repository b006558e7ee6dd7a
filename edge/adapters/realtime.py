"""Makes the calling thread keep time: real-time scheduling, locked memory, a quiet garbage
collector.

Each function answers None, or one warning; the controller runs without what is not allowed.
"""

from __future__ import annotations

import ctypes
import gc
import os
from typing import Final

from edge.adapters.reasons import reason
from edge.model.problem import Problem

_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2
# Lock pages as they are touched: without it, locking doubles the memory of a Python process.
_MCL_ONFAULT: Final = 4
_PR_SET_TIMERSLACK: Final = 29


def schedule_fifo(priority: int) -> Problem | None:
    """SCHED_FIFO at `priority` (1 to 99) for the calling thread; its children start without it.

    One thread, in code: in the service's unit it would hold for every thread and child.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        return _warn(
            f"SCHED_FIFO priority {priority}",
            reason(error),
            "scans start late when the machine is busy",
            f"allow it in the service: LimitRTPRIO={priority}",
        )
    return None


def lock_memory() -> Problem | None:
    """Keep every page in memory from its first use on."""
    if _libc().mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        return _warn(
            "locked memory",
            os.strerror(ctypes.get_errno()),
            "a scan may wait for the disk",
            "allow it in the service: LimitMEMLOCK=infinity",
        )
    return None


def set_timer_slack(slack_ns: int) -> Problem | None:
    """Wake the calling thread within `slack_ns` of its deadline (50 µs unless set).

    The kernel ignores it for a real-time thread, so it matters where SCHED_FIFO is not allowed.
    """
    if _libc().prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(slack_ns), 0, 0, 0) != 0:
        return _warn("timer slack", os.strerror(ctypes.get_errno()), "scans start later", "")
    return None


def quiet_collector() -> None:
    """Collect once, put everything alive out of the collector's sight, and let it run only by
    order.

    Call after start-up; from then on `collect_between_scans` is needed now and then.
    """
    gc.collect()
    gc.freeze()
    gc.disable()


def collect_between_scans() -> None:
    """Free cycles made since `quiet_collector` (exceptions leave some). Time grows with what was
    allocated since then and is still alive."""
    gc.collect()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _warn(what: str, got: str, effect: str, next_step: str) -> Problem:
    return Problem(
        where="real time", what=f"no {what}", got=got, effect=effect, next_step=next_step
    )
