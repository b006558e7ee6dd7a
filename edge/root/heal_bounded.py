"""Runs one act in a process of its own that may take so long and no longer.

A write to sysfs may never return when the USB controller is dead. The process that made it is
killed and left to the kernel; the program goes on and says so.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from typing import Final

# After the signal a process that is not within the kernel ends at once.
_KILLED_MS_MAX: Final = 1000
_UNKNOWN_ERROR: Final = 255


class HungError(Exception):
    """The act did not end in time; the kernel may still be at it."""


def run_bounded(act: Callable[[], None], what: str, within_s: float) -> None:
    """`act()` in a forked process. Raises OSError with its errno, or HungError."""
    pid = os.fork()
    if pid == 0:
        _act_and_end(act)
    pidfd = os.pidfd_open(pid)
    try:
        if not _ends(pidfd, round(within_s * 1000)):
            os.kill(pid, signal.SIGKILL)
            if _ends(pidfd, _KILLED_MS_MAX):
                os.waitpid(pid, 0)
            raise HungError(f"{what}: not done in {within_s:g} s, the kernel hangs in it")
    finally:
        os.close(pidfd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        number = code if 0 < code < _UNKNOWN_ERROR else 0
        raise OSError(number, f"{what}: {os.strerror(number) if number else f'ended with {code}'}")


def write_file(path: str, value: str) -> None:
    """One write, as sysfs wants it; no link is followed at its last step."""
    fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode("ascii"))
    finally:
        os.close(fd)


def _ends(pidfd: int, within_ms: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(within_ms))


def _act_and_end(act: Callable[[], None]) -> None:
    code = _UNKNOWN_ERROR
    try:
        act()
        code = 0
    except OSError as error:
        code = error.errno or _UNKNOWN_ERROR
    finally:
        os._exit(code)
