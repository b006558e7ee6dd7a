"""Counts the pulses of every pulse input since its line was requested, exactly, without blocking,
over restarts too where the line was kept.

Gives counts and times only; what a pulse is worth, and whether to believe it, is metering's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from edge.adapters.edge_line import EVENT, EdgeLine, OpenKept
from edge.config.io import PulsePlan
from edge.model.problem import Problem
from edge.model.scan import PulseSample

_SEQNO_MASK: Final = 0xFFFF_FFFF


class PulseLines:
    """All counted inputs. `suspended_ns()` is CLOCK_BOOTTIME less CLOCK_MONOTONIC: the kernel
    stamps edges on the latter, and the former decides.
    """

    def __init__(
        self, plans: Sequence[PulsePlan], open_line: OpenKept, suspended_ns: Callable[[], int]
    ) -> None:
        self._counters = tuple(_Counter(EdgeLine(plan, open_line)) for plan in plans)
        self._suspended_ns = suspended_ns

    def read(self, now_mono_ns: int) -> tuple[PulseSample, ...]:
        """One sample per input, in the order of the plans. One read a line, at most 1024 events.

        Before a line's first edge, the time of its last edge is that of its request.
        """
        suspended_ns = self._suspended_ns()
        return tuple(counter.read(now_mono_ns, suspended_ns) for counter in self._counters)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One for each line that cannot be read now."""
        return tuple(
            counter.line.problem for counter in self._counters if counter.line.problem is not None
        )

    def close(self) -> None:
        """Give all lines back; pulses are no longer counted."""
        for counter in self._counters:
            counter.line.close()


class _Counter:
    """Count of one line over one request of it (an epoch)."""

    def __init__(self, line: EdgeLine) -> None:
        self.line = line
        self._epoch: int | None = None
        self._count = 0
        self._last_edge_mono_ns = 0

    def read(self, now_mono_ns: int, suspended_ns: int) -> PulseSample:
        line = self.line
        line.ready(now_mono_ns)
        kept = line.kept
        if kept is not None and kept.epoch != self._epoch:
            # The run before may have counted of it; what it had read does not come again.
            self._epoch, self._count = kept.epoch, kept.tally.count
            self._last_edge_mono_ns = kept.tally.last_edge_mono_ns
        records = line.read(now_mono_ns)
        if records and kept is not None:
            stamp_ns, _, _, _, seqno = EVENT.unpack_from(records, len(records) - EVENT.size)
            self._count += (seqno - self._count) & _SEQNO_MASK
            self._last_edge_mono_ns = stamp_ns + suspended_ns
            kept.tally.note(self._count, self._last_edge_mono_ns)
        return PulseSample(
            line.name,
            self._epoch or 0,
            self._count,
            self._last_edge_mono_ns,
            line.problem is not None,
        )
