"""A line as the kernel counts it, in memory: numbers every edge, keeps the newest 1024, may
fail.
"""

from __future__ import annotations

import errno
import os
from collections import deque

from edge.adapters.edge_line import EVENT, OpenKept
from edge.adapters.kept_lines import KeptLines
from edge.adapters.line_request import EVENT_BUFFER_COUNT, OpenLine, Request
from edge.adapters.systemd_notify import SystemdNotify
from edge.config.io import PulsePlan

RISING_EDGE = 1


def kept_by_nobody(open_line: OpenLine, *plans: PulsePlan) -> OpenKept:
    """Lines of a run without a service manager: each is requested, and ends with the run."""
    return KeptLines(plans, "/dev/gpiochip0", open_line, SystemdNotify({}, 0), ()).open


class FakeEdgeLine:
    """`open` is an OpenLine; `opened` are the plans that were asked for."""

    def __init__(self) -> None:
        self.opened: list[PulsePlan] = []
        self.refusal: Exception | None = None
        self.request = _Request()

    def open(self, plan: PulsePlan) -> Request:
        self.opened.append(plan)
        if self.refusal is not None:
            raise self.refusal
        self.request = _Request()
        return self.request

    def edge(self, stamp_ns: int, count: int = 1) -> None:
        """So many edges at one time (CLOCK_MONOTONIC, as the kernel stamps them)."""
        self.request.edge(stamp_ns, count)

    def unplug(self) -> None:
        """The chip is gone: reading fails from now on, and so does asking for the line."""
        self.request.release_reader()
        self.refusal = OSError(errno.ENOENT, os.strerror(errno.ENOENT))


class _Request:
    """The kernel's side of a request. Its descriptor is a pipe that holds what was not read yet."""

    def __init__(self) -> None:
        self.fd, self._into = os.pipe()
        self._open = {self.fd, self._into}
        self.line_seqno = 0
        self._unread: deque[bytes] = deque(maxlen=EVENT_BUFFER_COUNT)

    def edge(self, stamp_ns: int, count: int) -> None:
        os.set_blocking(self.fd, False)
        try:
            os.read(self.fd, EVENT.size * EVENT_BUFFER_COUNT)
        except BlockingIOError:
            self._unread.clear()  # the reader has taken everything
        for _ in range(count):
            self.line_seqno = (self.line_seqno + 1) & 0xFFFF_FFFF
            event = EVENT.pack(stamp_ns, RISING_EDGE, 17, self.line_seqno, self.line_seqno)
            self._unread.append(event)
        os.write(self._into, b"".join(self._unread))

    def write_raw(self, data: bytes) -> None:
        os.write(self._into, data)

    def release_reader(self) -> None:
        """Close this process's copy, as the end of the process would."""
        self._close(self.fd)

    def release(self) -> None:
        self._close(self.fd)
        self._close(self._into)

    def _close(self, fd: int) -> None:
        """Once: another descriptor may have its number afterwards."""
        if fd in self._open:
            self._open.remove(fd)
            os.close(fd)
