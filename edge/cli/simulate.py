"""`denban simulate`: the same decisions over a recorded load, with figures, JSON and a chart."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge.cli.errors import RefusedError
from edge.cli.plan import checked_plan, day_of_file
from edge.cli.screen import note, screen, show, show_json
from edge.cli.simulate_view import simulate_view
from edge.cli.terms import days_of
from edge.config.load import load_site
from edge.dryrun.chart import draw_chart
from edge.dryrun.day import DayTask
from edge.dryrun.record import read_record
from edge.dryrun.run import DryRunResult, day_tasks, run_days, summarise
from edge.model.plan import Plan
from edge.model.spec import ControlSpec


@click.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option(
    "--load", "load_file", type=click.Path(path_type=Path), required=True, help="Recorded load."
)
@click.option(
    "--plan",
    "plan_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Plan of one day, named by it; may be given more than once.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for results.")
@click.option("--days", type=days_of, metavar="A..B", help="Only these local days.")
@click.option(
    "--duty",
    "duties",
    multiple=True,
    metavar="LOAD=RATIO",
    help="Share of its rating that LOAD draws; may be given more than once.",
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes.  [default: one a core]")
@click.option("--png", is_flag=True, help="Draw chart.png too.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    site: Path,
    load_file: Path,
    plan_files: tuple[Path, ...],
    out: Path,
    days: tuple[date, date] | None,
    duties: tuple[str, ...],
    jobs: int | None,
    png: bool,
    as_json: bool,
) -> None:
    """Run SITE over a recorded load, in steps of 1 s.

    The record is CSV: interval_start_local,energy_kwh or time_local,power_kw, with columns
    <load>_kw where the power of single loads is known.
    """
    spec = _with_duties(load_site(site).spec, duties)
    names = tuple(load.name for load in spec.shedding.loads)
    record = read_record(load_file, names, spec.timezone)
    plans = _plans(plan_files, spec)
    tasks = _chosen(day_tasks(spec, record, plans), days)
    _check_used(plans, tasks)
    _make_folder(out)
    began_s = time.monotonic()
    with _progress() as told:
        results = run_days(spec, tasks, jobs, told)
    result = summarise(spec, record, results)
    result.wall_s = time.monotonic() - began_s
    result.speed = result.steps / result.wall_s
    files = _write(result, spec, out, png=png)
    if as_json:
        show_json(result)
        return
    show(*simulate_view(result), "", "written: " + ", ".join(map(str, files)))


def _with_duties(spec: ControlSpec, duties: tuple[str, ...]) -> ControlSpec:
    """The spec with the duty of some loads replaced."""
    ratios = dict(_duty(text) for text in duties)
    known = {load.name for load in spec.shedding.loads}
    unknown = sorted(ratios.keys() - known)
    if unknown:
        raise RefusedError(
            f"--duty: no such load: got {', '.join(unknown)},"
            f" need one of {', '.join(sorted(known))}"
        )
    loads = tuple(
        msgspec.structs.replace(load, duty_ratio=ratios.get(load.name, load.duty_ratio))
        for load in spec.shedding.loads
    )
    shedding = msgspec.structs.replace(spec.shedding, loads=loads)
    return msgspec.structs.replace(spec, shedding=shedding)


def _duty(text: str) -> tuple[str, float]:
    name, _, written = text.partition("=")
    try:
        ratio = float(written)
    except ValueError:
        ratio = math.nan
    if not 0.0 < ratio <= 1.0:
        raise RefusedError(f"--duty: got {text}, need LOAD=RATIO with a ratio above 0, at most 1")
    return name, ratio


def _plans(files: tuple[Path, ...], spec: ControlSpec) -> dict[str, Plan]:
    """Plans by day, as if each had come in good time."""
    plans: dict[str, Plan] = {}
    for file in files:
        plan = checked_plan(file, day_of_file(file, None), spec, 0)
        if plan.day in plans:
            raise RefusedError(f"{file}: a second plan of {plan.day}; need one a day")
        plans[plan.day] = plan
    return plans


def _chosen(tasks: list[DayTask], days: tuple[date, date] | None) -> list[DayTask]:
    chosen = [
        task for task in tasks if days is None or days[0] <= date.fromisoformat(task.day) <= days[1]
    ]
    if not chosen:
        recorded = f"{tasks[0].day} to {tasks[-1].day}" if tasks else "no whole local day"
        raise RefusedError(f"--load: no day to simulate: the record has {recorded}")
    return chosen


def _check_used(plans: dict[str, Plan], tasks: list[DayTask]) -> None:
    unused = sorted(plans.keys() - {task.day for task in tasks})
    if unused:
        note(f"warning: plans of {', '.join(unused)} are not used: these days are not simulated")


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(f"{out}: no folder for results: got {error.strerror}") from error


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, else a line for each tenth; both on stderr."""
    console = screen(stderr=True)
    if not console.is_terminal:
        yield _plain_progress
        return
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("days"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("days", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _plain_progress(done: int, total: int) -> None:
    if done * 10 // total > (done - 1) * 10 // total:
        note(f"simulated {done} of {total} days")


def _write(result: DryRunResult, spec: ControlSpec, out: Path, *, png: bool) -> list[Path]:
    """result.json and the charts; without matplotlib no charts, and it is said."""
    files = [out / "result.json"]
    files[0].write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    for name in ("chart.svg", "chart.png") if png else ("chart.svg",):
        try:
            draw_chart(result, spec.timezone, out / name)
        except ImportError:
            note("no chart: matplotlib is missing; install it with: pip install 'denban[chart]'")
            return files
        files.append(out / name)
    return files
