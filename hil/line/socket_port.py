"""A serial port whose user is an emulated adapter: a Unix socket that QEMU's `usb-serial` opens.

It listens for as long as it is open, so machines come and go; who connects last has it. Nothing is
kept for somebody who is not there, or for a guest that has not opened its port: an adapter's buffer
is emptied when it is opened, a socket's is not. Such a socket carries neither baud rate nor parity.
"""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import struct
import termios
from pathlib import Path

from hil.boottime import boottime_ns

_READ_BYTES = 4096
# An emulator that is busy takes longer than a byte on the line; one that takes nothing for so long
# has a full buffer, which no guest empties.
_UNTAKEN_NS_MAX = 200_000_000


class SocketPort:
    """As :class:`hil.line.port.Port`; `path` is the socket's."""

    def __init__(self, path: Path, baudrate: int) -> None:
        self.path = path
        self.default_baudrate = baudrate
        self._either: select.epoll | None = None  # stands for the listener and its caller at once
        self._listener: socket.socket | None = None
        self._user: socket.socket | None = None
        self._waiting = bytearray()
        self._untaken_since_ns: int | None = None

    @property
    def fd(self) -> int:
        """Readable when :meth:`read` has something to do; -1 while the port is closed."""
        return -1 if self._either is None else self._either.fileno()

    def open(self) -> None:
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._listener.setblocking(False)
        self._either = select.epoll()
        self._either.register(self._listener, select.EPOLLIN)

    def close(self) -> None:
        if self._either is None or self._listener is None:
            return
        self._let_go()
        self._either.close()
        self._listener.close()
        self.path.unlink(missing_ok=True)
        self._either = self._listener = None

    def _let_go(self) -> None:
        if self._user is not None:
            self._user.close()  # which takes it out of the epoll
            self._user = None
        self._waiting.clear()
        self._untaken_since_ns = None

    def read(self) -> bytes:
        """What was written to the port since; empty when there is nothing."""
        self._admit()
        if self._user is None:
            return b""
        try:
            sent = self._user.recv(_READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            sent = b""
        if not sent:
            self._let_go()
        return sent

    def _admit(self) -> None:
        if self._listener is None or self._either is None:
            return
        with contextlib.suppress(BlockingIOError):
            user, _ = self._listener.accept()
            user.setblocking(False)
            self._let_go()
            self._user = user
            self._either.register(user, select.EPOLLIN)

    def write(self, heard: bytes) -> int:
        """Count of bytes taken: none without a user, or for one that does not read."""
        if self._user is None:
            return 0
        self._waiting += heard
        self.flush()
        return 0 if self._is_unread() else len(heard)

    @property
    def is_waiting(self) -> bool:
        """Something is to be sent when what was sent before has been taken: :meth:`flush` it."""
        return bool(self._waiting)

    def flush(self) -> None:
        """Sends no more than the user has taken, so hardly anything is old when it is read."""
        if self._user is None:
            return
        if _untaken_bytes(self._user):
            if self._untaken_since_ns is None:
                self._untaken_since_ns = boottime_ns()
            if self._is_unread():
                self._waiting.clear()
            return
        self._untaken_since_ns = None
        with contextlib.suppress(OSError):
            del self._waiting[: self._user.send(self._waiting)]

    def _is_unread(self) -> bool:
        since_ns = self._untaken_since_ns
        return since_ns is not None and boottime_ns() - since_ns > _UNTAKEN_NS_MAX

    def baudrate(self) -> int:
        return self.default_baudrate


def _untaken_bytes(link: socket.socket) -> int:
    """What the other end has not yet read; more than the bytes themselves, or 0."""
    (count,) = struct.unpack("i", fcntl.ioctl(link, termios.TIOCOUTQ, bytes(4)))
    return int(count)
