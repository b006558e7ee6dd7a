"""The pipes that stand for device descriptors, and the kernel's event queue in one of them.

The process under test holds one end; the board sees the last close of it on the other. It must
never block, and it must never keep the process's own end open, which would hide that close.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios

_EVENT_PIPE_BYTES = 1 << 18  # 1,024 records of 48 bytes, each write of them on pages of its own


class Pipe:
    """One pipe, `inode` naming it for as long as it lives.

    `gateway_reads` says which end is the process's: it reads events, or writes to a watchdog.
    """

    def __init__(self, *, gateway_reads: bool) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        self.theirs, self.ours = (reader, writer) if gateway_reads else (writer, reader)
        self.inode = os.fstat(self.ours).st_ino
        os.set_blocking(self.ours, False)

    def hand_over(self) -> None:
        """Close the process's end here, once it has been sent."""
        os.close(self.theirs)

    def has_gone(self) -> bool:
        """Whether the last copy of the process's end has been closed."""
        poll = select.poll()
        poll.register(self.ours, 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))

    def close(self) -> None:
        os.close(self.ours)


class RecordQueue:
    """Fixed-size records in a pipe that holds `capacity_count`; the oldest go when it is full.

    So does Linux: linereq_put_event() in drivers/gpio/gpiolib-cdev.c skips the oldest event. Its
    queue is a kfifo, whose size is a power of two: `capacity_count` is rounded up to one.
    """

    def __init__(self, pipe: Pipe, record_bytes: int, capacity_count: int) -> None:
        self._pipe = pipe
        self._record_bytes = record_bytes
        self.capacity_count = 1 << (capacity_count - 1).bit_length()
        self.overflow_count = 0
        if capacity_count > 64:
            with contextlib.suppress(OSError):  # over the user's allowance: the default serves
                fcntl.fcntl(pipe.ours, fcntl.F_SETPIPE_SZ, _EVENT_PIPE_BYTES)

    def put(self, record: bytes) -> None:
        """Append one record; in a full queue the oldest makes room for it."""
        if self._queued_count() >= self.capacity_count:
            self._discard_oldest()
        try:
            os.write(self._pipe.ours, record)
        except OSError as error:
            if error.errno not in {errno.EPIPE, errno.EAGAIN}:  # reader gone; its close follows
                raise

    def _queued_count(self) -> int:
        raw = fcntl.ioctl(self._pipe.ours, termios.FIONREAD, b"\0\0\0\0")
        return int(struct.unpack("=i", raw)[0]) // self._record_bytes

    def _discard_oldest(self) -> None:
        """Take a record back through a reader that exists only for this moment."""
        reader = os.open(f"/proc/self/fd/{self._pipe.ours}", os.O_RDONLY | os.O_NONBLOCK)
        try:
            self.overflow_count += len(os.read(reader, self._record_bytes)) // self._record_bytes
        except BlockingIOError:
            pass  # the process was quicker and took them all
        finally:
            os.close(reader)
