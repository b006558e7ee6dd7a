"""What the kernel says of the wall clock; run as a program, it says it again each 10 s in a file.

To ask is to be allowed the call that sets the clock, which the controller is not. So a service of
its own asks, `python3 -m edge.adapters.kernel_clock FILE`, and needs Python's own library only.
"""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

TOLD: Final = Path("/run/denban-clock/kernel")
_STA_UNSYNC: Final = 0x0040
_NS_PER_S: Final = 1_000_000_000
_PERIOD_S: Final = 10
# Two that were missed, and a machine that is slow.
_TOLD_NS_MAX: Final = 35 * _NS_PER_S


class KernelTime(NamedTuple):
    """What adjtimex says: whether something keeps the clock right, and the bound of its error."""

    synchronised: bool
    error_us_max: int


class _Timex(ctypes.Structure):
    """The head of struct timex (adjtimex(2)); the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_char * 512),
    )


def read_kernel_time() -> KernelTime | None:
    """None where asking is forbidden (ProtectClock=yes filters the reading too)."""
    timex = _Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)) < 0:
        return None
    return KernelTime(not timex.status & _STA_UNSYNC, timex.maxerror)


def tell(kernel: KernelTime, now_mono_ns: int, path: Path) -> None:
    """Raises OSError. Whoever reads sees the old or the new, whole."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{now_mono_ns} {int(kernel.synchronised)} {kernel.error_us_max}\n")
    fresh.replace(path)


def read_told(now_mono_ns: int, path: Path = TOLD) -> KernelTime | None:
    """What was told lately (CLOCK_BOOTTIME); None where that is not known."""
    try:
        told_mono_ns, synchronised, error_us_max = map(int, path.read_text().split())
    except (OSError, ValueError):
        return None
    if not 0 <= now_mono_ns - told_mono_ns <= _TOLD_NS_MAX:
        return None
    return KernelTime(bool(synchronised), error_us_max)


def main(arguments: list[str]) -> int:
    """Ends only where the kernel does not answer; the service is then started again."""
    (path,) = arguments
    while True:
        kernel = read_kernel_time()
        if kernel is None:
            print("the kernel does not say how right the clock is", file=sys.stderr)
            return 1
        tell(kernel, time.clock_gettime_ns(time.CLOCK_BOOTTIME), Path(path))
        time.sleep(_PERIOD_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
