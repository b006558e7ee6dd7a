"""`denban doctor`: all checks in one table."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import click
from rich.text import Text

from edge.adapters.boottime import ClockWatch
from edge.adapters.hardware import HardwareIdentity, read_hardware_identity
from edge.app.unit import serials
from edge.cli.connection import Desk
from edge.cli.doctor.boot import check_boot_pins
from edge.cli.doctor.disk import check_disk
from edge.cli.doctor.files import check_plan_folder, check_socket, check_store
from edge.cli.doctor.gpio import check_gpio
from edge.cli.doctor.identity import check_hostname, check_serial, unit_of
from edge.cli.doctor.machine import check_clock, check_memory_lock, check_real_time
from edge.cli.doctor.ports import check_port
from edge.cli.doctor.result import CheckResult, Verdict, fail, ok
from edge.cli.doctor.settings import check_settings
from edge.cli.doctor.software import check_packages, check_python, check_zone_data
from edge.cli.doctor.twin import check_key, check_path, check_peer
from edge.cli.doctor.user import check_user
from edge.cli.doctor.watchdog import check_watchdog
from edge.cli.errors import FailedError, RefusedError
from edge.cli.screen import show, show_json, table
from edge.config.load import LoadedSite, load_site
from edge.config.twin import link_paths
from edge.keeper.requests import Answer, AskStatus
from edge.model.problem import ProblemsError

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}
_SHAPES = {Verdict.OK: "●", Verdict.WARN: "▲", Verdict.FAIL: "×"}


@click.command()
@click.option(
    "--site",
    "site_path",
    type=click.Path(path_type=Path),
    help="Check what this site file needs too.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def doctor(site_path: Path | None, as_json: bool) -> None:
    """Check that this machine is fit for the controller.

    Ports, pins, permissions, watchdog, clock, key, peer, disk, names, and the settings of the
    operating system. Run it as the service's user: sudo -u denban denban doctor. Exit code 1 when
    a check fails.
    """
    results = _general()
    if site_path is not None:
        results += _of_site(site_path)
    if as_json:
        show_json(results)
    else:
        rows = [
            (
                Text(f"{_SHAPES[result.verdict]} {result.verdict}", _STYLES[result.verdict]),
                result.name,
                result.found,
                result.advice,
            )
            for result in results
        ]
        show(table(("", "check", "found", "what to do"), rows))
    failed = [result.name for result in results if result.verdict is Verdict.FAIL]
    if failed:
        count = f"{len(failed)} of {len(results)} checks fail"
        raise FailedError(f"doctor: {count}: {'; '.join(failed)}")


def _general() -> list[CheckResult]:
    """What needs no site file."""
    return [
        check_python(),
        *check_packages(),
        check_user(os.geteuid()),
        check_clock(ClockWatch(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)),
        *check_settings(),
    ]


def _of_site(site_path: Path) -> list[CheckResult]:
    try:
        loaded = load_site(site_path)
    except ProblemsError as error:
        advice = f"denban check {site_path} explains them"
        return [fail("site file", f"{len(error.problems)} problems", advice)]
    io = loaded.io
    running, answer = _ask(loaded)
    hardware = read_hardware_identity(listed=serials(io.units))
    return [
        ok("site file", f"{loaded.spec.site}, digest {loaded.digest[:16]}"),
        ok("controller", "runs" if running else "does not run"),
        check_zone_data(loaded.site.site.timezone),
        check_serial(io.units, hardware),
        check_hostname(io.units, hardware, socket.gethostname()),
        *(result for bus in io.buses for result in check_port(bus, running=running)),
        *check_gpio(io),
        *check_boot_pins(io),
        *check_watchdog(io.watchdog, running=running),
        check_real_time(io.scan),
        check_memory_lock(io.scan),
        *check_store(io.store),
        *check_disk(Path(io.store.directory)),
        *check_socket(io.control),
        check_plan_folder(io.plan_directory),
        *_of_twin(loaded, hardware, answer),
    ]


def _of_twin(
    loaded: LoadedSite, hardware: HardwareIdentity | None, answer: Answer | None
) -> list[CheckResult]:
    """Nothing on a site with one unit; the paths only where it is known which unit this is."""
    twin = loaded.io.twin
    if twin is None:
        return []
    unit = unit_of(loaded.io.units, hardware)
    paths = () if unit is None else link_paths(loaded.io, unit.name)
    return [
        check_key(twin.key_file, os.environ),
        *(check_path(path) for path in paths),
        check_peer(answer),
    ]


def _ask(loaded: LoadedSite) -> tuple[bool, Answer | None]:
    """Whether somebody listens at the site's socket, even if not to us; and what he says."""
    try:
        return True, Desk(Path(loaded.io.control.socket)).ask(AskStatus())
    except RefusedError:
        return True, None
    except FailedError:
        return False, None
