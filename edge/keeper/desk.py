"""The desk: a Unix socket where operators' requests arrive. Who asks is told by the kernel.

Reading needs access to the socket (its group); everything that changes something is given on with
the asker's name, so that it can be audited. A slow or silent client never holds up another.
"""

from __future__ import annotations

import grp
import os
import pwd
import selectors
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from edge.keeper import requests
from edge.keeper.requests import Answer, Request

_CLIENTS_MAX: Final = 32
_PEER: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid


class Asker(Struct, frozen=True):
    """The process at the other end, by SO_PEERCRED, and the login behind its uid."""

    user: str
    uid: int
    pid: int


Handler = Callable[[Asker, Request], Answer]


class Desk:
    """Listens on `path` with mode 0660 and, where it exists, the group `group`."""

    def __init__(
        self, path: Path, group: str, selector: selectors.BaseSelector, handler: Handler
    ) -> None:
        self._path = path
        self._selector = selector
        self._handler = handler
        self._clients = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made under another name, so that nobody meets a socket that does not listen yet.
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(draft))
        draft.chmod(0o660)
        _hand_to_group(draft, group)
        self._listener.listen(_CLIENTS_MAX)
        self._listener.setblocking(False)
        draft.replace(path)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        self._selector.unregister(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # the client has gone already
        if self._clients >= _CLIENTS_MAX:
            client.close()
            return
        client.setblocking(False)
        self._clients += 1
        asker = _asker(client)
        buffer = bytearray()
        self._selector.register(
            client, selectors.EVENT_READ, lambda: self._receive(client, asker, buffer)
        )

    def _receive(self, client: socket.socket, asker: Asker, buffer: bytearray) -> None:
        try:
            chunk = client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        buffer += chunk
        alive = bool(chunk) and len(buffer) <= requests.REQUEST_BYTES_MAX
        while alive and (end := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            alive = _send(client, self._answer(asker, line))
        if not alive:
            self._selector.unregister(client)
            client.close()
            self._clients -= 1

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


def _asker(client: socket.socket) -> Asker:
    raw = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    pid, uid, _gid = _PEER.unpack(raw)
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    return Asker(user, uid, pid)


def _hand_to_group(path: Path, group: str) -> None:
    """Without the group, or without the right to give it, the socket stays the owner's."""
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except (KeyError, PermissionError):
        return
