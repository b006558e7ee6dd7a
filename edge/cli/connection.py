"""The command's end of the desk: finds the socket, asks, and says clearly why it did not work."""

from __future__ import annotations

import contextlib
import grp
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from edge.cli.errors import FailedError, RefusedError
from edge.config.load import load_site
from edge.config.sections.service import ControlSection
from edge.keeper import requests
from edge.keeper.requests import Answer, Identity, Request

# The keeper answers within one commit to the disk; an SD card may take seconds for it.
_WAIT_S: Final = 15.0
_DEFAULT: Final = Path(ControlSection().socket)

_F = TypeVar("_F", bound=Callable[..., Any])


def desk_options(command: _F) -> _F:
    """Adds `--socket` and `--site`; the command gets both and hands them to `desk_of`."""
    command = click.option(
        "--socket",
        "socket_path",
        envvar="DENBAN_SOCKET",
        type=click.Path(path_type=Path),
        help=f"Socket of the controller (or DENBAN_SOCKET).  [default: {_DEFAULT}]",
    )(command)
    return click.option(
        "--site",
        "site_path",
        type=click.Path(path_type=Path),
        help="Site file that names the socket.",
    )(command)


class NotRunningError(FailedError):
    """Nobody listens at the socket."""


class Desk:
    """Asks at one socket; a connection a request, so that a restart between two does no harm."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ask(self, request: Request) -> Answer:
        """The answer, whatever it says. Raises NotRunningError, RefusedError or FailedError."""
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(_WAIT_S)
                link.connect(str(self.path))
                link.sendall(requests.encode(request) + b"\n")
                return _receive(link, self.path)
        except PermissionError as error:
            raise RefusedError(_no_permission(self.path)) from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunningError(
                f"{self.path}: no controller answers here: got {_reason(error)}; nothing was done;"
                " start it (systemctl start denban), or name its socket with --socket or --site"
            ) from error
        except TimeoutError as error:
            raise FailedError(
                f"{self.path}: no answer: got nothing in {_WAIT_S:.0f} s; it may have been done;"
                " look at `denban status` and at the service's log"
            ) from error
        except OSError as error:
            raise FailedError(
                f"{self.path}: connection lost: got {_reason(error)}; it may have been done;"
                " look at `denban status`"
            ) from error

    def order(self, request: Request) -> Answer:
        """The answer to something that must be done. Raises RefusedError with the desk's words."""
        answer = self.ask(request)
        if not answer.ok:
            raise RefusedError(answer.text)
        return answer

    def identity(self) -> Identity:
        """Who would take an order here."""
        identity = self.order(requests.AskStatus()).identity
        assert identity is not None
        return identity


def desk_of(socket_path: Path | None, site_path: Path | None) -> Desk:
    """The desk by `--socket`, else by the site file, else at the usual place."""
    if socket_path is not None:
        return Desk(socket_path)
    if site_path is not None:
        return Desk(Path(load_site(site_path).io.control.socket))
    return Desk(_DEFAULT)


def _receive(link: socket.socket, path: Path) -> Answer:
    received = bytearray()
    while not received.endswith(b"\n"):
        chunk = link.recv(65536)
        if not chunk:
            raise FailedError(
                f"{path}: connection closed without an answer; it may have been done;"
                " look at `denban status`"
            )
        received += chunk
    try:
        return requests.decode_answer(bytes(received))
    except msgspec.MsgspecError as error:
        raise FailedError(
            f"{path}: answer not understood: got {error}; controller and command are probably of"
            " different versions; compare `denban --version` with the service's log"
        ) from error


def _no_permission(path: Path) -> str:
    group = ControlSection().group
    # Where the folder is closed to us too, the usual group is the best guess.
    with contextlib.suppress(OSError, KeyError):
        group = grp.getgrgid(path.stat().st_gid).gr_name
    return (
        f"{path}: no permission: need membership of the group {group}; nothing was done;"
        f" run `sudo usermod -aG {group} $USER` and log in again"
    )


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
