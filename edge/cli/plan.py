"""`denban plan`: check a plan file as the controller would, or hand it in at the desk."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path
from typing import Final

import click

from edge.cli.connection import desk_of, desk_options
from edge.cli.errors import RefusedError
from edge.cli.screen import show, show_json
from edge.cli.terms import date_time, day_of, kw, moment_ns, number
from edge.config.load import load_site
from edge.core.demand.plan import PLAN_BYTES_MAX, read_plan
from edge.keeper.requests import AskPlanImport
from edge.model.plan import Plan
from edge.model.spec import ControlSpec, PlanSpec
from edge.model.units import UWH_PER_KWH, mean_power_w

_DAY_IN_NAME: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@click.group()
def plan() -> None:
    """Check a plan file, or put it into force."""


@plan.command(name="check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--site", "site_path", type=click.Path(path_type=Path), required=True)
@click.option(
    "--day", type=day_of, metavar="DAY", help="Local day of the plan, if not in its name."
)
@click.option(
    "--at",
    "at_utc_ns",
    type=moment_ns,
    metavar="TIME",
    help="Judge the gates as at this time.  [default: now]",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def check_plan(
    file: Path, site_path: Path, day: date | None, at_utc_ns: int | None, as_json: bool
) -> None:
    """Check FILE against the site file: slots, gaps, units, gates. Changes nothing."""
    spec = load_site(site_path).spec
    checked = checked_plan(file, day_of_file(file, day), spec, at_utc_ns or time.time_ns())
    if as_json:
        show_json(checked)
        return
    total_uwh = sum(slot.planned_uwh for slot in checked.slots)
    highest = max(checked.slots, key=lambda slot: slot.planned_uwh)
    highest_w = mean_power_w(highest.planned_uwh, checked.slot_ns)
    show(
        f"{file}: sound: {len(checked.slots)} slots on {checked.day}, "
        f"{number(total_uwh / UWH_PER_KWH)} kWh",
        f"highest slot: {number(highest.planned_uwh / UWH_PER_KWH)} kWh, a mean of "
        f"{kw(highest_w)}, from {date_time(highest.start_utc_ns, spec.timezone)}",
    )


@plan.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--day", type=day_of, metavar="DAY", help="Local day of the plan, if not in its name."
)
@desk_options
def import_plan(
    file: Path, day: date | None, socket_path: Path | None, site_path: Path | None
) -> None:
    """Put FILE into force. A faulty one is refused and the plan before it stays."""
    data = _read(file)
    wanted = day_of_file(file, day)
    desk = desk_of(socket_path, site_path)
    identity = desk.identity()
    answer = desk.order(AskPlanImport(wanted.isoformat(), file.name, data))
    click.echo(f"{identity.unit}, {identity.site}: {answer.text}")


def day_of_file(file: Path, day: date | None) -> date:
    """The local day that a plan file is for: as told, else by its name. Raises RefusedError."""
    if day is not None:
        return day
    found = _DAY_IN_NAME.search(file.name)
    try:
        return date.fromisoformat(found[0] if found else "")
    except ValueError as error:
        raise RefusedError(
            f"{file}: day unknown: got the name {file.name}, need YYYY-MM-DD in it; nothing was"
            " done; name it with --day"
        ) from error


def checked_plan(file: Path, day: date, spec: ControlSpec, at_utc_ns: int) -> Plan:
    """The plan in `file` as if received at `at_utc_ns`. Raises ProblemsError or RefusedError."""
    terms = plan_terms(spec)
    return read_plan(
        _read(file), day, spec.timezone, terms, at_utc_ns, None, spec.demand.contract_w
    )


def plan_terms(spec: ControlSpec) -> PlanSpec:
    """The site's [plan]. Raises RefusedError where there is none."""
    if spec.plan is None:
        raise RefusedError("plan: the site file has no [plan] section; add it to hold a plan")
    return spec.plan


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(PLAN_BYTES_MAX + 1)
    except OSError as error:
        raise RefusedError(
            f"{file}: not readable: got {error.strerror}; nothing was done"
        ) from error
