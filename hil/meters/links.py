"""The links that a front stands between: the hub's port or a listening socket, and a server behind.

They move bytes only. A link to a server is a pseudo-terminal or a TCP connection of this process.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import termios
import time
import tty

from hil.meters.frames import Codec

_ANSWER_S_MAX = 0.5  # a server of this process answers in about 1 ms
_READ_BYTES = 4096


class InnerPort:
    """A pseudo-terminal whose `path` a serial server opens."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._fd, self._keep_fd = os.openpty()
        tty.setraw(self._keep_fd)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._keep_fd)

    def ask(self, query: bytes) -> bytes:
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, _READ_BYTES)  # what came too late for the query before
        os.write(self._fd, query)
        return _read_frame(self._fd, self._codec)


class InnerSocket:
    """A connection to a TCP server of this process."""

    def __init__(self, address: tuple[str, int], codec: Codec) -> None:
        self._codec = codec
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, query: bytes) -> bytes:
        self._socket.sendall(query)
        return _read_frame(self._socket.fileno(), self._codec)


def _read_frame(fd: int, codec: Codec) -> bytes:
    received = b""
    deadline_s = time.monotonic() + _ANSWER_S_MAX
    while not codec.split(received):
        left_s = max(0.0, deadline_s - time.monotonic())
        if not select.select([fd], [], [], left_s)[0]:
            return b""
        received += os.read(fd, _READ_BYTES)
    return received


def open_port(path: str, baudrate: int) -> int:
    """The hub's port, raw, at `baudrate` and parity none, with nothing old in its buffer."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    attributes = termios.tcgetattr(fd)
    attributes[4] = attributes[5] = getattr(termios, f"B{baudrate}")
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    termios.tcflush(fd, termios.TCIFLUSH)
    return fd
