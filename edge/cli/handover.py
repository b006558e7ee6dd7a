"""Orders that change who is on duty: `denban handover` and `denban maintenance`.

Each names its unit, says what will happen, asks once, and waits to see it happen.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from edge.cli.connection import Desk, desk_of, desk_options
from edge.cli.errors import FailedError, RefusedError
from edge.keeper.duty import judge, on_duty_unit
from edge.keeper.requests import Answer, AskHandover, AskMaintenance, AskStatus, TwinRequest
from edge.model.role_mark import role_mark
from edge.model.twin import Role
from edge.model.twin_status import TwinStatus

# A peer that takes over has done so within half a second, and the picture is half a second old.
_WAIT_S: Final = 3.0
_LOOK_S: Final = 0.05
_YES: Final = click.option(
    "--yes-stop",
    "--yes",
    "named",
    metavar="UNIT",
    help="Do not ask; the unit's name once more, for scripts.",
)

_Reached = Callable[[TwinStatus], bool]


@click.command()
@click.argument("unit")
@_YES
@desk_options
def handover(
    unit: str, named: str | None, socket_path: Path | None, site_path: Path | None
) -> None:
    """Bring the duty to UNIT, from either machine.

    Relays stay as they are, and the meter lines are without a query for less than one poll.
    """
    desk = desk_of(socket_path, site_path)

    def means(twin: TwinStatus) -> str:
        return (
            f"duty goes from {on_duty_unit(twin)} to {unit}; relays stay; the meter lines have no"
            " query for less than one poll"
        )

    _carry_out(desk, AskHandover(unit), named, means, lambda twin: on_duty_unit(twin) == unit)


@click.group()
def maintenance() -> None:
    """Take a unit out of the pair, or bring it back."""


@maintenance.command()
@click.argument("unit")
@_YES
@desk_options
def begin(unit: str, named: str | None, socket_path: Path | None, site_path: Path | None) -> None:
    """Take UNIT, this machine, out: it hands over and takes no duty until `end`."""
    desk = desk_of(socket_path, site_path)

    def means(twin: TwinStatus) -> str:
        peer = twin.peer.unit
        first = (
            f"duty goes from {unit} to {peer}; relays stay"
            if twin.on_duty
            else f"{peer} stays on duty"
        )
        return f"{first}; nobody takes over from {peer} until `denban maintenance end {unit}`"

    request = AskMaintenance(unit, begin=True)
    _carry_out(desk, request, named, means, lambda twin: twin.role == Role.MAINTENANCE)


@maintenance.command()
@click.argument("unit")
@_YES
@desk_options
def end(unit: str, named: str | None, socket_path: Path | None, site_path: Path | None) -> None:
    """Bring UNIT, this machine, back into the pair."""
    desk = desk_of(socket_path, site_path)

    def means(twin: TwinStatus) -> str:
        return f"{unit} listens, then stands by for {twin.peer.unit}; relays stay"

    request = AskMaintenance(unit, begin=False)
    _carry_out(desk, request, named, means, lambda twin: twin.role != Role.MAINTENANCE)


def _carry_out(
    desk: Desk,
    request: TwinRequest,
    named: str | None,
    means: Callable[[TwinStatus], str],
    reached: _Reached,
) -> None:
    seen = desk.order(AskStatus())
    assert seen.identity is not None
    who = f"{seen.identity.unit}, {seen.identity.site}"
    _confirm(request, seen, named, means)
    started_s = time.monotonic()
    answer = desk.order(request)
    if answer.text:
        click.echo(f"{who}: {answer.text}")
        return
    done = wait_for(desk, reached, started_s)
    if done is None:
        raise FailedError(
            f"{_where(request)}: roles have not changed: got nothing new in {_WAIT_S:.0f} s, need"
            " a change; see `denban events --kind twin`"
        )
    twin, took_s = done
    duty = on_duty_unit(twin)
    on_duty = f"{duty} is on duty" if duty else "nobody is seen on duty yet"
    role = f"{twin.unit} is {role_mark(twin.role)}"
    click.echo(f"{who}: {on_duty}, {role}, after {took_s:.1f} s")


def _confirm(
    request: TwinRequest, seen: Answer, named: str | None, means: Callable[[TwinStatus], str]
) -> None:
    """With the name given once more, the desk alone judges. A terminal is asked what is sound."""
    unit = _unit(request)
    if named is not None:
        if named != unit:
            raise RefusedError(
                f"{_where(request)}: --yes names another unit: got {named}, need {unit}; nothing"
                " was changed"
            )
        return
    assert seen.identity is not None
    judged = judge(request, seen.twin, seen.identity.version, "")
    if isinstance(judged, Answer) or seen.twin is None:
        return  # the desk says so too, and keeps who asked for it
    if not is_terminal():
        raise RefusedError(
            f"{_where(request)}: not a terminal: nobody can be asked, need --yes {unit}; nothing"
            " was changed"
        )
    click.echo(f"{means(seen.twin)}.")
    if not click.confirm(f"{_where(request)}?"):
        raise RefusedError(f"{_where(request)}: not confirmed; nothing was changed")


def is_terminal() -> bool:
    return sys.stdin.isatty()


def wait_for(desk: Desk, reached: _Reached, started_s: float) -> tuple[TwinStatus, float] | None:
    """The first picture in which it is done, and how long this unit's change of role took, to
    the scan; None when time is up.
    """
    while time.monotonic() - started_s < _WAIT_S:
        answer = desk.ask(AskStatus())
        twin = answer.twin
        if twin is not None and reached(twin):
            since_s = twin.since_s + (answer.age_s or 0.0)
            return twin, max(0.0, time.monotonic() - started_s - since_s)
        time.sleep(_LOOK_S)
    return None


def _unit(request: TwinRequest) -> str:
    return request.to if isinstance(request, AskHandover) else request.unit


def _where(request: TwinRequest) -> str:
    if isinstance(request, AskHandover):
        return f"handover {request.to}"
    return f"maintenance {'begin' if request.begin else 'end'} {request.unit}"
