"""One input line whose edges the kernel counts: had, read without blocking, requested again if
lost.

The kernel numbers every edge (``line_seqno``) even when its event buffer overflows and drops the
oldest events, so the newest event alone gives the exact count. Decides nothing about energy.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import Final

from edge.adapters.kept_lines import KeptLine
from edge.adapters.line_request import EVENT_BUFFER_COUNT
from edge.adapters.reasons import reason
from edge.config.io import PulsePlan
from edge.model.problem import Problem
from edge.model.units import NS_PER_S

# struct gpio_v2_line_event of linux/gpio.h: timestamp_ns, id, offset, seqno, line_seqno,
# padding[6].
EVENT: Final = struct.Struct("=QIIII24x")
_READ_BYTES: Final = EVENT.size * EVENT_BUFFER_COUNT
_RETRY_NS_MIN: Final = 1 * NS_PER_S
_RETRY_NS_MAX: Final = 30 * NS_PER_S

# Gives the line of a plan at a time (CLOCK_BOOTTIME); raises OSError or ValueError.
OpenKept = Callable[[PulsePlan, int], KeptLine]


class EdgeLine:
    """Owner of one line, `kept` while it is held. Not thread-safe; one reader.

    After a fault the line is requested again, first after 1 s, then at doubled distances up to
    30 s.
    """

    def __init__(self, plan: PulsePlan, open_line: OpenKept) -> None:
        self.name = plan.name
        self.problem: Problem | None = None
        self._plan = plan
        self._open_line = open_line
        self.kept: KeptLine | None = None
        self._retry_mono_ns = 0
        self._retry_ns = _RETRY_NS_MIN

    def ready(self, now_mono_ns: int) -> bool:
        """True while the line is held; requests it (again) when that is due."""
        if self.kept is None and now_mono_ns >= self._retry_mono_ns:
            self._open(now_mono_ns)
        return self.kept is not None

    def read(self, now_mono_ns: int) -> bytes:
        """Event records since the last call, at most the kernel's buffer full, oldest first.

        Empty without events and after a fault; then `ready` is False until the line is back.
        """
        if self.kept is None:
            return b""
        try:
            records = os.read(self.kept.fd, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            self._lose(now_mono_ns, reason(error))
            return b""
        if not records or len(records) % EVENT.size:
            self._lose(now_mono_ns, f"{len(records)} bytes of events")
            return b""
        return records

    def close(self) -> None:
        """Give the line back to the kernel. Edges are no longer counted."""
        if self.kept is not None:
            self.kept.release()
            self.kept = None

    def _open(self, now_mono_ns: int) -> None:
        try:
            kept = self._open_line(self._plan, now_mono_ns)
        except (OSError, ValueError) as error:  # ValueError: the chip has no such line
            self._lose(now_mono_ns, reason(error))
            return
        # Not poll before read: with O_NONBLOCK no race can make the scan wait for an edge.
        os.set_blocking(kept.fd, False)
        self.kept = kept
        self._retry_ns = _RETRY_NS_MIN
        self.problem = None

    def _lose(self, now_mono_ns: int, got: str) -> None:
        self.close()
        self._retry_mono_ns = now_mono_ns + self._retry_ns
        self._retry_ns = min(2 * self._retry_ns, _RETRY_NS_MAX)
        self.problem = Problem(
            where=f"pulse {self.name} GPIO{self._plan.pin}",
            what="the line cannot be read",
            got=got,
            need="edge events",
            effect="its pulses are not counted; it is requested again by itself",
            next_step="find who else uses the line: gpioinfo",
        )
