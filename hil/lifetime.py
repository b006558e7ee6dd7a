"""How long things of the bench live: a process until its parent closes its standard input, or
SIGTERM; an undertaking for as long as somebody is within it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class Lifetime:
    """`over` turns true in the owner's own loop, so nothing is interrupted half-way."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.over = False
        self._wake, wake_up = socket.socketpair()
        self._wake_up = wake_up
        wake_up.settimeout(0)
        signal.signal(signal.SIGTERM, lambda _signal, _frame: None)
        signal.set_wakeup_fd(wake_up.fileno())
        selector.register(self._wake, selectors.EVENT_READ, self.end)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ, self._read_stdin)

    def _read_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            self.end()

    def end(self) -> None:
        self.over = True


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """The end of a bench, which a second ^C does not interrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_process(process: subprocess.Popen[bytes], within_s: float) -> int:
    """End it by closing its standard input, by force if that does not help; its exit code."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
    return process.returncode


class Undertaking:
    """Something that is begun by entering it and taken down whole, in the opposite order, by
    leaving it or by a beginning that fails. What is begun puts its end into `_ends`.
    """

    def __init__(self) -> None:
        self._ends = contextlib.ExitStack()

    def _begin(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with undisturbed():
            self._ends.close()
