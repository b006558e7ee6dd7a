"""Which meter is polled next. Pure: no I/O, no clock, the same history gives the same order.

Live meters share the line fairly; a dead one is probed ever more rarely and cannot starve them.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.model.units import NS_PER_S

# One lost frame is noise; a meter is dead after so many failed polls in a row.
DEAD_AFTER_COUNT: Final = 3
BACKOFF_NS_MIN: Final = NS_PER_S // 2
BACKOFF_NS_MAX: Final = 16 * NS_PER_S
# With no live meter there is nobody to starve, so that the line's return is noticed soon.
BACKOFF_NS_MAX_ALONE: Final = NS_PER_S
# A probe of a dead meter costs its time-out and the silence after it: it must be earned by so many
# good polls, and rested for so many times its own length (so that probes take a tenth at most).
GOOD_POLLS_PER_PROBE: Final = 10
PROBE_REST_RATIO: Final = 9
FOREVER_MONO_NS: Final = 1 << 63


class _Turn(Struct):
    """One meter's place in the order."""

    served_mono_ns: int = -1
    due_mono_ns: int = 0
    failed_count: int = 0

    def is_dead(self) -> bool:
        return self.failed_count >= DEAD_AFTER_COUNT


class PollSchedule:
    """Meters are known by their index. Call `choose`, poll, `record`; or wait for `wait_ns`.

    `rest_ns_max`: with nothing due, a meter is polled early so long after the last poll began; one
    that is dead only if none lives.
    """

    def __init__(
        self, meters_count: int, interval_ns_min: int, rest_ns_max: int | None = None
    ) -> None:
        self._turns = [_Turn() for _ in range(meters_count)]
        self._interval_ns = interval_ns_min
        self._rest_ns = rest_ns_max
        self._rested_mono_ns = 0
        self._good_count = 0
        self._probe_mono_ns = 0

    def choose(self, now_mono_ns: int) -> int | None:
        """The meter whose turn it is now, the least recently served first; None if none is due."""
        due = [
            index
            for index, ready_mono_ns in enumerate(self._ready_mono_ns())
            if ready_mono_ns <= now_mono_ns
        ]
        if not due and self._may_rest_until_mono_ns() <= now_mono_ns:
            alone = self._alone()
            due = [i for i, turn in enumerate(self._turns) if alone or not turn.is_dead()]
        return min(due, key=lambda index: self._turns[index].served_mono_ns, default=None)

    def wait_ns(self, now_mono_ns: int) -> int:
        """Time until some meter is to be polled; very long if none ever will be."""
        if not self._turns:
            return FOREVER_MONO_NS - now_mono_ns
        next_mono_ns = min(*self._ready_mono_ns(), self._may_rest_until_mono_ns())
        return max(0, next_mono_ns - now_mono_ns)

    def overheard(self, index: int) -> None:
        """The meter has answered to another master, so it lives."""
        turn = self._turns[index]
        if turn.is_dead():
            turn.due_mono_ns = turn.served_mono_ns + self._interval_ns
        turn.failed_count = 0

    def record(self, index: int, *, good: bool, started_mono_ns: int, now_mono_ns: int) -> None:
        """The outcome of a poll that ran from `started_mono_ns` until now."""
        turn = self._turns[index]
        was_dead = turn.is_dead()
        turn.served_mono_ns = self._rested_mono_ns = started_mono_ns
        turn.due_mono_ns = started_mono_ns + self._interval_ns
        turn.failed_count = 0 if good else turn.failed_count + 1
        if turn.is_dead():
            doublings = min(turn.failed_count - DEAD_AFTER_COUNT, 32)
            turn.due_mono_ns = now_mono_ns + min(BACKOFF_NS_MIN << doublings, BACKOFF_NS_MAX)
        if was_dead:
            self._good_count = 0
            self._probe_mono_ns = now_mono_ns + PROBE_REST_RATIO * (now_mono_ns - started_mono_ns)
        elif good:
            self._good_count += 1

    def _ready_mono_ns(self) -> list[int]:
        """When each meter may be polled, as far as is known now."""
        alone = self._alone()
        return [self._ready_of(turn, alone=alone) for turn in self._turns]

    def _alone(self) -> bool:
        return all(turn.is_dead() for turn in self._turns)

    def _may_rest_until_mono_ns(self) -> int:
        return FOREVER_MONO_NS if self._rest_ns is None else self._rested_mono_ns + self._rest_ns

    def _ready_of(self, turn: _Turn, *, alone: bool) -> int:
        if not turn.is_dead():
            return turn.due_mono_ns
        if alone:
            return min(turn.due_mono_ns, turn.served_mono_ns + BACKOFF_NS_MAX_ALONE)
        if self._good_count < GOOD_POLLS_PER_PROBE:
            return FOREVER_MONO_NS
        return max(turn.due_mono_ns, self._probe_mono_ns)
