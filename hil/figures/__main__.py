"""`python -m hil.figures [--only NAME ...] [--quick] [--hours H] [--write-docs]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from hil.figures import decision, keepalived, line, loaded, peers, pulses, report, start, twin
from hil.figures.figure import Figure, Row, Run
from hil.figures.programs import ROOT
from hil.figures.progress import BenchProgress
from hil.figures.rig import work_folder
from hil.shim.build import build

FIGURES = (
    decision.DECISION,
    decision.DRY_RUN,
    start.FIGURE,
    line.FIGURE,
    pulses.FIGURE,
    loaded.FIGURE,
    twin.FIGURE,
    keepalived.FIGURE,
)
_LOADED_S = 180.0
_LOADED_QUICK_S = 40.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hil.figures", description=__doc__)
    names = list(dict.fromkeys(figure.name for figure in FIGURES))
    parser.add_argument("--only", nargs="*", default=[], choices=names, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="short runs, to try the bench out")
    parser.add_argument("--hours", type=float, help="length of the loaded run")
    parser.add_argument("--write-docs", action="store_true", help="into docs/performance.md")
    parser.add_argument("--no-install", action="store_true", help="leave missing peers out")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write_docs:
        parser.error("--quick: too coarse for --write-docs; leave one of them out")
    return arguments


def _loaded_s(arguments: argparse.Namespace) -> float:
    if arguments.hours:
        return float(arguments.hours) * 1800
    return _LOADED_QUICK_S if arguments.quick else _LOADED_S


def _measure(figure: Figure, run: Run) -> list[Row]:
    """A figure that fails is a row that says why; the others are measured all the same."""
    try:
        return figure.measure(run)
    except Exception as error:
        text = f"{type(error).__name__}: {error}".splitlines()
        return [
            Row(
                figure=figure.name,
                what=figure.title,
                measured="",
                verdict="failed",
                against=" ".join(text)[:500],
            )
        ]


def main() -> int:
    """0 when every target was met or shown, 1 when one was missed or a figure failed."""
    arguments = _arguments()
    console = Console(stderr=True)
    where = report.machine()
    if not arguments.no_install:
        peers.install(lambda text: console.print(text, highlight=False))
    build()
    chosen = [figure for figure in FIGURES if not arguments.only or figure.name in arguments.only]
    rows: list[Row] = []
    progress = BenchProgress(console)
    run = Run(
        folder=work_folder(ROOT),
        quick=arguments.quick,
        loaded_s=_loaded_s(arguments),
        step=progress.step,
    )
    with progress.over([figure.duration_s(run) for figure in chosen]):
        for figure in chosen:
            progress.figure(figure.title)
            rows += _measure(figure, run)
    report.print_table(rows, Console(width=None if sys.stdout.isatty() else 200))
    _keep(rows, where, arguments)
    return int(any(row.verdict in {"missed", "failed"} for row in rows))


def _keep(rows: list[Row], where: dict[str, object], arguments: argparse.Namespace) -> None:
    path = Path("build") / ("figures_quick.json" if arguments.quick else "figures.json")
    figures = report.keep(ROOT / path, rows, where)
    print(f"figures in {path}")
    if arguments.write_docs:
        report.write_docs(ROOT / "docs" / "performance.md", figures)
        print("tables in docs/performance.md")


if __name__ == "__main__":
    sys.exit(main())
