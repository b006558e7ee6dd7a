"""A dry run over many days, on all cores, and its result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta

from msgspec import Struct

from edge.dryrun.day import DayResult, DaySimulation, DayTask, LoadDay
from edge.dryrun.record import Record
from edge.model.event import Fact
from edge.model.plan import Plan
from edge.model.spec import ControlSpec
from edge.model.units import NS_PER_S

Progress = Callable[[int, int], None]


class IntervalResult(Struct, frozen=True):
    """A closed interval: what it would have been, what it was, what was allowed."""

    start_utc_ns: int
    natural_kw: float
    demand_kw: float
    target_kw: float
    exceeded: bool


class LoadResult(Struct):
    """One load over all days."""

    name: str
    switchings: int = 0
    shed_h: float = 0.0
    curtailed_kwh: float = 0.0


class DryRunResult(Struct):
    """The whole dry run. Energies in kWh at the meter; `speed` is simulated time over wall time."""

    site: str
    record: str
    days: int
    steps: int
    natural_kwh: float
    drawn_kwh: float
    natural_peak_kw: float
    peak_kw: float
    natural_exceeded: int
    exceeded: int
    intervals: list[IntervalResult]
    loads: list[LoadResult]
    slots: list[dict[str, Fact]]
    wall_s: float = 0.0
    speed: float = 0.0

    @property
    def curtailed_kwh(self) -> float:
        return sum(load.curtailed_kwh for load in self.loads)


def day_tasks(spec: ControlSpec, record: Record, plans: dict[str, Plan]) -> list[DayTask]:
    """One task a recorded day, each begun an interval early so that its first one counts."""
    tasks = []
    for day, start, end in record.days(spec.timezone):
        warm_up_s = min(spec.demand.interval_ns // NS_PER_S, start - record.start_utc_s)
        rows = record.part(start - warm_up_s, end)
        plan = plans.get(day.isoformat())
        tasks.append(DayTask(day.isoformat(), start, end, warm_up_s, rows, plan))
    return tasks


def run_days(
    spec: ControlSpec, tasks: list[DayTask], jobs: int | None, progress: Progress
) -> list[DayResult]:
    """Results in the order of the tasks, the same for any number of `jobs` (None: all cores)."""
    jobs = min(jobs or os.cpu_count() or 1, len(tasks))
    results = []
    for result in _each(spec, tasks, jobs):
        results.append(result)
        progress(len(results), len(tasks))
    return results


def _each(spec: ControlSpec, tasks: list[DayTask], jobs: int) -> Iterator[DayResult]:
    if jobs <= 1:
        for task in tasks:
            yield DaySimulation(spec, task).run()
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_run, ((spec, task) for task in tasks))


def _run(job: tuple[ControlSpec, DayTask]) -> DayResult:
    return DaySimulation(*job).run()


def summarise(spec: ControlSpec, record: Record, days: list[DayResult]) -> DryRunResult:
    """One result of all days. Partial intervals count for nothing."""
    intervals = [
        _interval(record, facts, spec.demand.interval_ns)
        for day in days
        for facts in day.intervals
        if not facts["partial"]
    ]
    return DryRunResult(
        site=spec.site,
        record=record.name,
        days=len(days),
        steps=sum(day.steps for day in days),
        natural_kwh=sum(day.natural_kwh for day in days),
        drawn_kwh=sum(day.drawn_kwh for day in days),
        natural_peak_kw=max((i.natural_kw for i in intervals), default=0.0),
        peak_kw=max((i.demand_kw for i in intervals), default=0.0),
        natural_exceeded=sum(i.natural_kw > i.target_kw for i in intervals),
        exceeded=sum(i.exceeded for i in intervals),
        intervals=intervals,
        loads=_loads(days),
        slots=[facts for day in days for facts in day.slots],
    )


def _interval(record: Record, facts: dict[str, Fact], interval_ns: int) -> IntervalResult:
    start_utc_ns, demand_kw, target_kw = (
        facts["start_utc_ns"],
        facts["demand_kw"],
        facts["target_kw"],
    )
    assert isinstance(start_utc_ns, int)
    assert isinstance(demand_kw, float)
    assert isinstance(target_kw, float)
    start_s = start_utc_ns // NS_PER_S
    natural_kw = record.mean_w(start_s, start_s + interval_ns // NS_PER_S) / 1e3
    return IntervalResult(start_utc_ns, natural_kw, demand_kw, target_kw, demand_kw > target_kw)


def _loads(days: list[DayResult]) -> list[LoadResult]:
    totals: dict[str, LoadResult] = {}
    for day in days:
        for load in day.loads:
            _add(totals.setdefault(load.name, LoadResult(load.name)), load)
    return list(totals.values())


def _add(total: LoadResult, load: LoadDay) -> None:
    total.switchings += load.switchings
    total.shed_h += load.shed_s / timedelta(hours=1).total_seconds()
    total.curtailed_kwh += load.curtailed_kwh
