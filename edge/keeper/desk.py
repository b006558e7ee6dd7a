"""The desk: a Unix socket where operators' requests arrive. Who asks is told by the kernel.

Reading needs access to the socket (its group); everything that changes something is given on with
the asker's name, so that it can be audited. A slow or silent client never holds up another, and
where all places are taken the one that has been silent longest goes.
"""

from __future__ import annotations

import contextlib
import grp
import os
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from edge.keeper import requests
from edge.keeper.asker import Asker, read_asker
from edge.keeper.requests import Answer, Request

_CLIENTS_MAX: Final = 32
_TOO_LONG: Final = Answer(
    ok=False,
    text=f"request: too long: need at most {requests.REQUEST_BYTES_MAX} B; nothing was changed",
)


Handler = Callable[[Asker, Request], Answer]


class _Client(Struct, eq=False):
    """One connection. `turn` counts the desk's work: the lowest has been silent longest."""

    end: socket.socket
    asker: Asker
    buffer: bytearray
    turn: int


class Desk:
    """Listens on `path` with mode 0660 and, where it exists, the group `group`.

    Raises OSError where the socket can not be made; nothing is left open then.
    """

    def __init__(
        self, path: Path, group: str, selector: selectors.BaseSelector, handler: Handler
    ) -> None:
        self._path = path
        self._selector = selector
        self._handler = handler
        self._clients: list[_Client] = []
        self._turn = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._inode = _listen(self._listener, path, group)
        except OSError:
            self._listener.close()
            raise
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Takes the socket away, unless another desk has put its own there meanwhile."""
        for client in tuple(self._clients):
            self._drop(client)
        self._selector.unregister(self._listener)
        self._listener.close()
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    @property
    def is_reachable(self) -> bool:
        """False once the socket's name is gone. Another desk in its place is left alone."""
        return self._path.exists()

    def _accept(self) -> None:
        try:
            end, _ = self._listener.accept()
        except OSError:
            return  # the client has gone already
        if len(self._clients) >= _CLIENTS_MAX:
            self._drop(min(self._clients, key=lambda client: client.turn))
        end.setblocking(False)
        client = _Client(end, read_asker(end), bytearray(), self._next_turn())
        self._clients.append(client)
        self._selector.register(end, selectors.EVENT_READ, lambda: self._receive(client))

    def _receive(self, client: _Client) -> None:
        if client not in self._clients:
            return  # it was dropped for another within this turn
        client.turn = self._next_turn()
        try:
            chunk = client.end.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        buffer = client.buffer
        buffer += chunk
        alive = bool(chunk)
        while alive and (length := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:length])
            del buffer[: length + 1]
            alive = _send(client.end, self._answer(client.asker, line))
        if alive and len(buffer) > requests.REQUEST_BYTES_MAX:
            _send(client.end, _TOO_LONG)
            alive = False
        if not alive:
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        self._clients = [other for other in self._clients if other is not client]
        self._selector.unregister(client.end)
        client.end.close()

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn

    def _answer(self, asker: Asker, line: bytes) -> Answer:
        try:
            request = requests.decode_request(line)
        except msgspec.MsgspecError as error:
            return Answer(ok=False, text=f"request: not understood: {error}")
        return self._handler(asker, request)


def _send(client: socket.socket, answer: Answer) -> bool:
    """False when the client does not take its answer at once; an answer fits a socket's buffer."""
    data = requests.encode(answer) + b"\n"
    try:
        return client.send(data) == len(data)
    except OSError:
        return False


def _listen(listener: socket.socket, path: Path, group: str) -> int:
    """Made under another name, so that nobody meets a socket that does not listen yet. Gives its
    inode.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    listener.bind(str(draft))
    draft.chmod(0o660)
    _hand_to_group(draft, group)
    listener.listen(_CLIENTS_MAX)
    listener.setblocking(False)
    inode = draft.stat().st_ino
    draft.replace(path)
    return inode


def _hand_to_group(path: Path, group: str) -> None:
    """Without the group, or without the right to give it, the socket stays the owner's."""
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except (KeyError, PermissionError):
        return
