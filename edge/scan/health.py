"""Whether the controller is alive, computed from the progress of each of its phases. Pure.

The watchdogs are fed from this answer and from nothing else: a phase that died, hangs, was
forgotten or reports from the future keeps them hungry.
"""

from __future__ import annotations

from collections.abc import Mapping


class Health:
    """`limits_ns`: for each phase, how old its last progress may be. `start_mono_ns` counts as the
    first progress of all, so a phase that never runs is found too.
    """

    def __init__(self, limits_ns: Mapping[str, int], start_mono_ns: int) -> None:
        assert limits_ns
        assert all(limit_ns > 0 for limit_ns in limits_ns.values())
        self._limits_ns = dict(limits_ns)
        self._progress_mono_ns = dict.fromkeys(limits_ns, start_mono_ns)

    def progress(self, phase: str, now_mono_ns: int) -> None:
        """`phase` has done its work. Raises KeyError for a phase without a limit."""
        if phase not in self._progress_mono_ns:
            raise KeyError(phase)
        self._progress_mono_ns[phase] = now_mono_ns

    def healthy(self, now_mono_ns: int) -> bool:
        """True while every phase made progress within its limit."""
        limits_ns = self._limits_ns
        for phase, progress_mono_ns in self._progress_mono_ns.items():
            if not 0 <= now_mono_ns - progress_mono_ns <= limits_ns[phase]:
                return False
        return True

    def stalled(self, now_mono_ns: int) -> tuple[str, ...]:
        """The phases that make the answer no, in their declared order."""
        return tuple(
            phase
            for phase, progress_mono_ns in self._progress_mono_ns.items()
            if not 0 <= now_mono_ns - progress_mono_ns <= self._limits_ns[phase]
        )
