"""`denban report`: one local day out of the journal, as tables, CSV or JSON."""

from __future__ import annotations

import csv
import sys
from datetime import date, tzinfo
from pathlib import Path

import click
from rich.console import RenderableType

from edge.cli.errors import RefusedError
from edge.cli.records import journal_of, journal_options, reading
from edge.cli.report_day import DayReport, Interval, Slot, report_of
from edge.cli.screen import show, show_json, table
from edge.cli.terms import NOTHING, clock_time, date_time, day_of, duration, number


@click.command()
@click.argument("day", type=day_of, metavar="DAY")
@click.option("--csv", "as_csv", is_flag=True, help="Intervals as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@journal_options
def report(
    day: date, as_csv: bool, as_json: bool, site_path: Path | None, store_path: Path | None
) -> None:
    """Report a local DAY out of the journal.

    DAY is like 2026-08-13, today or yesterday; intervals, plan, loads, alarms.
    """
    place = journal_of(site_path, store_path)
    with reading(place):
        made = report_of(place.path, day, place.zone)
    if not made.intervals and not made.slots and not made.loads:
        raise RefusedError(f"{place.path}: nothing recorded on {day}: got no closed interval")
    if as_json:
        show_json(made)
    elif as_csv:
        _write_csv(made, place.zone)
    else:
        show(*_view(made, place.zone))


def _view(made: DayReport, zone: tzinfo) -> list[RenderableType]:
    peak = made.peak
    highest = (
        f"peak {number(peak.demand_kw)} kW at {clock_time(peak.start_utc_ns, zone)}"
        if peak
        else "no whole interval"
    )
    over = f"{made.exceeded_count} of {len(made.intervals)} intervals over target"
    parts: list[RenderableType] = [
        f"{made.day}: {number(made.energy_kwh)} kWh, {highest}, {over}",
        "",
        table(
            ("interval", "energy>", "demand>", "target>", "set by", "remark"),
            [_interval_row(interval, zone) for interval in made.intervals],
        ),
    ]
    if made.slots:
        parts += ["", _slots(made, zone)]
    rows = [
        (
            load.name,
            str(load.switchings),
            duration(load.shed_s),
            "yes" if load.shed_at_end else "no",
        )
        for load in made.loads
    ]
    parts += ["", table(("load", "switchings>", "time shed>", "shed at the end"), rows)]
    alarms = [(clock_time(alarm.utc_ns, zone), alarm.severity, alarm.text) for alarm in made.alarms]
    parts += ["", table(("time", "severity", "what"), alarms) if alarms else "no alarms"]
    return parts


def _interval_row(interval: Interval, zone: tzinfo) -> tuple[str, ...]:
    return (
        f"{clock_time(interval.start_utc_ns, zone)}",
        f"{number(interval.energy_kwh)} kWh",
        f"{number(interval.demand_kw)} kW",
        f"{number(interval.target_kw)} kW",
        interval.binding,
        ", ".join(interval.remarks).replace("_", " "),
    )


def _slots(made: DayReport, zone: tzinfo) -> RenderableType:
    cost = f"cost of deviations {_cost(made.cost_low, made.cost_high, made.currency)}"
    return table(
        ("plan slot", "planned>", "settled>", "deviation>", "cost>", "remark"),
        [_slot_row(slot, zone) for slot in made.slots],
        f"plan: deviation {number(made.deviation_kwh)} kWh in all, {cost}",
    )


def _slot_row(slot: Slot, zone: tzinfo) -> tuple[str, ...]:
    return (
        clock_time(slot.start_utc_ns, zone),
        _kwh(slot.planned_kwh),
        _kwh(slot.settled_kwh),
        _kwh(slot.deviation_kwh),
        NOTHING
        if slot.settled_kwh is None
        else _cost(slot.cost_low, slot.cost_high, slot.currency),
        ", ".join(slot.remarks),
    )


def _kwh(energy_kwh: float | None) -> str:
    return NOTHING if energy_kwh is None else f"{number(energy_kwh)} kWh"


def _cost(low: float, high: float, currency: str) -> str:
    return f"{number(low, 0)} to {number(high, 0)} {currency}".rstrip()


def _write_csv(made: DayReport, zone: tzinfo) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ("interval_start_local", "energy_kwh", "demand_kw", "target_kw", "set_by", "remark")
    )
    for interval in made.intervals:
        writer.writerow(
            (
                date_time(interval.start_utc_ns, zone),
                f"{interval.energy_kwh:.6f}",
                f"{interval.demand_kw:.3f}",
                f"{interval.target_kw:.3f}",
                interval.binding,
                " ".join(interval.remarks),
            )
        )
