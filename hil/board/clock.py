"""The board's clocks and its agenda of things to do at a time.

Everything on the bench is stamped with CLOCK_BOOTTIME; this is the only file of the board that
reads a clock for the simulation.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable

NS_PER_S = 1_000_000_000


def now_ns() -> int:
    """CLOCK_BOOTTIME in ns: the time base of the log and of every due time."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def utc_ns() -> int:
    """Wall-clock time, for labels and for the boundaries of clock-aligned intervals only."""
    return time.time_ns()


def to_kernel_event_ns(boot_ns: int, *, realtime: bool) -> int:
    """The same instant as a GPIO event carries it: CLOCK_MONOTONIC, or wall time on request."""
    clock = time.CLOCK_REALTIME if realtime else time.CLOCK_MONOTONIC
    return boot_ns - now_ns() + time.clock_gettime_ns(clock)


class Agenda:
    """Calls `action(due_ns)` when its time has come, in the order of the due times."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = itertools.count()

    def at(self, due_ns: int, action: Callable[[int], None]) -> None:
        heapq.heappush(self._heap, (due_ns, next(self._order), action))

    def run_due(self, until_ns: int) -> None:
        """Run everything due by `until_ns`, including what those actions add before it."""
        while self._heap and self._heap[0][0] <= until_ns:
            due_ns, _, action = heapq.heappop(self._heap)
            action(due_ns)

    def wait_s(self, at_ns: int) -> float | None:
        """Seconds from `at_ns` to the next due time, or None with an empty agenda."""
        if not self._heap:
            return None
        return max(0, self._heap[0][0] - at_ns) / NS_PER_S
