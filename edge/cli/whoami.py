"""`denban whoami`: which unit this machine is, by the controller, else by the hardware."""

from __future__ import annotations

import socket
from pathlib import Path

import click
import msgspec

import edge
from edge.adapters.hardware import HardwareIdentity, read_hardware_identity
from edge.app.unit import listing_unit, serials
from edge.cli.connection import NotRunningError, desk_of, desk_options
from edge.cli.errors import FailedError
from edge.cli.screen import show, show_json
from edge.cli.twin_view import duty_line, peer_line
from edge.config.io import UnitPlan
from edge.config.load import load_site
from edge.keeper.duty import on_duty_unit
from edge.keeper.login import second_line
from edge.keeper.requests import Answer, AskStatus, Identity
from edge.model.role_mark import UNKNOWN_ROLE, role_mark
from edge.model.twin_status import TwinStatus

NOT_RUNNING = "not running"


@click.command()
@desk_options
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.option("--serial", is_flag=True, help="The line for the site file, and nothing else.")
@click.option("--banner", is_flag=True, help="The two lines of a login.")
def whoami(
    socket_path: Path | None, site_path: Path | None, as_json: bool, serial: bool, banner: bool
) -> None:
    """Say which unit of which site this machine is."""
    if serial:
        _show_serial(site_path)
        return
    try:
        answer = desk_of(socket_path, site_path).ask(AskStatus())
    except NotRunningError:
        answer = Answer(ok=False)
    identity, twin = answer.identity or _by_hardware(site_path), answer.twin
    if as_json:
        show_json(_named(identity, twin))
        return
    if banner:
        show(*_banner(identity, twin))
        return
    pid = f"pid {identity.pid}" if identity.pid else "no process"
    show(
        f"{identity.unit or 'unknown unit'}, {identity.site or 'unknown site'}  "
        f"{role_mark(identity.role)}",
        f"host {identity.hostname}, hardware serial {identity.hardware_serial or 'none'}",
        f"denban {identity.version}, {pid}",
        *([] if twin is None else [f"{duty_line(twin)}; {peer_line(twin.peer)}"]),
        *_differences(identity, twin),
    )


def _show_serial(site_path: Path | None) -> None:
    """What to list in the site file; a file that lists this machine already is followed."""
    hardware = _hardware(() if site_path is None else load_site(site_path).io.units)
    if hardware is None:
        raise FailedError(
            "hardware serial: none found: got no number of board, processor, firmware, Ethernet"
            " port or system, need one; this machine can not be told from another; name its unit in"
            " /etc/denban/unit (DENBAN_UNIT=NAME)"
        )
    show(f'hardware_serial = "{hardware.serial}"')
    note = f"# by {hardware.source}"
    if hardware.is_copied_with_disk:
        note += "; a copy of this disk has it too: never start both"
    click.echo(note, err=True)


def _banner(identity: Identity, twin: TwinStatus | None) -> tuple[str, str]:
    name = identity.unit or identity.hostname
    if not identity.pid:
        line = "The controller does not run. The other unit's role is not known here."
        return f"{name}  {role_mark(UNKNOWN_ROLE)}  {identity.site}".rstrip(), line
    return f"{name}  {role_mark(identity.role)}  {identity.site}", second_line(twin)


def _differences(identity: Identity, twin: TwinStatus | None) -> list[str]:
    """What the two do not have alike, by the last that was heard of the other."""
    if twin is None or not twin.peer.heard:
        return []
    peer = twin.peer
    found = [] if peer.same_site_file else ["site file"]
    found += [] if peer.same_plan else ["plan"]
    if peer.version and peer.version != identity.version:
        found.append(f"version (denban {peer.version} there)")
    found += [twin.diverges] if twin.diverges else []
    if not found:
        return [f"like {peer.unit} in site file, plan and version"]
    return [f"differs from {peer.unit}: {'; '.join(found)}"]


def _named(identity: Identity, twin: TwinStatus | None) -> dict[str, object]:
    """A unit that has a peer names it, and who is on duty (null: nobody is known to be)."""
    names: dict[str, object] = msgspec.to_builtins(identity)
    if twin is None:
        return names
    return {**names, "peer": msgspec.to_builtins(twin.peer), "on_duty": on_duty_unit(twin)}


def _by_hardware(site_path: Path | None) -> Identity:
    """What is known without a controller: the machine, and its unit if a site file lists it."""
    site, units = "", tuple[UnitPlan, ...]()
    if site_path is not None:
        loaded = load_site(site_path)
        site, units = loaded.spec.site, loaded.io.units
    hardware = _hardware(units)
    known = listing_unit(units, hardware)
    serial = hardware.serial if hardware else ""
    return Identity(
        known.name if known else "",
        site,
        NOT_RUNNING,
        socket.gethostname(),
        serial,
        edge.__version__,
        0,
    )


def _hardware(units: tuple[UnitPlan, ...]) -> HardwareIdentity | None:
    return read_hardware_identity(listed=serials(units))
