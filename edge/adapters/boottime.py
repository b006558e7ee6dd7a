"""The two clocks, and how far the wall clock may be believed.

CLOCK_BOOTTIME decides; it never steps and counts while the machine is suspended. The wall clock
only labels. Never waits for time to become right.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from edge.adapters.kernel_clock import KernelTime, read_kernel_time, read_told
from edge.model.scan import ClockTrust
from edge.model.units import NS_PER_S

# Without a correction the kernel raises its error bound by 500 µs a second. timesyncd corrects at
# least every 2048 s, so a bound of 3 s means that about three corrections in a row did not come.
_MAX_ERROR_US: Final = 3_000_000
_CHECK_NS: Final = 10 * NS_PER_S
_TRIES_COUNT: Final = 3
_CLOSE_NS: Final = 10_000


class SystemClock:
    """What the scan runs on."""

    def mono_ns(self) -> int:
        """CLOCK_BOOTTIME."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def utc_ns(self) -> int:
        """The wall clock, for labels."""
        return time.time_ns()

    def sleep_until(self, deadline_mono_ns: int) -> None:
        """Returns at once when the deadline has passed. The error of one sleep is not carried
        over.
        """
        wait_ns = deadline_mono_ns - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        if wait_ns > 0:
            time.sleep(wait_ns / NS_PER_S)


def suspended_ns() -> int:
    """CLOCK_BOOTTIME less CLOCK_MONOTONIC: turns the kernel's event stamps into boot time.

    The clocks cannot be read at one instant; of up to three tries the closest one counts, so that a
    process that was interrupted in between does not shift a stamp.
    """
    offset_ns, closest_ns = 0, 1 << 62
    for _ in range(_TRIES_COUNT):
        before_ns = time.monotonic_ns()
        boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        apart_ns = time.monotonic_ns() - before_ns
        if apart_ns < closest_ns:
            offset_ns, closest_ns = boot_ns - before_ns - apart_ns // 2, apart_ns
        if closest_ns <= _CLOSE_NS:
            break
    return offset_ns


class ClockWatch:
    """Trust in the wall clock, looked at each 10 s, so that asking in every scan costs nothing.

    NTP: a time service keeps it right now. HOLDOVER: one did, since this boot; `holdover_ns` ago.
    RTC: only a battery clock set it. UNTRUSTED: nobody knows.
    """

    def __init__(
        self,
        timesync: Path = Path("/run/systemd/timesync/synchronized"),
        rtc: Path = Path("/sys/class/rtc"),
    ) -> None:
        self._timesync = timesync
        self._rtc = rtc
        self._trust = ClockTrust.UNTRUSTED
        self._next_mono_ns = -1
        self._ntp_mono_ns: int | None = None

    def trust(self, now_mono_ns: int) -> ClockTrust:
        """At most 10 s old."""
        if now_mono_ns >= self._next_mono_ns:
            self._next_mono_ns = now_mono_ns + _CHECK_NS
            self._trust = self._look(read_kernel_time() or read_told(now_mono_ns), now_mono_ns)
        return self._trust

    def holdover_ns(self, now_mono_ns: int) -> int | None:
        """Time since a time service last kept the clock right, as far as this process saw it."""
        return None if self._ntp_mono_ns is None else now_mono_ns - self._ntp_mono_ns

    def _look(self, kernel: KernelTime | None, now_mono_ns: int) -> ClockTrust:
        was_set = self._timesync.exists()
        if kernel is None:
            kept_right = was_set
        else:
            kept_right = kernel.synchronised and kernel.error_us_max <= _MAX_ERROR_US
            was_set = was_set or kernel.synchronised
        if kept_right:
            self._ntp_mono_ns = now_mono_ns
            return ClockTrust.NTP
        if was_set or self._ntp_mono_ns is not None:
            return ClockTrust.HOLDOVER
        return ClockTrust.RTC if self._rtc_set_the_clock() else ClockTrust.UNTRUSTED

    def _rtc_set_the_clock(self) -> bool:
        """The kernel marks the clock from which it took the time at start."""
        try:
            marks = sorted(self._rtc.glob("rtc*/hctosys"))
            return any(mark.read_text(encoding="ascii").strip() == "1" for mark in marks)
        except OSError:
            return False
