"""How the peer's clock relates to ours, from the beats that were least delayed. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from edge.model.units import NS_PER_S

# Two clocks drift apart by some µs a second: older samples say less than their delay is worth.
_KEPT_NS: Final = 30 * NS_PER_S
_BUCKET_NS: Final = 5 * NS_PER_S
# No working path delays a beat for so long.
_DELAY_NS_MAX: Final = NS_PER_S
# If every beat is late for so long, it is the clocks that have moved (a machine that was halted).
_MOVED_NS: Final = 5 * NS_PER_S


class ClockOffset:
    """The least of (arrival - sent) over the last 30 s, in steps of 5 s; of one peer process."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, int]] = deque()
        self._late_since_mono_ns: int | None = None

    @property
    def offset_ns(self) -> int:
        """Add it to the peer's instants. 0 before the first beat."""
        return min((least_ns for _, least_ns in self._buckets), default=0)

    def note(self, sent_mono_ns: int, arrived_mono_ns: int) -> int:
        """The offset with this beat taken into account."""
        if self._is_late(sent_mono_ns, arrived_mono_ns):
            since_mono_ns = self._late_since_mono_ns or arrived_mono_ns
            self._late_since_mono_ns = since_mono_ns
            if arrived_mono_ns - since_mono_ns < _MOVED_NS:
                return self.offset_ns
            self._buckets.clear()
        self._late_since_mono_ns = None
        self._add(arrived_mono_ns, arrived_mono_ns - sent_mono_ns)
        return self.offset_ns

    def credible_mono_ns(self, sent_mono_ns: int, arrived_mono_ns: int) -> int:
        """When the beat counts as heard: at its arrival, but when it was sent if that is long ago,
        because it lay in a buffer while this process was stopped, or somebody held it back.
        """
        if self._is_late(sent_mono_ns, arrived_mono_ns):
            return sent_mono_ns + self.offset_ns
        return arrived_mono_ns

    def _is_late(self, sent_mono_ns: int, arrived_mono_ns: int) -> bool:
        delay_ns = arrived_mono_ns - sent_mono_ns - self.offset_ns
        return bool(self._buckets) and delay_ns > _DELAY_NS_MAX

    def _add(self, arrived_mono_ns: int, offset_ns: int) -> None:
        buckets = self._buckets
        begin_mono_ns = arrived_mono_ns - arrived_mono_ns % _BUCKET_NS
        if buckets and buckets[-1][0] >= begin_mono_ns:
            begin_mono_ns, least_ns = buckets.pop()
            offset_ns = min(offset_ns, least_ns)
        buckets.append((begin_mono_ns, offset_ns))
        while buckets[0][0] <= begin_mono_ns - _KEPT_NS:
            buckets.popleft()
