"""Many seeds on all cores, with a bar and the time left, and a report of what was seen."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tests.sim.report import Total, report
from tests.sim.run import Result, run_seed
from tests.sim.scenario import PROFILES
from tests.sim.shrink import explain

# Hours of one seed: long enough for the limits on swaps to matter.
SEED_HOURS: Final = 5.0
SHOWN_MAX: Final = 5
# Without a terminal a line at each of so many steps.
PLAIN_STEPS: Final = 10


class Job(Struct, frozen=True):
    seed: int
    profile: str


def _run(job: Job) -> tuple[Job, Result]:
    return job, run_seed(job.seed, job.profile, SEED_HOURS)


def _jobs(hours: float, first_seed: int) -> list[Job]:
    profiles = sorted(PROFILES)
    # Half of the seeds have all kinds of faults, the rest one family each.
    count = max(1, round(hours / SEED_HOURS))
    return [
        Job(first_seed + n, "mixed" if n % 2 else profiles[n // 2 % len(profiles)])
        for n in range(count)
    ]


def soak(hours: float, first_seed: int, workers: int, out: str) -> int:
    jobs = _jobs(hours, first_seed)
    total = Total(first_seed=first_seed, last_seed=first_seed + len(jobs) - 1)
    began = time.monotonic()
    count = workers or os.cpu_count() or 1
    failed: list[tuple[Job, Result]] = []
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        for job, result in _shown(pool.imap_unordered(_run, jobs), len(jobs)):
            total.add(result)
            if result.violations:
                failed.append((job, result))
    command = f"make soak HOURS={hours:g}"
    Path(out).write_text(report(total, command, count, time.monotonic() - began))
    for job, result in failed[:SHOWN_MAX]:
        sys.stdout.write(explain(result, job.profile) + "\n\n")
    sys.stdout.write(
        f"{total.hours:.0f} pair-hours, {total.fault_count} faults, "
        f"{len(failed)} violations; report in {out}\n"
    )
    return 1 if failed else 0


def _shown(results: Iterator[tuple[Job, Result]], count: int) -> Iterator[tuple[Job, Result]]:
    if not sys.stdout.isatty():
        for done, each in enumerate(results, 1):
            if done % max(1, count // PLAIN_STEPS) == 0:
                sys.stdout.write(f"{done} of {count} seeds\n")
                sys.stdout.flush()
            yield each
        return
    columns = (
        TextColumn("soak {task.completed} of {task.total} seeds"),
        BarColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("soak", total=count)
        for each in results:
            progress.advance(task)
            yield each
