"""Records and specs for dry runs: written as CSV, read as the product reads them."""

from __future__ import annotations

from pathlib import Path

from edge.config.load import load_site
from edge.dryrun.day import DayTask
from edge.dryrun.record import Record, read_record
from edge.model.spec import ControlSpec

SITE = """
[site]
name = "Mill"
timezone = "{zone}"
[unit.EG-KITA]
hardware_serial = "10000000a1b2c3d4"
[demand]
interval_s = 1800
contract_kw = 500
[pulse.incomer]
pin = 17
wh_per_pulse = 24
[load.furnace]
pin = 5
rated_kw = 150
priority = 1
min_shed_s = 60
max_shed_s = 3600
feedback_pin = 6
[load.fan]
pin = 12
rated_kw = 80
priority = 2
min_shed_s = 60
max_shed_s = 3600
"""


def spec_in(folder: Path, zone: str = "Asia/Seoul", extra: str = "") -> ControlSpec:
    path = folder / "site.toml"
    path.write_text(SITE.replace("{zone}", zone) + extra)
    return load_site(path).spec


def write_csv(folder: Path, lines: list[str], name: str = "load.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([*lines, ""]))
    return path


def record_of(folder: Path, spec: ControlSpec, lines: list[str]) -> Record:
    names = tuple(load.name for load in spec.shedding.loads)
    return read_record(write_csv(folder, lines), names, spec.timezone)


def flat_day(power_kw: float, days: int = 2) -> list[str]:
    """Quarter hours from 2026-03-02 on, a working day at `power_kw` from 08:00 to 18:00."""
    lines = ["interval_start_local,energy_kwh"]
    for quarter in range(96 * days):
        day, rest = divmod(quarter, 96)
        hour, minute = divmod(rest * 15, 60)
        power = power_kw if 8 <= hour < 18 else 120.0
        lines.append(f"2026-03-{2 + day:02}T{hour:02}:{minute:02},{power / 4}")
    return lines


def hours(task: DayTask, first: int, last: int) -> DayTask:
    """The part of a task's day from one hour to another, with an hour to warm up: a whole day takes
    seconds.
    """
    start_utc_s = task.start_utc_s + first * 3600
    end_utc_s = task.start_utc_s + last * 3600
    rows = task.record.part(start_utc_s - 3600, end_utc_s)
    return DayTask(task.day, start_utc_s, end_utc_s, 3600, rows, task.plan)
