"""`denban upgrade UNIT FILE.deb`: hands over, lets dpkg put the package in, sees the unit back.

What the package does and how it goes back is its own business; here is only the order of things.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

import click

from edge.cli.acting import act, await_back, open_ways, tell
from edge.cli.connection import desk_of
from edge.cli.errors import FailedError, RefusedError
from edge.cli.stopping import get_leave, place_of, stop_options
from edge.keeper.requests import AskStatus, AskStop, StopKind

_PACKAGE: Final = "denban"
_FIELDS_S_MAX: Final = 30
# What an operator has changed in /etc stays: nobody is there to be asked.
_INSTALL: Final = ("/usr/bin/dpkg", "--force-confold", "--install")
# Unpacking a virtual environment on a slow card, and one start of the service.
_INSTALL_S_MAX: Final = 900
# What the package's scripts ask for where the twin is not to be waited for.
_FORCE: Final = "DENBAN_FORCE_STOP"


@click.command()
@click.argument("unit")
@click.argument("file", type=click.Path(path_type=Path))
@stop_options
def upgrade(
    unit: str,
    file: Path,
    named: str | None,
    leaves_site: str,
    socket_path: Path | None,
    site_path: Path | None,
) -> None:
    """Hand over, then install FILE, a Debian package of denban, on UNIT, this machine."""
    request = AskStop(unit, StopKind.UPGRADE, leaves_site)
    where = place_of(request)
    version = _version(where, file)
    desk = desk_of(socket_path, site_path)
    seen = desk.order(AskStatus())
    said = get_leave(desk, request, named, seen)
    click.echo(f"{said}; installing {version}")
    open_ways(f"denban {where}")
    if leaves_site:
        os.environ[_FORCE] = unit
    try:
        act(where, (*_INSTALL, str(file.resolve())), _INSTALL_S_MAX)
        back = await_back(desk, where, seen)
    except FailedError as error:
        tell(desk, where, str(error), done=False)
        raise
    tell(desk, where, f"{version} installed; {back}", done=True)
    click.echo(f"{back}, denban {version}")


def _version(where: str, file: Path) -> str:
    """Of the package in the file, before anything is touched. Raises RefusedError."""
    try:
        done = subprocess.run(  # noqa: S603 -- words of our own and a path
            ["/usr/bin/dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(file)],
            capture_output=True, text=True, check=False, timeout=_FIELDS_S_MAX,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RefusedError(f"{where}: {file}: got {error}; nothing was changed") from error
    package, _, version = done.stdout.partition(" ")
    if done.returncode or package != _PACKAGE:
        got = package or done.stderr.strip()
        raise RefusedError(
            f"{where}: {file}: not a package of {_PACKAGE}: got {got}; nothing was changed"
        )
    return version
