"""Time of one decision and how it grows with the plant; speed of the dry run on the same code."""

from __future__ import annotations

import statistics
from typing import Any

from hil.figures import programs
from hil.figures.figure import Figure, Row, Run, verdict

_DECISION = "decision"
_DRY_RUN = "dryrun"
_LOADS, _METERS = 16, 8
# A straight line through the sizes: the largest may be so much above what the others say.
_BEND_RATIO_MAX = 1.25
_STEPS_PER_S_MIN = 10_000


def _measure_decision(run: Run) -> list[Row]:
    run.step("scans of 8 plant sizes")
    scans = run.pick(5000, 500)
    sizes = programs.result("tests.figures.decide", str(scans), duration_s=60)
    by_loads = [size for size in sizes if size["meters"] == _METERS]
    # Sizes with other numbers of meters, and the one that both tables share.
    by_meters = [size for size in sizes if size["loads"] == _LOADS]
    rated = next(size for size in by_loads if size["loads"] == _LOADS)
    return [
        Row(
            figure=_DECISION,
            what=f"one decision, {_METERS} meters, {_LOADS} loads, 4 pulse inputs",
            measured=f"{rated['median_us']:.0f} µs median, {rated['p99_us']:.0f} µs p99",
            against=f"{rated['scans']} scans of 100 ms",
            numbers=rated,
        ),
        _growth_row("loads", by_loads),
        _growth_row("meters", sorted(by_meters, key=lambda size: size["meters"])),
    ]


def _growth_row(part: str, sizes: list[dict[str, Any]]) -> Row:
    bend = bend_ratio(
        [float(size[part]) for size in sizes], [float(size["median_us"]) for size in sizes]
    )
    return Row(
        figure=_DECISION,
        what=f"growth with {part}: {' / '.join(str(size[part]) for size in sizes)}",
        measured=" / ".join(f"{size['median_us']:.0f}" for size in sizes) + " µs median",
        target="linear",
        verdict=verdict(bend <= _BEND_RATIO_MAX),
        against=f"largest is {bend:.2f} × what a line through the others gives",
        numbers={"sizes": sizes, "bend_ratio": bend},
    )


def bend_ratio(sizes: list[float], times: list[float]) -> float:
    """The last time over what the least-squares line through all the others says for its size."""
    slope, intercept = statistics.linear_regression(sizes[:-1], times[:-1])
    return times[-1] / (intercept + slope * sizes[-1])


def _measure_dry_run(run: Run) -> list[Row]:
    speeds: dict[int, list[float]] = {1: [], 2: []}
    for number in range(_dry_run_rounds(run)):
        for jobs, speed in speeds.items():
            run.step(f"round {number + 1}: {jobs} at once")
            done = programs.result("tests.figures.dryrun", str(jobs), str(jobs), duration_s=120)
            speed.append(done["steps_per_s"])
    medians = {jobs: statistics.median(each) for jobs, each in speeds.items()}
    return [
        Row(
            figure=_DRY_RUN,
            what="dry run, steps of a second, 1 process",
            measured=f"{medians[1]:,.0f} simulated s a second",
            numbers={"steps_per_s": speeds[1]},
        ),
        Row(
            figure=_DRY_RUN,
            what="dry run, steps of a second, 2 processes together",
            measured=f"{medians[2]:,.0f} simulated s a second",
            target=f"≥ {_STEPS_PER_S_MIN:,}",
            verdict=verdict(medians[2] >= _STEPS_PER_S_MIN),
            against=f"{medians[2] / medians[1]:.2f} × one process",
            numbers={"steps_per_s": speeds[2]},
        ),
    ]


def _dry_run_rounds(run: Run) -> int:
    return run.pick(2, 1)


DECISION = Figure(
    _DECISION, "time of a decision and its growth", lambda run: run.pick(12, 3), _measure_decision
)
DRY_RUN = Figure(
    _DRY_RUN, "speed of the dry run", lambda run: 26.0 * _dry_run_rounds(run), _measure_dry_run
)
