"""How much of a paced line a worker uses, and what it costs: `python -m tests.bus.pace`.

The meter is a process of its own on a pty that answers after exactly the time that the bits and its
turn-around take, so what is missing to 100 % is the worker's (and this machine's) doing.
"""

from __future__ import annotations

import os
import pty
import select
import sys
import time
import tty
from pathlib import Path
from typing import NamedTuple

from edge.bus.handle import BusWorker
from edge.core.line_timing import exchange_ns, silence_ns
from edge.model.bus import BusPlan, Parity
from edge.model.units import NS_PER_S
from tests.bus.line import plan_for, registers

REPLY = registers(1, 4, 0x41FA, 0x177C)
FOREVER = 1 << 62
# The last part of each pause is spun, so that the meter is on time to some microseconds.
SPIN_S = 0.0003
WARM_UP_POLLS = 20


class Pace(NamedTuple):
    """`used_ratio` is of what bits, silences and the meter allow; CPU is of one core."""

    polls_per_s: float
    used_ratio: float
    cpu_ratio: float
    cpu_us_per_poll: float
    rss_kb: int


def measure_pace(baudrate: int, turnaround_s: float, duration_s: float) -> Pace:
    """Polls of two registers, 8E1, one meter, as fast as the line allows, for `duration_s`."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    plan = plan_for(os.ttyname(slave), baudrate=baudrate, parity=Parity.EVEN)
    exchange_s = exchange_ns(plan, 2) / NS_PER_S
    meter_pid = os.fork()
    if meter_pid == 0:
        _answer(master, exchange_s + turnaround_s)
    worker = BusWorker(plan)
    try:
        worker.renew(FOREVER)
        while worker.counts()["replies"] < WARM_UP_POLLS:
            select.select([], [], [], 0.01)
            worker.drain()
        return _measured(worker, plan, turnaround_s, duration_s)
    finally:
        worker.close()
        os.kill(meter_pid, 9)
        os.waitpid(meter_pid, 0)
        os.close(master)
        os.close(slave)


def _answer(master: int, pause_s: float) -> None:
    received = b""
    while True:
        received += os.read(master, 64)
        if len(received) < 8:
            continue
        due_s = time.monotonic() + pause_s
        time.sleep(max(0.0, pause_s - SPIN_S))
        while time.monotonic() < due_s:
            pass
        os.write(master, REPLY)
        received = b""


def _measured(worker: BusWorker, plan: BusPlan, turnaround_s: float, duration_s: float) -> Pace:
    polls_before, cpu_before_s, began_s = (
        worker.counts()["replies"],
        _cpu_s(worker),
        time.monotonic(),
    )
    while time.monotonic() < began_s + duration_s:
        select.select([], [], [], 0.1)
        worker.drain()
    elapsed_s = time.monotonic() - began_s
    polls = worker.counts()["replies"] - polls_before
    cpu_s = _cpu_s(worker) - cpu_before_s
    poll_s = (exchange_ns(plan, 2) + silence_ns(plan)) / NS_PER_S + turnaround_s
    return Pace(
        polls_per_s=polls / elapsed_s,
        used_ratio=polls * poll_s / elapsed_s,
        cpu_ratio=cpu_s / elapsed_s,
        cpu_us_per_poll=1e6 * cpu_s / polls,
        rss_kb=_rss_kb(worker),
    )


def _cpu_s(worker: BusWorker) -> float:
    """Time on a processor, to the ns; the tick-counted times of `stat` are biased by sleeps."""
    return int(Path(f"/proc/{worker.pid}/schedstat").read_text().split()[0]) / NS_PER_S


def _rss_kb(worker: BusWorker) -> int:
    lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def main() -> None:
    """Print a line for each usual baud rate."""
    for baudrate, turnaround_s in ((9600, 0.005), (19200, 0.005), (38400, 0.005), (115200, 0.002)):
        pace = measure_pace(baudrate, turnaround_s, duration_s=5.0)
        sys.stdout.write(
            f"{baudrate:6d} bit/s: {pace.polls_per_s:6.1f} polls/s = {pace.used_ratio:.1%} of the "
            f"line, CPU {pace.cpu_ratio:.1%} ({pace.cpu_us_per_poll:.0f} µs a poll), "
            f"RSS {pace.rss_kb / 1024:.1f} MiB\n"
        )


if __name__ == "__main__":
    main()
