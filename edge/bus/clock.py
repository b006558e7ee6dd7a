"""The one clock of the worker: CLOCK_BOOTTIME, the same in every process and never stepped."""

from __future__ import annotations

import time


def boottime_ns() -> int:
    """Nanoseconds since boot, time asleep included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
