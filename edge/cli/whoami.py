"""`denban whoami`: which unit this machine is, by the controller, else by the hardware."""

from __future__ import annotations

import socket
from pathlib import Path

import click
import msgspec

import edge
from edge.adapters.hardware import read_hardware_identity
from edge.cli.connection import NotRunningError, desk_of, desk_options
from edge.cli.screen import show, show_json
from edge.cli.twin_view import duty_line, peer_line, role_mark
from edge.config.load import load_site
from edge.keeper.duty import on_duty_unit
from edge.keeper.requests import Answer, AskStatus, Identity
from edge.model.twin_status import TwinStatus

NOT_RUNNING = "not running"


@click.command()
@desk_options
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def whoami(socket_path: Path | None, site_path: Path | None, as_json: bool) -> None:
    """Say which unit of which site this machine is."""
    try:
        answer = desk_of(socket_path, site_path).ask(AskStatus())
    except NotRunningError:
        answer = Answer(ok=False)
    identity, twin = answer.identity or _by_hardware(site_path), answer.twin
    if as_json:
        show_json(_named(identity, twin))
        return
    pid = f"pid {identity.pid}" if identity.pid else "no process"
    show(
        f"{identity.unit or 'unknown unit'}, {identity.site or 'unknown site'}  "
        f"{role_mark(identity.role)}",
        f"host {identity.hostname}, hardware serial {identity.hardware_serial or 'none'}",
        f"denban {identity.version}, {pid}",
        *([] if twin is None else [f"{duty_line(twin)}; {peer_line(twin.peer)}"]),
    )


def _named(identity: Identity, twin: TwinStatus | None) -> dict[str, object]:
    """A unit that has a peer names it, and who is on duty (null: nobody is known to be)."""
    names: dict[str, object] = msgspec.to_builtins(identity)
    if twin is None:
        return names
    return {**names, "peer": msgspec.to_builtins(twin.peer), "on_duty": on_duty_unit(twin)}


def _by_hardware(site_path: Path | None) -> Identity:
    """What is known without a controller: the machine, and its unit if a site file lists it."""
    hardware = read_hardware_identity()
    serial = hardware.serial if hardware else ""
    unit = site = ""
    if site_path is not None:
        loaded = load_site(site_path)
        site = loaded.spec.site
        for plan in loaded.io.units:
            if plan.hardware_serial.lower() == serial:
                unit = plan.name
    return Identity(unit, site, NOT_RUNNING, socket.gethostname(), serial, edge.__version__, 0)
