"""Guarded ways to stop: `denban stop`, `restart`, `reboot` and `poweroff`.

Each names its unit, shows who will be on duty, asks for the name once more, gets leave at the desk,
which hands over, sees it happen, and only then acts. What is sound is judged in
edge.keeper.stopping; the machine's own ways are opened by edge.root.guard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from edge.cli.acting import act, await_back, cry, need_root, open_ways, tell
from edge.cli.connection import Desk, NotRunningError, desk_of, desk_options
from edge.cli.errors import FailedError, RefusedError
from edge.cli.handover import is_terminal, wait_for
from edge.keeper.duty import on_duty_unit
from edge.keeper.requests import (
    Answer,
    AskDrill,
    AskStatus,
    AskStop,
    DrillKind,
    StopKind,
)
from edge.keeper.stopping import STEADY_S, Grant, judge_stop
from edge.root.guard import SERVICE, this_guard

_SYSTEMCTL: Final = "/usr/bin/systemctl"
ACTS: Final[dict[StopKind, tuple[str, ...]]] = {
    StopKind.STOP: (_SYSTEMCTL, "stop", SERVICE),
    StopKind.RESTART: (_SYSTEMCTL, "restart", SERVICE),
    StopKind.REBOOT: (_SYSTEMCTL, "reboot"),
    StopKind.POWEROFF: (_SYSTEMCTL, "poweroff"),
}
_THEN: Final = {
    StopKind.STOP: "stops until `systemctl start denban`",
    StopKind.RESTART: "starts anew and stands by",
    StopKind.REBOOT: "reboots and stands by again",
    StopKind.POWEROFF: "is off until somebody switches it on",
    StopKind.UPGRADE: "gets the package and starts anew",
}

_F = TypeVar("_F", bound=Callable[..., Any])


def stop_options(command: _F) -> _F:
    """Adds what all guarded ways have."""
    command = click.option(
        "--leave-the-site-without-control",
        "leaves_site",
        metavar="SITE",
        default="",
        help="In an emergency only: the site's name; also where nobody would be on duty.",
    )(command)
    command = click.option(
        "--yes-stop", "named", metavar="UNIT", help="Do not ask; the unit's name, for scripts."
    )(command)
    return desk_options(command)


def _command(kind: StopKind, help_text: str) -> click.Command:
    @click.command(name=kind.value, help=help_text)
    @click.argument("unit")
    @stop_options
    def command(
        unit: str,
        named: str | None,
        leaves_site: str,
        socket_path: Path | None,
        site_path: Path | None,
    ) -> None:
        stop_unit(AskStop(unit, kind, leaves_site), named, desk_of(socket_path, site_path))

    return command


stop = _command(StopKind.STOP, "Hand over, then stop the controller of UNIT, this machine.")
reboot = _command(StopKind.REBOOT, "Hand over, then reboot UNIT, this machine.")
poweroff = _command(StopKind.POWEROFF, "Hand over, then power off UNIT, this machine.")


@click.command()
@click.argument("unit", required=False)
@click.option(
    "--scheduled",
    is_flag=True,
    help="For a timer: this unit, unasked, and only while the plant is quiet.",
)
@stop_options
def restart(
    unit: str | None,
    scheduled: bool,
    named: str | None,
    leaves_site: str,
    socket_path: Path | None,
    site_path: Path | None,
) -> None:
    """Hand over, then start the controller of UNIT anew, and wait until it has its place."""
    desk = desk_of(socket_path, site_path)
    if scheduled:
        unit = named = desk.identity().unit
        desk.order(AskDrill(unit, DrillKind.RESTART))
    if unit is None:
        raise RefusedError("restart: no unit named: need its name; nothing was changed")
    stop_unit(AskStop(unit, StopKind.RESTART, leaves_site), named, desk)


def stop_unit(request: AskStop, named: str | None, desk: Desk) -> None:
    """All of it, in the order that the module names. Raises RefusedError or FailedError."""
    where = place_of(request)
    try:
        seen = desk.order(AskStatus())
    except NotRunningError:
        _without_controller(request, named)
        return
    said = get_leave(desk, request, named, seen)
    command = ACTS[request.kind]
    tell(desk, where, f"{said}; {' '.join(command[1:])} begins", done=True)
    open_ways(f"denban {where}")
    click.echo(f"{said}; {' '.join(command[1:])}")
    try:
        act(where, command)
    except FailedError as error:
        tell(desk, where, str(error), done=False)
        raise
    if request.kind is StopKind.RESTART:
        click.echo(await_back(desk, where, seen))


def get_leave(desk: Desk, request: AskStop, named: str | None, seen: Answer) -> str:
    """Confirmed, granted, and the duty seen at the peer where this unit had it; says so. Raises
    RefusedError with the desk's words, or FailedError where the duty has not moved.
    """
    where = place_of(request)
    assert seen.identity is not None
    # How long the pair has been steady only the desk knows; it has the last word.
    judged = judge_stop(request, seen.twin, seen.identity, "", STEADY_S)
    if isinstance(judged, Answer):
        desk.order(request)  # refuses with the same words, and keeps who asked
        raise RefusedError(judged.text)
    need_root(where)
    confirm(where, request.unit, means(request, seen, judged), named)
    started_s = time.monotonic()
    answer = desk.order(request)
    who = f"{seen.identity.unit}, {seen.identity.site}"
    if answer.text:
        cry(f"denban: {where}: {answer.text}")
    if judged.order is None:
        return f"{who}: {answer.text or 'leave given'}"
    peer = judged.order.to
    done = wait_for(desk, lambda twin: on_duty_unit(twin) == peer, started_s)
    if done is None:
        tell(desk, where, f"{peer} has not taken the duty", done=False)
        raise FailedError(
            f"{where}: {peer} has not taken the duty: got no change, need it on duty;"
            " nothing was stopped; see `denban status`"
        )
    return f"{who}: {peer} is on duty, after {done[1]:.1f} s"


def means(request: AskStop, seen: Answer, grant: Grant) -> str:
    """What will follow, and the peer's state, in a sentence or two."""
    assert seen.identity is not None
    unit, then = request.unit, _THEN[request.kind]
    twin = seen.twin
    if grant.forced:
        site = seen.identity.site
        return (
            f"NOBODY WILL CONTROL {site.upper()}: {grant.forced}.\n"
            f"{unit} {then}; loads go to their safe values"
        )
    assert twin is not None
    peer = twin.peer.unit
    state = f"{peer} is {twin.peer.role}, heard {twin.peer.age_s or 0.0:.1f} s ago"
    if grant.order is not None:
        duty = f"duty goes from {unit} to {peer}; relays stay; then {unit} {then}"
    elif twin.on_duty:
        duty = f"{peer} takes the duty as {unit} ends; relays stay; {unit} {then}"
    else:
        duty = f"{peer} stays on duty; {unit} {then}"
    return f"{state}. {duty}; nobody takes over from {peer} meanwhile"


