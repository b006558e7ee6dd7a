"""Asks the kernel for an input line whose edges it counts.

The settings are those of the site file; what is read from the line is edge_line's business.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

import gpiod
from gpiod.line import Bias as LineBias
from gpiod.line import Clock, Direction
from gpiod.line import Edge as LineEdge

from edge.config.io import Bias, Edge, PulsePlan

# The kernel rounds up to a power of two; libgpiod allows no more than 1024.
EVENT_BUFFER_COUNT: Final = 1024
_CONSUMER: Final = "denban"

_BIASES: Final = {
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
    """Requests lines of the chip at `chip_path`; the returned function raises OSError, and
    ValueError where the chip has no such line.
    """

    def open_line(plan: PulsePlan) -> Request:
        settings = gpiod.LineSettings(
            direction=Direction.INPUT,
            edge_detection=_EDGES[plan.edge],
            bias=_BIASES[plan.bias],
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
