"""`python -m edge.bus LINK_FD PAGE_FD PLAN_FD`: a bus worker, started by edge.bus.handle only.

Sets up the process (dies with its parent, ordinary scheduling, no log of pymodbus), reads its
plan and polls until the link ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
from typing import Final

from edge.bus.lease import BusPage
from edge.bus.link import read_plan
from edge.bus.worker import Worker
from edge.model.bus import BusPlan

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_TIMERSLACK: Final = 29
# Ahead of ordinary work (a reply should not wait for a log rotation), behind the real-time scan.
NICENESS: Final = -5


def _fail(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """An error that nobody awaits is a defect: end and be replaced, not go on half dead."""
    sys.stderr.write(f"bus worker: {context.get('message')}: {context.get('exception')!r}\n")
    sys.stderr.flush()
    os._exit(1)


def _prepare_process() -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The silence between frames is waited for in each poll; 50 µs late, the default, would show.
    libc.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(1))
    # A terminal's Ctrl-C and a service's stop go to the whole group; control decides when we end.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    # What pymodbus logs, the worker says better or not at all.
    logging.disable(logging.CRITICAL)


def _settle_memory() -> None:
    """What imports left is kept for good or given back; collections see new objects only."""
    gc.collect()
    gc.freeze()
    ctypes.CDLL(None).malloc_trim(0)


async def _work(plan: BusPlan, page: BusPage, link: socket.socket) -> None:
    asyncio.get_running_loop().set_exception_handler(_fail)
    worker = Worker(plan, page, link)
    _settle_memory()
    await worker.run()


def main(arguments: list[str]) -> None:
    """Run a worker on inherited descriptors: its end of the link, the shared page, the plan."""
    link_fd, page_fd, plan_fd = (int(argument) for argument in arguments)
    _prepare_process()
    link = socket.socket(fileno=link_fd)
    page = BusPage(page_fd)
    os.close(page_fd)
    asyncio.run(_work(read_plan(plan_fd), page, link))


if __name__ == "__main__":
    main(sys.argv[1:])
