"""The ends of the switch's cables: an interface of a namespace, or a socket of an emulated machine.

Both move raw Ethernet frames, one a time, and lose what nobody takes, as a cable does.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path
from typing import Final, Protocol

_FRAME_BYTES_MAX: Final = 65_536
# Of an emulated machine: an Ethernet frame with a VLAN tag and without its checksum.
_SOCKET_FRAME_BYTES_MIN: Final = 14
_SOCKET_FRAME_BYTES_MAX: Final = 1518
_ETH_P_ALL: Final = 3
_PACKET_OUTGOING: Final = 4
_DOWN: Final = frozenset({errno.ENETDOWN, errno.ENXIO, errno.ENOBUFS, errno.EAGAIN})
_NOBODY: Final = frozenset({errno.ENOENT, errno.ECONNREFUSED, errno.ENOBUFS, errno.EAGAIN})


class End(Protocol):
    def fileno(self) -> int: ...

    def take(self) -> bytes | None:
        """The next frame from outside, empty for one that is none of the other's business; None
        while there is none.
        """
        ...

    def put(self, frame: bytes) -> bool:
        """False where the other end is down, as when its machine has no power."""
        ...


class InterfaceEnd:
    """An interface of the switch's own namespace. Raises OSError where there is none such."""

    def __init__(self, interface: str) -> None:
        self._raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._raw.bind((interface, 0))
        self._raw.setblocking(False)

    def fileno(self) -> int:
        return self._raw.fileno()

    def take(self) -> bytes | None:
        try:
            frame, (_, _, kind, *_) = self._raw.recvfrom(_FRAME_BYTES_MAX)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.ENETDOWN}:
                raise
            return None
        return b"" if kind == _PACKET_OUTGOING else frame

    def put(self, frame: bytes) -> bool:
        return _send(self._raw, frame, None, _DOWN)


class SocketEnd:
    """`own` is our socket, `other` that of QEMU's `-netdev dgram`, a frame in each datagram."""

    def __init__(self, own: Path, other: Path) -> None:
        self._other = str(other)
        own.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(own))
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def take(self) -> bytes | None:
        with contextlib.suppress(BlockingIOError):
            frame = self._socket.recv(_FRAME_BYTES_MAX)
            is_whole = _SOCKET_FRAME_BYTES_MIN <= len(frame) <= _SOCKET_FRAME_BYTES_MAX
            return frame if is_whole else b""
        return None

    def put(self, frame: bytes) -> bool:
        return _send(self._socket, frame, self._other, _NOBODY)


def _send(link: socket.socket, frame: bytes, to: str | None, expected: frozenset[int]) -> bool:
    try:
        if to is None:
            link.send(frame)
        else:
            link.sendto(frame, to)
    except OSError as error:
        if error.errno not in expected:
            raise
        return False
    return True
