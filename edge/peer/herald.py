"""The last words of a control process that died: a small forked process that outlives it.

Each scan leaves a signed farewell in shared memory. When the control process ends by any means its
pipe closes; the herald waits until no bus worker is left and says the farewell. Holds no port, no
line and no device while the control process lives.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from typing import Final, Never

from edge.adapters.log_line import log_line
from edge.config.io import PathPlan
from edge.model.units import NS_PER_MS
from edge.peer import cobs
from edge.peer.frame import DATAGRAM_BYTES_MAX
from edge.peer.paths import open_udp

# A worker that is stopped for good can write no longer than its lease lasts.
_WORKERS_GONE_NS: Final = 250 * NS_PER_MS
_WORKERS_MAX: Final = 32
_TIMES: Final = 3
_PAUSE_S: Final = 0.02
_QUIET: Final = b"q"
_CLOSE_WAIT_MS: Final = 1000

# Two slots of which the first byte of the page names the valid one, so that a process that is
# killed while it writes leaves the words of the scan before.
_HEAD: Final = struct.Struct(f"=H{_WORKERS_MAX}iH")
_SLOT_BYTES: Final = _HEAD.size + DATAGRAM_BYTES_MAX
_SLOTS_AT: Final = 64
_NOTHING: Final = 255
_PAGE_BYTES: Final = 4096
assert _SLOTS_AT + 2 * _SLOT_BYTES <= _PAGE_BYTES


class Herald:
    """Forks at once: to be made early, by a process of one thread, before it opens much.

    Raises OSError when there is no process or memory for it.
    """

    def __init__(self, paths: Sequence[PathPlan]) -> None:
        self._page = mmap.mmap(-1, _PAGE_BYTES)
        self._page[0] = _NOTHING
        read_fd, self._write_fd = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _live(self._page, read_fd, tuple(paths))
        os.close(read_fd)
        self._is_alive = True

    @property
    def is_alive(self) -> bool:
        if self._is_alive:
            try:
                self._is_alive = os.waitpid(self.pid, os.WNOHANG)[0] == 0
            except ChildProcessError:
                self._is_alive = False
        return self._is_alive

    def leave(self, farewell: bytes, worker_pids: Sequence[int]) -> None:
        """To be said if this process ends now, after these processes have ended too."""
        slot = 0 if self._page[0] != 0 else 1
        pids = [*worker_pids[:_WORKERS_MAX]]
        room = [0] * (_WORKERS_MAX - len(pids))
        at = _SLOTS_AT + slot * _SLOT_BYTES
        _HEAD.pack_into(self._page, at, len(pids), *pids, *room, len(farewell))
        self._page[at + _HEAD.size : at + _HEAD.size + len(farewell)] = farewell
        self._page[0] = slot

    def close(self, *, farewell: bool) -> None:
        """Let it end silently, or with the last words that were left (and do not wait for it)."""
        if not farewell:
            with contextlib.suppress(OSError):
                os.write(self._write_fd, _QUIET)
        os.close(self._write_fd)
        if self.is_alive and not farewell:
            self._await_end()

    def _await_end(self) -> None:
        pidfd = os.pidfd_open(self.pid)
        try:
            poller = select.poll()
            poller.register(pidfd, select.POLLIN)
            poller.poll(_CLOSE_WAIT_MS)
        finally:
            os.close(pidfd)
        if self.is_alive:
            log_line(f"herald: process {self.pid} does not end")


def _live(page: mmap.mmap, read_fd: int, paths: tuple[PathPlan, ...]) -> Never:
    """The whole life of the forked process."""
    try:
        _strip(read_fd)
        if os.read(read_fd, 1) != _QUIET:
            pids, farewell = _left(page)
            _await_workers(pids)
            if farewell:
                _say(farewell, paths)
    finally:
        os._exit(0)


def _strip(read_fd: int) -> None:
    """Keep nothing of the control process but the pipe and the page."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    # What stops the service must not stop its last words; they end by themselves.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    null_fd = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null_fd, fd)
    for fd in [int(entry) for entry in os.listdir("/proc/self/fd")]:  # noqa: PTH208 -- no objects
        if fd > 2 and fd != read_fd:
            with contextlib.suppress(OSError):
                os.close(fd)
    gc.disable()
    os.chdir("/")
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.nice(5)
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as name:  # noqa: PTH123
        name.write("denban-herald")


def _left(page: mmap.mmap) -> tuple[list[int], bytes]:
    slot = page[0]
    if slot == _NOTHING:
        return [], b""
    at = _SLOTS_AT + slot * _SLOT_BYTES
    count, *pids, length = _HEAD.unpack_from(page, at)
    return pids[:count], bytes(page[at + _HEAD.size : at + _HEAD.size + length])


def _await_workers(pids: list[int]) -> None:
    """Until all have ended (they are killed with their parent), or their leases have."""
    until_ns = time.monotonic_ns() + _WORKERS_GONE_NS
    for pid in pids:
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            continue  # gone
        poller = select.poll()
        poller.register(pidfd, select.POLLIN)
        poller.poll(max(until_ns - time.monotonic_ns(), 0) / NS_PER_MS)
        os.close(pidfd)


def _say(farewell: bytes, paths: tuple[PathPlan, ...]) -> None:
    for turn in range(_TIMES):
        if turn:
            time.sleep(_PAUSE_S)
        for path in paths:
            with contextlib.suppress(OSError, ValueError, termios.error):
                _say_on(path, farewell)


def _say_on(path: PathPlan, farewell: bytes) -> None:
    if path.device:
        from edge.peer.serial_path import open_serial  # noqa: PLC0415 -- few sites have one

        port = open_serial(path.device)
        os.write(port.fileno(), b"\0" + cobs.encode(farewell))
        port.close()
        return
    # Any free port: the next control process may already have the own one.
    with open_udp(path.own_host, 0) as speaker:
        speaker.sendto(farewell, (path.peer_host, path.port))
