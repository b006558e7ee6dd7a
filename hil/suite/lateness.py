"""How late the bench's own computer was: whether it could have kept the times that it judges.

A thread of ordinary priority that wants to wake up again and again, as the processes under test do.
"""

from __future__ import annotations

import threading
import time
from typing import Final

_PERIOD_S: Final = 0.02
# A gateway whose scan stands for so long has lost its lease, and gives the duty up.
LATE_S_MAX: Final = 0.25


class Lateness:
    """Measured from now until :meth:`end`."""

    def __init__(self) -> None:
        self._worst_s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        due_s = time.monotonic() + _PERIOD_S
        while not self._over.wait(_PERIOD_S):
            now_s = time.monotonic()
            self._worst_s = max(self._worst_s, now_s - due_s)
            due_s = now_s + _PERIOD_S

    def end(self) -> float:
        """The worst, in seconds."""
        self._over.set()
        self._thread.join()
        return self._worst_s


def warning(late_s: float) -> str:
    """What a verdict is told with; empty where the computer kept its times."""
    if late_s <= LATE_S_MAX:
        return ""
    return (
        f"bench computer: stood for up to {late_s:.2g} s, allowed {LATE_S_MAX:g} s;"
        " what failed may be its own fault; run it alone\n\n"
    )
