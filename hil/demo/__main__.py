"""`python -m hil.demo [--variant meter|bus|plan]`: a factory on the bench, held, live.

Exit codes: 0 held and everything counted, 1 not, 2 bad arguments.
"""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Final, get_args

from hil.bench import Bench
from hil.demo.display import choose_display, make_console
from hil.demo.report import print_summary
from hil.demo.run import Demo, works_for
from hil.demo.story import Variant

_DAY_S: Final = 86_400
_INTERVAL_S: Final = range(60, 3601)


def _interval_s(text: str) -> int:
    interval_s = int(text)
    if interval_s not in _INTERVAL_S or _DAY_S % interval_s:
        raise argparse.ArgumentTypeError(f"got {text} s, need 60 to 3600 s that divide the day")
    return interval_s


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 1 <= minutes <= 1440:
        raise argparse.ArgumentTypeError(f"got {text} min, need 1 to 1440 min")
    return minutes


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="denban demo",
        description="The real control process on a bench of meters, relays and a plant, live.",
    )
    parser.add_argument(
        "--variant",
        choices=get_args(Variant),
        default="shed",
        help="what goes wrong: nothing (shed), a meter and then the pulses, the bus, or the plan",
    )
    parser.add_argument(
        "--minutes", type=_minutes, default=3.0, help="about how long; whole intervals [3]"
    )
    parser.add_argument(
        "--interval", type=_interval_s, default=60, metavar="S", help="demand interval [60]"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the plant's noise [1]")
    parser.add_argument("--plain", action="store_true", help="lines instead of a live screen")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # either way everything is taken down again
        signal.signal(number, signal.default_int_handler)
    console = make_console()
    display = choose_display(console, plain=options.plain)
    with Bench(works_for(options.variant, options.interval), seed=options.seed) as bench:
        demo = Demo(bench, options.variant, options.minutes, display)
        try:
            demo.run()
        except KeyboardInterrupt:
            console.print("interrupted: the summary so far follows")
        summary = demo.summary()
        if summary is None:
            return 1
        print_summary(console, summary)
        return 1 if summary.failures() else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
