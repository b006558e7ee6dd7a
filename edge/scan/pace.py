"""When the next scan is due: instants at whole periods from the start, so that no error adds up.

Pure. A scan that overran its period costs the instants that it missed; they are counted and never
made up for by a burst.
"""

from __future__ import annotations


class Pace:
    """Deadlines ``start + n x period``. `period_ns` is above zero."""

    def __init__(self, period_ns: int, start_mono_ns: int) -> None:
        assert period_ns > 0
        self.period_ns = period_ns
        self.deadline_mono_ns = start_mono_ns
        self.overrun_count = 0
        self.skipped_count = 0

    def advance(self, now_mono_ns: int) -> int:
        """Set the next deadline, after `now_mono_ns`, the end of a scan. Answers how many were
        missed.

        A deadline that is reached exactly is still met.
        """
        self.deadline_mono_ns += self.period_ns
        if now_mono_ns <= self.deadline_mono_ns:
            return 0
        missed = -(-(now_mono_ns - self.deadline_mono_ns) // self.period_ns)
        self.deadline_mono_ns += missed * self.period_ns
        self.overrun_count += 1
        self.skipped_count += missed
        return missed

    def slack_ns(self, now_mono_ns: int) -> int:
        """Time left until the deadline; negative when it has passed."""
        return self.deadline_mono_ns - now_mono_ns
