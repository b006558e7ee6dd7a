"""How long a bench process lives: until its parent closes its standard input, or SIGTERM."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Iterator


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
