"""`denban key`: makes the key that both gateways share. Never prints it, never overwrites one."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

import click

from edge.adapters.reasons import reason
from edge.cli.errors import FailedError, RefusedError
from edge.cli.screen import show
from edge.config.sections.twin import TwinSection
from edge.model.problem import Problem
from edge.peer.keys import new_key_text, parse_keys, read_key_file

_DEFAULT: Final = TwinSection().key_file


@click.group()
def key() -> None:
    """The key with which two gateways of a site know each other."""


@key.command()
@click.argument("file", type=click.Path(path_type=Path), default=_DEFAULT)
@click.option("--rotate", is_flag=True, help="Put a new key before those in FILE.")
def new(file: Path, rotate: bool) -> None:
    """Write a new key to FILE (/etc/denban/twin.key), readable by its owner only.

    To change a key: `--rotate` on one unit, copy the file to the other one, restart the standby,
    then the unit on duty. The old key may then be taken out of both files in the same way. Until
    both have the new one, they use the old one, so they never lose each other.
    """
    if rotate:
        old = read_key_file(file)
        parse_keys(old, str(file))
        _replace(file, new_key_text(old, _today()))
        done = "a new key is the first, the old ones still count"
    else:
        _create(file, new_key_text("", _today()))
        done = "a new key"
    show(
        f"{file}: {done}",
        "next: copy the file to the other unit over a way that nobody overhears, for example",
        f"  scp -p {file} OTHER-UNIT:{file}",
        "then restart the standby, see it as ready in `denban status`, and restart the other unit",
    )


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _create(file: Path, text: str) -> None:
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        what = "there is a key file already"
        step = "add a key to it with --rotate, or name another file"
        raise RefusedError(str(Problem(str(file), what, effect="kept", next_step=step))) from error
    except OSError as error:
        raise _failed(file, error) from error
    try:
        _fill(fd, text)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise _failed(file, error) from error


def _replace(file: Path, text: str) -> None:
    """At once: whoever reads the file finds the old keys or all of them."""
    owner = file.stat()
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        if owner.st_uid != os.geteuid():
            os.fchown(fd, owner.st_uid, owner.st_gid)
        _fill(fd, text)
        fresh.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise _failed(file, error) from error


def _fill(fd: int, text: str) -> None:
    with open(fd, "w", encoding="utf-8") as stream:
        os.fchmod(fd, 0o600)  # whatever the umask took away
        stream.write(text)
        stream.flush()
        os.fsync(fd)


def _failed(file: Path, error: OSError) -> FailedError:
    step = "run it as root, or name another file"
    problem = Problem(str(file), "key not written", reason(error), next_step=step)
    return FailedError(str(problem))
