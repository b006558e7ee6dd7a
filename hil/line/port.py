"""A serial port made of a pseudo-terminal, found by a stable path as udev would give it.

It moves bytes at once; pacing is the line's business. A pseudo-terminal carries the baud rate and
the stop bits of its user but refuses parity (pty_set_termios in Linux clears PARENB, and glibc then
answers EINVAL), so what opens one says parity none, and two stop bits where 11 bits are meant.
"""

from __future__ import annotations

import contextlib
import os
import termios
import tty
from pathlib import Path

_READ_BYTES = 4096
_BAUDRATES = {
    getattr(termios, f"B{baudrate}"): baudrate
    for baudrate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
}


class Port:
    """`path` is a symbolic link to the slave end while the port is open."""

    def __init__(self, path: Path, baudrate: int) -> None:
        self.path = path
        self.fd = -1
        self._keep_fd = -1
        self.default_baudrate = baudrate

    def open(self) -> None:
        """Make the device. Our hold on the slave end keeps the master alive without a user."""
        self.fd, self._keep_fd = os.openpty()
        os.set_blocking(self.fd, False)
        tty.setraw(self._keep_fd)
        self._set_baudrate(self.default_baudrate)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._keep_fd))

    def _set_baudrate(self, baudrate: int) -> None:
        attributes = termios.tcgetattr(self._keep_fd)
        attributes[4] = attributes[5] = getattr(termios, f"B{baudrate}")
        termios.tcsetattr(self._keep_fd, termios.TCSANOW, attributes)

    def close(self) -> None:
        """Take the device away: its users get a hang-up, as from a USB adapter that was pulled."""
        if self.fd < 0:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._keep_fd)
        os.close(self.fd)
        self.fd = self._keep_fd = -1

    def read(self) -> bytes:
        """What was written to the port since; empty when there is nothing."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self.fd, _READ_BYTES)
        return b""

    def write(self, heard: bytes) -> int:
        """Count of bytes taken: a port that nobody reads overflows, as a kernel's buffer does."""
        if self.fd < 0:
            return 0
        with contextlib.suppress(BlockingIOError):
            return os.write(self.fd, heard)
        return 0

    is_waiting = False  # a kernel's buffer keeps what is not read yet

    def flush(self) -> None:
        pass

    def baudrate(self) -> int:
        """The rate that the port's user set, in bit/s; the line's for a rate without a name."""
        if self.fd < 0:
            return self.default_baudrate
        return _BAUDRATES.get(termios.tcgetattr(self._keep_fd)[4], self.default_baudrate)
