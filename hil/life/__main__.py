"""`python -m hil.life [--minutes M] [--out FOLDER]`: see docs/long-life.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from hil.figures.report import machine
from hil.life import report
from hil.life.run import Run
from hil.network.space import reason_to_skip
from hil.shim.build import build

_WARM_UP_S: Final = 600.0  # caches fill, the allocator finds its size
_WARM_UP_PART: Final = 0.2  # of a run that is short


def main() -> int:
    """0 when the run came to its end without an incident."""
    parser = argparse.ArgumentParser(prog="python -m hil.life", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--out", type=Path, default=Path("build/life"))
    arguments = parser.parse_args()
    if reason := reason_to_skip():
        print(f"life: network namespaces: {reason}; not started", file=sys.stderr)
        return 1
    build()
    arguments.out.mkdir(parents=True, exist_ok=True)
    life = Run(arguments.out, arguments.minutes, _tell).live()
    warm_up_s = min(_WARM_UP_S, arguments.minutes * 60 * _WARM_UP_PART)
    print(report.write(arguments.out, life, warm_up_s, machine()))
    return 1 if life.incidents or life.collisions else 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