def confirm(where: str, unit: str, consequence: str, named: str | None) -> None:
    """By the name given for scripts, else typed at a terminal. Raises RefusedError."""
    if named is not None:
        if named != unit:
            raise RefusedError(
                f"{where}: --yes-stop names another unit: got {named}, need {unit}; nothing was"
                " changed"
            )
        return
    if not is_terminal():
        raise RefusedError(
            f"{where}: not a terminal: nobody can be asked, need --yes-stop {unit}; nothing was"
            " changed"
        )
    click.echo(f"{consequence}.")
    typed = click.prompt(f"{where}? Type the unit's name", default="", show_default=False)
    if typed != unit:
        raise RefusedError(f"{where}: not confirmed: got {typed!r}; nothing was changed")


def place_of(request: AskStop) -> str:
    return f"{request.kind} {request.unit}"


def _without_controller(request: AskStop, named: str | None) -> None:
    """Nothing is controlled here: what is left to see is that it is the machine that is meant."""
    where = place_of(request)
    told = this_guard().told()
    here = told.unit if told is not None else ""
    if here != request.unit:
        raise RefusedError(
            f"{where}: no controller runs here to say which unit this is: got"
            f" {here or 'no word since the boot'}, need {request.unit}; nothing was changed; see"
            f" `denban whoami`, then use `systemctl {request.kind}`"
        )
    need_root(where)
    confirm(where, request.unit, f"no controller runs on {here}; it {_THEN[request.kind]}", named)
    open_ways(f"denban {where}")
    act(where, ACTS[request.kind])
