"""One input line whose edges the kernel counts: requested, read without blocking, requested
again if lost.

The kernel numbers every edge (``line_seqno``) even when its event buffer overflows and drops the
oldest events, so the newest event alone gives the exact count. Decides nothing about energy.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

import gpiod
from gpiod.line import Bias as LineBias
from gpiod.line import Clock, Direction
from gpiod.line import Edge as LineEdge

from edge.adapters.reasons import reason
from edge.config.io import Bias, Edge, PulsePlan
from edge.model.problem import Problem
from edge.model.units import NS_PER_S

# struct gpio_v2_line_event of linux/gpio.h: timestamp_ns, id, offset, seqno, line_seqno,
# padding[6].
EVENT: Final = struct.Struct("=QIIII24x")
# The kernel rounds up to a power of two; libgpiod allows no more than 1024.
EVENT_BUFFER_COUNT: Final = 1024
_READ_BYTES: Final = EVENT.size * EVENT_BUFFER_COUNT
_RETRY_NS_MIN: Final = 1 * NS_PER_S
_RETRY_NS_MAX: Final = 30 * NS_PER_S
_CONSUMER: Final = "denban"

BIASES: Final = {
    Bias.PULL_UP: LineBias.PULL_UP,
    Bias.PULL_DOWN: LineBias.PULL_DOWN,
    Bias.NONE: LineBias.DISABLED,
}
_EDGES: Final = {Edge.RISING: LineEdge.RISING, Edge.FALLING: LineEdge.FALLING}


class Request(Protocol):
    """A requested line as the kernel gives it: a descriptor that yields event records."""

    @property
    def fd(self) -> int: ...

    def release(self) -> None: ...


OpenLine = Callable[[PulsePlan], Request]


def line_opener(chip_path: str) -> OpenLine:
    """Requests lines of the chip at `chip_path`; the returned function raises OSError."""

    def open_line(plan: PulsePlan) -> Request:
        settings = gpiod.LineSettings(
            direction=Direction.INPUT,
            edge_detection=_EDGES[plan.edge],
            bias=BIASES[plan.bias],
            debounce_period=timedelta(microseconds=plan.debounce_ns // 1000),
            event_clock=Clock.MONOTONIC,
        )
        return gpiod.request_lines(
            chip_path,
            {plan.pin: settings},
            consumer=f"{_CONSUMER} {plan.name}"[:31],
            event_buffer_size=EVENT_BUFFER_COUNT,
        )

    return open_line


class EdgeLine:
    """Owner of one line's request. Not thread-safe; one reader.

    After a fault the line is requested again, first after 1 s, then at doubled distances up to
    30 s.
    """

    def __init__(self, plan: PulsePlan, open_line: OpenLine) -> None:
        self.name = plan.name
        self.problem: Problem | None = None
        self._plan = plan
        self._open_line = open_line
        self._request: Request | None = None
        self._retry_mono_ns = 0
        self._retry_ns = _RETRY_NS_MIN

    def ready(self, now_mono_ns: int) -> bool:
        """True while the line is held; requests it (again) when that is due."""
        if self._request is None and now_mono_ns >= self._retry_mono_ns:
            self._open(now_mono_ns)
        return self._request is not None

    def read(self, now_mono_ns: int) -> bytes:
        """Event records since the last call, at most the kernel's buffer full, oldest first.

        Empty without events and after a fault; then `ready` is False until the line is back.
        """
        if self._request is None:
            return b""
        try:
            records = os.read(self._request.fd, _READ_BYTES)
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
        if self._request is not None:
            self._request.release()
            self._request = None

    def _open(self, now_mono_ns: int) -> None:
        try:
            request = self._open_line(self._plan)
        except (OSError, ValueError) as error:  # ValueError: the chip has no such line
            self._lose(now_mono_ns, reason(error))
            return
        # Not poll before read: with O_NONBLOCK no race can make the scan wait for an edge.
        os.set_blocking(request.fd, False)
        self._request = request
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
