"""`python -m hil.breaks [NAME...]`: break the product on purpose, and see the scenarios catch it.

Exit codes: 0 every break was caught, 1 one was not, 2 bad arguments, or the unbroken product does
not pass.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hil.breaks import table
from hil.breaks.runner import Breaks, NotPassedError
from hil.breaks.seeded import choose, read_breaks
from hil.suite.ability import BenchClass

_JOBS = 2
# A table has gateways of its own, with the product that is installed on them.
_BENCHES = (BenchClass.PROCESS.value, BenchClass.MACHINE.value)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hil.breaks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="breaks to try, all without any")
    parser.add_argument("--bench", choices=_BENCHES, default=_BENCHES[0])
    parser.add_argument("--out", type=Path, default=Path("build/breaks"), help="folder for results")
    parser.add_argument("--jobs", type=int, default=_JOBS, help="how many at once")
    parser.add_argument("--list", action="store_true", help="name the breaks and end")
    parser.add_argument(
        "--broken-only", action="store_true", help="do not see the unbroken product pass first"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    try:
        breaks = choose(read_breaks(), options.names)
        if options.list:
            print("\n".join(f"{each.name}: {each.what}" for each in breaks))
            return 0
        runner = Breaks(BenchClass(options.bench), options.out, options.jobs, _say)
        findings = runner.run(breaks, unbroken_too=not options.broken_only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except NotPassedError as error:
        print(f"the unbroken product does not pass:\n{error}", file=sys.stderr)
        return 2
    table.write(options.out, breaks, findings)
    print("\n".join(table.lines(findings)))
    return 0 if all(found.caught for found in findings) else 1


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
