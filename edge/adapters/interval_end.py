"""The end-of-interval input: when each of the utility's interval pulses came. No count is kept.

Whether a pulse really ends an interval (window, duplicates, free run) is the decisions' business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edge.adapters.edge_line import EVENT, EdgeLine, OpenLine
from edge.config.io import PulsePlan
from edge.model.problem import Problem

# One pulse in 5 to 60 minutes is real; more than this in one scan is noise, of which the newest do.
_EDGES_MAX: Final = 8


class IntervalEnd:
    """`suspended_ns()` as for PulseLines."""

    def __init__(
        self, plan: PulsePlan, open_line: OpenLine, suspended_ns: Callable[[], int]
    ) -> None:
        self._line = EdgeLine(plan, open_line)
        self._suspended_ns = suspended_ns

    def read(self, now_mono_ns: int) -> tuple[int, ...]:
        """CLOCK_BOOTTIME of each pulse since the last call, oldest first, the newest eight at
        most.
        """
        self._line.ready(now_mono_ns)
        records = self._line.read(now_mono_ns)
        if not records:
            return ()
        suspended_ns = self._suspended_ns()
        newest = records[-_EDGES_MAX * EVENT.size :]
        return tuple(event[0] + suspended_ns for event in EVENT.iter_unpack(newest))

    @property
    def problem(self) -> Problem | None:
        """Why the input cannot be read now."""
        return self._line.problem

    def close(self) -> None:
        """Give the line back."""
        self._line.close()
