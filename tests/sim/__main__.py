"""`python -m tests.sim`: one seed with its trace, or many hours with a report."""

from __future__ import annotations

import argparse
import sys

from tests.sim.run import run
from tests.sim.scenario import PROFILES, draw
from tests.sim.shrink import explain
from tests.sim.soak import soak


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sim", description="Two gateways in a seeded world of faults."
    )
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="mixed")
    parser.add_argument("--until", type=float, default=3600.0, metavar="S", help="end of the run")
    parser.add_argument("--trace", action="store_true", help="print what happens")
    parser.add_argument("--step-all", action="store_true", help="leap over nothing")
    parser.add_argument("--soak", type=float, metavar="HOURS", help="so many pair-hours in all")
    parser.add_argument("--first-seed", type=int, default=1_000_000, help="of the soak")
    parser.add_argument("--workers", type=int, default=0, help="of the soak; 0: one per core")
    parser.add_argument("--out", default="docs/soak.md", help="the soak's report")
    args = parser.parse_args()
    if args.soak is not None:
        return soak(args.soak, args.first_seed, args.workers, args.out)
    if args.seed is None:
        parser.error("--seed or --soak is needed")
    scenario = draw(args.seed, args.profile, args.until)
    trace = print if args.trace else None
    result = run(scenario, skips=not args.step_all, trace=trace)
    sys.stdout.write(
        f"{result.hours:.2f} h ({result.stepped_hours:.2f} h scan by scan), "
        f"{sum(result.fault_counts.values())} faults, {result.promotions} promotions, "
        f"{len(result.violations)} violations\n"
    )
    if result.violations:
        sys.stdout.write(explain(result, args.profile) + "\n")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
