"""A dry run over many days, on all cores, and its result."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

import msgspec
from msgspec import Struct

from edge.core.demand.imbalance import settle
from edge.dryrun.day import DayResult, DaySimulation, DayTask, LoadDay
from edge.dryrun.record import Record
from edge.model.event import Fact
from edge.model.plan import Plan
from edge.model.spec import ControlSpec, PlanSpec
from edge.model.units import NS_PER_S, UWH_PER_KWH, energy_uwh

Progress = Callable[[int, int], None]

# Thermal demand knows its past only after two intervals.
_WARM_UP_INTERVALS: Final = 2
_S_PER_H: Final = 3600


class IntervalResult(Struct, frozen=True):
    """A closed interval: what it would have been, what it was, what was allowed."""

    start_utc_ns: int
    natural_kw: float
    demand_kw: float
    target_kw: float
    exceeded: bool


class LoadResult(Struct):
    """One load over all days; see LoadDay for absorb loads."""

    name: str
    switchings: int = 0
    shed_h: float = 0.0
    curtailed_kwh: float = 0.0


class SlotResult(Struct, frozen=True):
    """A plan slot, settled, without control and with it; deviations above 0 are shortage."""

    start_utc_ns: int
    planned_kwh: float
    natural_deviation_kwh: float
    deviation_kwh: float
    natural_cost: tuple[float, float]
    cost: tuple[float, float]


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
    slots: list[SlotResult]
    currency: str
    wall_s: float = 0.0
    speed: float = 0.0


def day_tasks(spec: ControlSpec, record: Record, plans: dict[str, Plan]) -> list[DayTask]:
    """One task a recorded day, each begun two intervals early so that its first one counts."""
    tasks = []
    for day, start, end in record.days(spec.timezone):
        wanted_s = _WARM_UP_INTERVALS * spec.demand.interval_ns // NS_PER_S
        warm_up_s = min(wanted_s, start - record.start_utc_s)
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
    # Not forked: a progress bar's thread must not be copied half way through.
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
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
        slots=[] if spec.plan is None else _slots(spec.plan, record, days),
        currency="" if spec.plan is None else spec.plan.currency,
    )


class _IntervalFacts(Struct, frozen=True):
    start_utc_ns: int
    demand_kw: float
    target_kw: float


class _SlotFacts(Struct, frozen=True):
    start_utc_ns: int
    planned_kwh: float | None
    deviation_kwh: float = 0.0
    cost_low: float = 0.0
    cost_high: float = 0.0


def _interval(record: Record, facts: dict[str, Fact], interval_ns: int) -> IntervalResult:
    """Without control thermal demand is not worked out: the mean of the interval stands for it."""
    known = msgspec.convert(facts, _IntervalFacts)
    start_s = known.start_utc_ns // NS_PER_S
    natural_kw = record.mean_w(start_s, start_s + interval_ns // NS_PER_S) / 1e3
    return IntervalResult(
        known.start_utc_ns,
        natural_kw,
        known.demand_kw,
        known.target_kw,
        known.demand_kw > known.target_kw,
    )


def _slots(spec: PlanSpec, record: Record, days: list[DayResult]) -> list[SlotResult]:
    return [
        _slot(spec, record, msgspec.convert(facts, _SlotFacts))
        for day in days
        for facts in day.slots
        if facts["planned_kwh"] is not None and not facts["partial"]
    ]


def _slot(spec: PlanSpec, record: Record, known: _SlotFacts) -> SlotResult:
    assert known.planned_kwh is not None
    start_s = known.start_utc_ns // NS_PER_S
    natural_w = record.mean_w(start_s, start_s + spec.slot_ns // NS_PER_S)
    natural = settle(
        spec, energy_uwh(natural_w, spec.slot_ns), round(known.planned_kwh * UWH_PER_KWH)
    )
    return SlotResult(
        known.start_utc_ns,
        known.planned_kwh,
        natural.deviation_uwh / UWH_PER_KWH,
        known.deviation_kwh,
        (natural.cost_low, natural.cost_high),
        (known.cost_low, known.cost_high),
    )


def _loads(days: list[DayResult]) -> list[LoadResult]:
    totals: dict[str, LoadResult] = {}
    for day in days:
        for load in day.loads:
            _add(totals.setdefault(load.name, LoadResult(load.name)), load)
    return list(totals.values())


def _add(total: LoadResult, load: LoadDay) -> None:
    total.switchings += load.switchings
    total.shed_h += load.shed_s / _S_PER_H
    total.curtailed_kwh += load.curtailed_kwh
