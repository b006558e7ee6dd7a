"""What a read of one meter's registers gives, or that there is no port to read by."""

from __future__ import annotations

from msgspec import Struct

from edge.model.problem import Problem
from edge.model.scan import MeterFault


class Reply(Struct, frozen=True):
    """Registers in the order of their addresses, or a fault with its text.

    `end_mono_ns` is when the last byte came, or when waiting ended.
    """

    end_mono_ns: int
    words: tuple[int, ...] = ()
    fault: MeterFault | None = None
    problem: Problem | None = None


class PortLostError(Exception):
    """The port is no more; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
