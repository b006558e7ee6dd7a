"""`python -m tests.life [--years Y] [--step-s S] [--disk]`: years of one site, and what grows."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from tests.life.growth import growth
from tests.life.site import FILE_BYTES_MAX, Disk, Held, Site

_FIRST: Final = date(2026, 1, 1)
_WARM_UP_DAYS: Final = 3
_TOLD_DAYS: Final = 10


def main() -> int:
    """0 when nothing grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.life", description=__doc__)
    parser.add_argument("--years", type=float, default=1.0)
    parser.add_argument("--step-s", type=int, default=60)
    parser.add_argument("--disk", action="store_true", help="journal and recorder too: slower")
    arguments = parser.parse_args()
    days = max(_WARM_UP_DAYS + 4, round(arguments.years * 365))
    began_s = time.monotonic()
    with contextlib.ExitStack() as ends:
        disk = None
        if arguments.disk:
            folder = ends.enter_context(tempfile.TemporaryDirectory(prefix="denban-life-"))
            disk = ends.enter_context(contextlib.closing(Disk(Path(folder))))
        held = Site(_FIRST, arguments.step_s, disk).live(days, _tell(days))
    return _report(held, days, arguments.step_s, time.monotonic() - began_s)


def _tell(days: int) -> Callable[[int], None]:
    def tell(day: int) -> None:
        if day % _TOLD_DAYS == 0:
            print(f"day {day} of {days}", file=sys.stderr, flush=True)

    return tell


def _report(held: Held, days: int, step_s: int, took_s: float) -> int:
    print(f"{days} days in steps of {step_s} s in {took_s:.0f} s\n")
    print("| held at the end of a day | first | last | lowest | highest | growth a day |")
    print("|---|---|---|---|---|---|")
    flat = True
    for name in Held.__struct_fields__:
        values = getattr(held, name)[_WARM_UP_DAYS:]
        if not any(values):
            continue
        found = growth(values)
        row = [name, values[0], values[-1], min(values), max(values), f"{found.a_day:+.2f}"]
        print(f"| {' | '.join(map(str, row))} |")
        if name in {"blocks", "state_bytes"}:
            flat = flat and found.is_flat
    if files := max(held.journal_bytes) + max(held.incident_bytes):
        print(f"\nfiles at most {files} B of {2 * FILE_BYTES_MAX} B and their logs")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
