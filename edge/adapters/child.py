"""A child process of the control process and the packet link to it: start, notice its end, replace.

Starting is a vfork and an exec (about a millisecond); everything else never waits. The child learns
of the control process's end when the link closes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from edge.adapters.log_line import log_line
from edge.model.units import NS_PER_S

PACKET_BYTES_MAX: Final = 128 * 1024
# Room for some 20 s of scans while the child waits for a disk.
_LINK_BYTES: Final = 1 << 20
_BACKOFF_NS_MIN: Final = NS_PER_S // 5
_BACKOFF_NS_MAX: Final = 30 * NS_PER_S
# A child that lived this long starts again at once when it ends.
_SETTLED_NS: Final = 10 * NS_PER_S
# The pause has grown to this after four that died young: that is no accident any more.
_FAILING_BACKOFF_NS: Final = 8 * _BACKOFF_NS_MIN
# What SIGKILL has not ended by then hangs in the kernel, and waits for a disk, not for us.
_KILLED_WAIT_S: Final = 1.0


class Child:
    """Runs ``python -m module LINK_FD SETUP_FD [FD ...]`` and runs it again when it ends.

    `setup` is what the child reads from SETUP_FD; `shared_fds` are passed on by their numbers.
    """

    def __init__(self, module: str, setup: bytes, shared_fds: tuple[int, ...] = ()) -> None:
        self._module = module
        self._setup = setup
        self._shared_fds = shared_fds
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._started_mono_ns = 0
        self._backoff_ns = 0
        self._due_mono_ns = 0
        self.starts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def started_mono_ns(self) -> int:
        return self._started_mono_ns

    def keep_alive(self, now_mono_ns: int) -> bool:
        """Start it where it is due, after a growing pause. True if it was started just now."""
        if self._process is not None and self._process.poll() is not None:
            self._bury(now_mono_ns)
        if self._process is not None or now_mono_ns < self._due_mono_ns:
            return False
        try:
            self._start(now_mono_ns)
        except OSError as error:
            log_line(f"{self._module}: not started: {error}")
            self._bury(now_mono_ns)
            return False
        return True

    def kill(self) -> None:
        """Drop the link and SIGKILL it, which a stopped process also obeys.

        Its end is not waited for: a process that hangs in the kernel (a dead disk) ends when it
        likes. `keep_alive` notices, and starts none beside it.
        """
        self._drop_link()
        if self._process is not None:
            self._process.kill()

    def is_failing(self, now_mono_ns: int) -> bool:
        """True while one after the other ends soon after its start, or none can be started."""
        settled = self._process is not None and now_mono_ns - self._started_mono_ns >= _SETTLED_NS
        return self._backoff_ns >= _FAILING_BACKOFF_NS and not settled

    def send(self, packet: bytes) -> bool:
        """False when the child is absent or its queue is full; never waits."""
        if self._link is None:
            return False
        try:
            self._link.send(packet)
        except OSError:
            return False
        return True

    def packets(self, count_max: int) -> Iterator[bytes]:
        """At most `count_max` waiting packets; never waits."""
        for _ in range(count_max):
            if self._link is None:
                return
            try:
                packet = self._link.recv(PACKET_BYTES_MAX)
            except OSError:
                return
            if not packet:
                return
            yield packet

    def close(self, wait_s: float) -> None:
        """Close the link, so that it ends by itself; kill it when it has not within `wait_s`.

        Returns within a second more, also where not even that ends it.
        """
        self._drop_link()
        if self._process is None:
            return
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILLED_WAIT_S)
        self._process = None

    def _start(self, now_mono_ns: int) -> None:
        setup_fd = os.memfd_create(f"{self._module}-setup")
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError:
            os.close(setup_fd)
            raise
        try:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LINK_BYTES)
            ours.setblocking(False)
            os.write(setup_fd, self._setup)
            os.lseek(setup_fd, 0, os.SEEK_SET)
            fds = (theirs.fileno(), setup_fd, *self._shared_fds)
            command = [sys.executable, "-m", self._module, *map(str, fds)]
            self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                command, pass_fds=fds, stdin=subprocess.DEVNULL
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(setup_fd)
        self._link = ours
        self._started_mono_ns = now_mono_ns
        self.starts += 1

    def _bury(self, now_mono_ns: int) -> None:
        self._process = None
        self._drop_link()
        if now_mono_ns - self._started_mono_ns >= _SETTLED_NS:
            self._backoff_ns = 0
        self._due_mono_ns = now_mono_ns + self._backoff_ns
        self._backoff_ns = min(max(2 * self._backoff_ns, _BACKOFF_NS_MIN), _BACKOFF_NS_MAX)

    def _drop_link(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
