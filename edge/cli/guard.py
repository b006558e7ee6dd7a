"""`denban guard`: what keeps this machine from being stopped, and whether a restart may be.

Asks and shows; what is closed and opened is the business of edge.root.guard.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from edge.cli.connection import NotRunningError, desk_of, desk_options
from edge.cli.errors import FailedError, RefusedError
from edge.cli.screen import show, show_json
from edge.keeper.requests import AskStatus
from edge.keeper.stopping import ONE_UNIT, stop_state
from edge.root.guard import Places, now_mono_ns, this_guard


@click.group()
def guard() -> None:
    """What keeps this machine from being stopped while nobody else would be on duty."""


@guard.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def status(as_json: bool) -> None:
    """Show which ways to stop are closed, and why."""
    at = this_guard()
    now_ns = now_mono_ns()
    verdict, kept = at.look(now_ns)
    told = at.told()
    if as_json:
        show_json(
            {
                "closed": bool(kept.masked),
                "masked": list(kept.masked),
                "why": verdict.why,
                "unit": told.unit if told else "",
                "peer": told.peer if told else "",
            }
        )
        return
    unit = told.unit if told and told.unit else "this machine"
    if told is None and _is_hidden(Places().told):
        state = "closed" if kept.masked else "open"
        show(f"{unit}: ways to stop are {state}; why is not readable for this user: use sudo")
        return
    if kept.masked:
        show(
            f"{unit}: ways to stop are closed: {verdict.why}",
            f"masked until then: {', '.join(kept.masked)}; denban.service refuses a manual stop",
            "`denban stop`, `reboot` and `poweroff` say what can be done",
        )
    else:
        show(f"{unit}: ways to stop are open: {verdict.why}")
    if bool(kept.masked) is not verdict.closed:
        show("the guard has not followed yet: see `systemctl status denban-guard.service`")


def _is_hidden(path: Path) -> bool:
    """The controller's folder is closed to those who are not of its group."""
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, PermissionError)
    return not os.access(path, os.R_OK)


@guard.command("may-restart")
@desk_options
def may_restart(socket_path: Path | None, site_path: Path | None) -> None:
    """Exit code 0 where the controller may be restarted now, else 2 and the reason on stderr."""
    try:
        answer = desk_of(socket_path, site_path).order(AskStatus())
    except NotRunningError as error:
        click.echo(f"may-restart: yes: {error.message}", err=True)
        return
    except FailedError as error:
        raise RefusedError(f"may-restart: not known: {error.message}") from error
    state = stop_state(answer.twin)
    if state.may_stop:
        note = "; loads are without control meanwhile" if state.reason == ONE_UNIT else ""
        click.echo(f"may-restart: yes: {state.reason}{note}", err=True)
        return
    verdict, _ = this_guard().look(now_mono_ns())
    if verdict.why.startswith("opened for"):
        click.echo(f"may-restart: yes, on purpose: {verdict.why}", err=True)
        return
    assert answer.identity is not None
    raise RefusedError(
        f"may-restart {answer.identity.unit}: it would leave the site without an active unit:"
        f" {state.reason}"
    )
