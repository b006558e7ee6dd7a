"""Messages of vhost-user on a Unix socket: whole ones, with the files that came along.

It never blocks, never reads beyond the message that is under way, and knows no message's meaning.
"""

from __future__ import annotations

import array
import os
import socket
import struct
from typing import NamedTuple

from hil.board.vhost_memory import REGIONS_COUNT_MAX, VhostError

PAYLOAD_BYTES_MAX = 4096
_HEADER = struct.Struct("<III")  # request, flags, payload size
_VERSION, _IS_REPLY, _NEEDS_REPLY = 1, 1 << 2, 1 << 3


class Message(NamedTuple):
    """`descriptors`: the files that came along; what is taken from the list is the taker's."""

    request: int
    needs_reply: bool
    payload: bytes
    descriptors: list[int]


class Wire:
    """One emulator's connection."""

    def __init__(self, peer: socket.socket) -> None:
        self.peer = peer
        self._heard = b""
        self._descriptors: list[int] = []

    def receive(self) -> Message | None:
        """None while there is more to come. Raises EOFError, OSError, VhostError."""
        room = socket.CMSG_SPACE(REGIONS_COUNT_MAX * array.array("i").itemsize)
        flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
        raw, ancillary, _, _ = self.peer.recvmsg(self._missing_count(), room, flags)
        for level, kind, sent in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors += array.array("i", sent[: len(sent) // 4 * 4])
        if not raw:
            raise EOFError
        self._heard += raw
        if self._missing_count():
            return None
        request, told, _ = _HEADER.unpack_from(self._heard)
        payload, self._heard = self._heard[_HEADER.size :], b""
        return Message(request, bool(told & _NEEDS_REPLY), payload, self._descriptors)

    def _missing_count(self) -> int:
        if len(self._heard) < _HEADER.size:
            return _HEADER.size - len(self._heard)
        size: int = _HEADER.unpack_from(self._heard)[2]
        if size > PAYLOAD_BYTES_MAX:
            raise VhostError(f"message: got {size} bytes, need <= {PAYLOAD_BYTES_MAX}")
        return _HEADER.size + size - len(self._heard)

    def reply(self, request: int, payload: bytes) -> None:
        """Raises BlockingIOError when the emulator reads nothing any more."""
        header = _HEADER.pack(request, _VERSION | _IS_REPLY, len(payload))
        self.peer.sendmsg([header + payload], [], socket.MSG_DONTWAIT)

    def close_files(self) -> None:
        """Those of the message that nobody took."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def close(self) -> None:
        self.close_files()
        self.peer.close()
