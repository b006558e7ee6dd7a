"""What a guarded way to stop does once it has leave: opens the machine's ways, runs one command of
a table, tells everybody who should know, and sees the unit back.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import Final

import click

from edge.cli.connection import Desk
from edge.cli.errors import FailedError, RefusedError
from edge.cli.terms import duration
from edge.keeper.requests import Answer, AskStatus, TellOutcome
from edge.model.twin import Role
from edge.model.twin_status import TwinStatus
from edge.root.guard import now_mono_ns, this_guard

# Long enough for the act to begin; short enough that an act that never came leaves nothing open.
RELEASE_S: Final = 120
# TimeoutStopSec and TimeoutStartSec of the service and a little; a reboot is not waited for.
_ACT_S_MAX: Final = 130
_BACK_S_MAX: Final = 120.0
_LOOK_S: Final = 0.5


def need_root(where: str) -> None:
    if os.geteuid() != 0:
        raise RefusedError(f"{where}: got another user, need root; nothing was changed; use sudo")


def tell(desk: Desk, what: str, text: str, *, done: bool) -> None:
    """For the audit; a desk that has gone keeps nobody from acting."""
    try:
        desk.ask(TellOutcome(what, done, text))
    except (FailedError, RefusedError) as error:
        click.echo(f"{what}: not in the audit: {error.message}", err=True)


def open_ways(why: str) -> None:
    try:
        this_guard().release(why, RELEASE_S, now_mono_ns())
    except OSError as error:
        raise FailedError(
            f"guard: ways to stop not opened: got {error}; nothing was stopped; see"
            " `denban guard status`"
        ) from error


def act(where: str, command: tuple[str, ...], within_s: float = _ACT_S_MAX) -> None:
    """Raises FailedError with the command's own words."""
    try:
        done = subprocess.run(  # noqa: S603 -- from a table
            command, capture_output=True, text=True, check=False, timeout=within_s
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FailedError(f"{where}: {command[0]}: got {error}; see `systemctl status`") from error
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise FailedError(f"{where}: {' '.join(command)}: exit code {done.returncode}: {said}")


def await_back(desk: Desk, where: str, before: Answer) -> str:
    """Until this unit has its place again: a standby that is seen by its peer, or the only unit.
    Raises FailedError.
    """
    assert before.identity is not None
    started_s = time.monotonic()
    while time.monotonic() - started_s < _BACK_S_MAX:
        time.sleep(_LOOK_S)
        try:
            now = desk.ask(AskStatus())
        except FailedError:
            continue
        if now.identity is None or now.identity.pid == before.identity.pid:
            continue
        if now.twin is None or _has_place(now.twin):
            took = duration(round(time.monotonic() - started_s))
            role = now.identity.role
            return f"{now.identity.unit}, {now.identity.site}: back as {role} after {took}"
    raise FailedError(
        f"{where}: not back: got no new controller with a role in {_BACK_S_MAX:.0f} s; see"
        " `systemctl status denban` and `denban status`"
    )


def cry(text: str) -> None:
    """To every terminal: somebody else may know why not. A machine without `wall` is told here."""
    click.echo(text, err=True)
    try:
        subprocess.run(["/usr/bin/wall", text], check=False, capture_output=True, timeout=5)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return


def _has_place(twin: TwinStatus) -> bool:
    return twin.on_duty or twin.role in {Role.STANDBY, Role.MAINTENANCE}
