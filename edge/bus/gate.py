"""The one way on to a line: a write passes only under a lease, and is seen to be under way.

A process can be stopped between any two instructions and go on much later. So it arms first, looks
at the lease then, and disarms when the system call is over: who has withdrawn the lease and then
finds the page not armed knows that no write can follow.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.bus.lease import BusPage, Count


class LeaseEndedError(Exception):
    """Nothing was written, because the lease to write had ended."""


class WriteGate:
    """One worker's gate. `asked_mono_ns` is when it was last passed."""

    def __init__(self, page: BusPage, now_mono_ns: Callable[[], int]) -> None:
        self._page = page
        self._now_mono_ns = now_mono_ns
        self.asked_mono_ns = 0

    def write(self, frame: bytes, write: Callable[[bytes], None]) -> None:
        """Write `frame` if the lease stands, else raise LeaseEndedError.

        Between the look at the lease and the system call is no more than what it takes to call it.
        A store may become visible microseconds late, so control looks a scan after withdrawing.
        """
        page = self._page
        page.writing = True
        try:
            now_mono_ns = self._now_mono_ns()
            if page.lease_until_mono_ns <= now_mono_ns:
                page.add(Count.WITHHELD)
                raise LeaseEndedError
            write(frame)
        finally:
            page.writing = False
        self.asked_mono_ns = page.asked_mono_ns = now_mono_ns
        page.add(Count.REQUESTS)
