"""`denban scan`: finds the meters on a line while no controller uses it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from msgspec.structs import replace
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge.bus.client import LineClient
from edge.bus.lease import BusPage
from edge.cli.errors import FailedError, RefusedError
from edge.cli.prober import Answering, Prober, Told
from edge.cli.screen import note, screen, show, show_json, table
from edge.cli.terms import NOTHING, kw, number, unit_ids
from edge.config.load import LoadedSite, load_profiles, load_site
from edge.model.bus import BusPlan
from edge.model.units import UWH_PER_KWH

# No controller is there to renew it: this process itself has the line.
_LEASE_FOREVER_MONO_NS = (1 << 63) - 1


@click.command()
@click.argument("bus")
@click.option("--site", "site_path", type=click.Path(path_type=Path), required=True)
@click.option(
    "--unit-ids", "ids", type=unit_ids, default="1-247", metavar="A-B", help="Which to ask."
)
@click.option(
    "--timeout-ms",
    type=click.IntRange(20, 5000),
    help="Wait so long for each answer.  [default: as in the site file]",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="Ask every id for every profile: finds meters that ignore unknown registers. Slow.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def scan(
    bus: str,
    site_path: Path,
    ids: tuple[int, ...],
    timeout_ms: int | None,
    thorough: bool,
    as_json: bool,
) -> None:
    """Find the meters on line BUS of the site file.

    Says which unit ids answer and which profile fits. A serial line is taken for this alone; a
    running controller keeps it and the scan is refused.
    """
    plan = _line(load_site(site_path), bus)
    if timeout_ms is not None:
        plan = replace(plan, timeout_ms=timeout_ms)
    profiles = {name: profile.map for name, profile in load_profiles(site_path).items()}
    with search_progress(len(ids)) as told:
        found = asyncio.run(find_meters(plan, Prober(profiles, thorough=thorough), ids, told))
    if as_json:
        show_json(found)
    elif found:
        show(_view(found))
    if not found:
        raise FailedError(
            f"bus.{bus}: no meter found: got no answer from {len(ids)} unit ids; check wiring A/B,"
            " termination, baud rate and parity"
        )


async def find_meters(
    plan: BusPlan, prober: Prober, ids: tuple[int, ...], told: Told
) -> list[Answering]:
    """Who answers on a line that this process takes for itself; refused where it is in use."""
    # Silence is what most unit ids answer with; pymodbus would tell of each on stderr.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    fd = BusPage.create()
    page = BusPage(fd)
    os.close(fd)
    page.lease_until_mono_ns = _LEASE_FOREVER_MONO_NS
    client = LineClient(plan, page)
    try:
        problem = await client.open()
        if problem is not None:
            raise RefusedError(
                f"{replace(problem, effect='', next_step='')}; nothing was asked; stop the"
                " controller if it runs here, else check the port"
            )
        return await prober.probe(client, ids, told)
    finally:
        client.close()
        page.close()


def _line(loaded: LoadedSite, name: str) -> BusPlan:
    for bus in loaded.io.buses:
        if bus.name == name:
            return bus
    known = ", ".join(bus.name for bus in loaded.io.buses) or "no line"
    raise RefusedError(f"{name}: no such line: need one of: {known}; nothing was asked")


def _view(found: list[Answering]) -> Table:
    rows = []
    for one in found:
        rows += [
            (
                str(one.unit_id),
                reading.profile,
                kw(reading.power_w, 3),
                NOTHING
                if reading.import_uwh is None
                else f"{number(reading.import_uwh / UWH_PER_KWH, 3)} kWh",
            )
            for reading in one.readings
        ] or [(str(one.unit_id), f"none fits ({one.remark})", NOTHING, NOTHING)]
    return table(("unit id>", "profile that fits", "power>", "import>"), rows)


@contextmanager
def search_progress(total: int) -> Iterator[Told]:
    """A bar on a terminal, else a line for each unit that is found; both on stderr."""
    console = screen(stderr=True)
    if not console.is_terminal:
        yield _plain_progress
        return
    columns = (
        TextColumn("asking unit id {task.fields[unit_id]}, found {task.fields[found]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("ids", total=total, unit_id=0, found=0)
        yield lambda unit_id, found, _new: bar.update(task, advance=1, unit_id=unit_id, found=found)


def _plain_progress(unit_id: int, _found: int, new: bool) -> None:
    if new:
        note(f"unit id {unit_id} answers")
