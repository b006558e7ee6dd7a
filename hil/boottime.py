"""The clock by which everything on the bench is stamped."""

from __future__ import annotations

import time


def boottime_ns() -> int:
    """CLOCK_BOOTTIME: every process of one machine reads the same."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
