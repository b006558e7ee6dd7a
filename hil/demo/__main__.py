"""`python -m hil.demo [--variant pair|shed|meter|bus|plan]`: a factory on the bench, held, live.

Exit codes: 0 held and everything counted, 1 not, 2 bad arguments.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from typing import Final, Protocol, TypeVar, get_args

from rich.console import Console

from hil.bench import Bench
from hil.demo.display import Display, choose_display, make_console
from hil.demo.namespaces import enter_or_reason
from hil.demo.pair_report import print_pair_summary
from hil.demo.pair_run import PairDemo, works_for_pair_demo
from hil.demo.pair_story import LASTS_S, pair_story
from hil.demo.report import print_summary
from hil.demo.run import Demo, works_for
from hil.demo.story import Variant
from hil.demo.summary import Account
from hil.pair import Pair

_DAY_S: Final = 86_400
_INTERVAL_S: Final = range(60, 3601)
_PAIR: Final = "pair"
_MINUTES: Final = 3.0
_Told_co = TypeVar("_Told_co", bound=Account, covariant=True)


class _Show(Protocol[_Told_co]):
    """What is played until its end, or ^C, and summed up then."""

    def run(self) -> None: ...

    def summary(self) -> _Told_co | None: ...


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
        choices=(_PAIR, *get_args(Variant)),
        help="two gateways, of which the one on duty dies (pair); or one, and what goes wrong:"
        " nothing (shed), a meter and then the pulses, the bus, or the plan"
        " [pair where namespaces can be had, else shed]",
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        help="about how long; whole intervals; the pair's story is not cut short"
        f" [{_MINUTES:g}; pair: its story, 2.3]",
    )
    parser.add_argument(
        "--interval", type=_interval_s, default=60, metavar="S", help="demand interval [60]"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the plant's noise [1]")
    parser.add_argument("--plain", action="store_true", help="lines instead of a live screen")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    console = make_console()
    if options.variant in {None, _PAIR}:
        reason = enter_or_reason(arguments)
        if reason and options.variant == _PAIR:
            print(f"demo: no pair here: {reason}; not started", file=sys.stderr)
            return 2
        if reason:
            console.print(f"one gateway instead of two: {reason}")
        options.variant = "shed" if reason else _PAIR
    for number in (signal.SIGINT, signal.SIGTERM):  # either way everything is taken down again
        signal.signal(number, signal.default_int_handler)
    show = _show_pair if options.variant == _PAIR else _show_one
    return show(options, console, choose_display(console, plain=options.plain))


def _show_pair(options: argparse.Namespace, console: Console, display: Display) -> int:
    lasts_s = max(LASTS_S, (options.minutes or 0) * 60)
    with Pair(works_for_pair_demo(options.interval), seed=options.seed) as pair:
        demo = PairDemo(pair, pair_story(), lasts_s, display)
        return _play(demo, console, print_pair_summary)


def _show_one(options: argparse.Namespace, console: Console, display: Display) -> int:
    with Bench(works_for(options.variant, options.interval), seed=options.seed) as bench:
        demo = Demo(bench, options.variant, options.minutes or _MINUTES, display)
        return _play(demo, console, print_summary)


def _play(
    demo: _Show[_Told_co], console: Console, tell: Callable[[Console, _Told_co], None]
) -> int:
    """The exit code. An interrupted show is summed up as far as it went."""
    try:
        demo.run()
    except KeyboardInterrupt:
        console.print("interrupted: the summary so far follows")
    summary = demo.summary()
    if summary is None:
        return 1
    tell(console, summary)
    return 1 if summary.failures() else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
