"""Wake-up lateness of cyclictest and of the scan's loop, in windows that alternate.

Both at the same real-time priority and period, under the same load, so that the machine's own noise
is in both.
"""

from __future__ import annotations

import shutil
import subprocess

from hil.figures import programs

PRIORITY = 50
_PERIOD_US = 10_000
_HISTOGRAM_US = 60_000
_SPARE_S = 20.0


def has_cyclictest() -> bool:
    return shutil.which("cyclictest") is not None


def cyclictest_us(duration_s: int) -> list[float]:
    """Lateness of each of its wake-ups in µs; at most 60 ms, longer ones count as that."""
    command = [
        "cyclictest", "-q", "-m", "-p", str(PRIORITY), "-i", str(_PERIOD_US),
        "-D", str(duration_s), "-h", str(_HISTOGRAM_US),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=duration_s + _SPARE_S
    )
    return parse(done.stdout)


def parse(text: str) -> list[float]:
    """Samples of a histogram as cyclictest prints it: `µs count` a line, overflows in a comment."""
    samples: list[float] = []
    for line in text.splitlines():
        if line.startswith("# Histogram Overflows:"):
            samples += [float(_HISTOGRAM_US)] * int(line.split(":")[1])
        elif line and line[0].isdigit():
            late_us, count = line.split()
            samples += [float(late_us)] * int(count)
    return samples


def scan_us(duration_s: int) -> list[float]:
    """Lateness of each wake-up of the scan's loop, in µs."""
    late_ns = programs.result("tests.figures.scan_pace", str(duration_s), duration_s=duration_s)
    return [each / 1000 for each in late_ns]
