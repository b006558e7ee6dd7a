"""`python -m hil.suite.report RUN.json... --out DIR`: reports of runs that are recorded."""

from __future__ import annotations

import argparse
from pathlib import Path

from hil.suite.record import RunRecord
from hil.suite.report import write_all


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m hil.suite.report", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN.json")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    told = parser.parse_args(arguments)
    write_all([RunRecord.read(path) for path in told.runs], told.out)
    print(told.out / "report.html")


if __name__ == "__main__":
    main()
