"""Whether the controller is alive, computed from the progress of each of its phases. Pure.

The watchdogs are fed from this answer and from nothing else: a phase that died, hangs, came late,
was forgotten or reports from the future keeps them hungry.
"""

from __future__ import annotations

from collections.abc import Mapping


class Health:
    """`limits_ns`: for each phase, the longest time from one progress to the next. `start_mono_ns`
    counts as the first progress of all, so a phase that never runs is found too.

    A progress that comes too late does not make the phase good; the next one that is in time does.
    So a phase that always takes too long is found as well as one that never returns.
    """

    def __init__(self, limits_ns: Mapping[str, int], start_mono_ns: int) -> None:
        assert limits_ns
        assert all(limit_ns > 0 for limit_ns in limits_ns.values())
        self._phases = {name: _Phase(limit, start_mono_ns) for name, limit in limits_ns.items()}

    def progress(self, phase: str, now_mono_ns: int) -> None:
        """`phase` has done its work. Raises KeyError for a phase without a limit."""
        self._phases[phase].progress(now_mono_ns)

    def healthy(self, now_mono_ns: int) -> bool:
        """True while every phase makes progress within its limit."""
        return all(phase.in_time(now_mono_ns) for phase in self._phases.values())

    def stalled(self, now_mono_ns: int) -> tuple[str, ...]:
        """The phases that make the answer no, in their declared order."""
        return tuple(n for n, phase in self._phases.items() if not phase.in_time(now_mono_ns))


class _Phase:
    __slots__ = ("_came_late", "_last_mono_ns", "_limit_ns")

    def __init__(self, limit_ns: int, start_mono_ns: int) -> None:
        self._limit_ns = limit_ns
        self._last_mono_ns = start_mono_ns
        self._came_late = False

    def progress(self, now_mono_ns: int) -> None:
        self._came_late = not 0 <= now_mono_ns - self._last_mono_ns <= self._limit_ns
        self._last_mono_ns = now_mono_ns

    def in_time(self, now_mono_ns: int) -> bool:
        return not self._came_late and 0 <= now_mono_ns - self._last_mono_ns <= self._limit_ns
