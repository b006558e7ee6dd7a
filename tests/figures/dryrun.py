"""Speed of the dry run: `python -m tests.figures.dryrun DAYS JOBS`.

The example plant over that many days of its record in steps of a second, one set of days for each
of JOBS processes. Prints simulated seconds per second of the wall clock, all processes together.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from edge.config.load import load_site
from edge.dryrun.record import read_record
from edge.dryrun.run import day_tasks, run_days

DATA = Path(__file__).parents[2] / "docs" / "data"


def main(days: int, jobs: int) -> dict[str, float]:
    """Reading the files is not counted, starting processes is."""
    spec = load_site(DATA / "steel_plant.toml").spec
    loads = tuple(load.name for load in spec.shedding.loads)
    record = read_record(DATA / "steel_plant_two_weeks.csv", loads, spec.timezone)
    tasks = day_tasks(spec, record, {})[:days]
    began_s = time.perf_counter()
    results = run_days(spec, tasks, jobs, lambda _done, _all: None)
    wall_s = time.perf_counter() - began_s
    steps = sum(result.steps for result in results)
    return {"steps": steps, "wall_s": wall_s, "steps_per_s": steps / wall_s}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
