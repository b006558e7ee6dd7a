"""The end-of-interval input: when each of the utility's interval pulses came. No count is kept.

Whether a pulse really ends an interval (window, duplicates, free run) is the decisions' business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edge.adapters.edge_line import EVENT, EdgeLine, OpenKept
from edge.adapters.kept_lines import KeptLine
from edge.config.io import PulsePlan
from edge.model.problem import Problem

# One pulse in 5 to 60 minutes is real; more than this in one scan is noise, of which the newest do.
_EDGES_MAX: Final = 8


class IntervalEnd:
    """`suspended_ns()` as for PulseLines.

    A pulse that the run before read after `state_mono_ns`, and so died with before its state was
    saved, is given again: the last one, for there is one in minutes. None: there is no such state.
    """

    def __init__(
        self,
        plan: PulsePlan,
        open_line: OpenKept,
        suspended_ns: Callable[[], int],
        state_mono_ns: int | None,
    ) -> None:
        self._line = EdgeLine(plan, open_line)
        self._suspended_ns = suspended_ns
        self._state_mono_ns = state_mono_ns
        self._epoch: int | None = None

    def read(self, now_mono_ns: int) -> tuple[int, ...]:
        """CLOCK_BOOTTIME of each pulse since the last call, oldest first, the newest eight at
        most.
        """
        self._line.ready(now_mono_ns)
        kept = self._line.kept
        if kept is None:
            return ()
        recalled = self._recall(kept) if kept.epoch != self._epoch else ()
        records = self._line.read(now_mono_ns)
        if not records:
            return recalled
        suspended_ns = self._suspended_ns()
        newest = records[-_EDGES_MAX * EVENT.size :]
        pulses = tuple(event[0] + suspended_ns for event in EVENT.iter_unpack(newest))
        kept.tally.note(kept.tally.count + len(pulses), pulses[-1])
        return (*recalled, *pulses)[-_EDGES_MAX:]

    def _recall(self, kept: KeptLine) -> tuple[int, ...]:
        """On a line that is new here: its last pulse, if the state does not have it."""
        self._epoch = kept.epoch
        last_mono_ns = kept.tally.last_edge_mono_ns
        after_mono_ns = self._state_mono_ns
        is_lost = kept.tally.count and after_mono_ns is not None and last_mono_ns > after_mono_ns
        return (last_mono_ns,) if is_lost else ()

    @property
    def problem(self) -> Problem | None:
        """Why the input cannot be read now."""
        return self._line.problem

    def close(self) -> None:
        """Give the line back."""
        self._line.close()
