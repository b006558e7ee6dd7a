"""Essential hours of one load within the local week. Answers by bisection; knows no dates and no
clock.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import time

from edge.model.outlook import LocalMoment
from edge.model.spec import DailyWindow
from edge.model.units import NS_PER_S

DAY_S = 86_400
WEEK_S = 7 * DAY_S


class EssentialHours:
    """The windows of one load, merged. An empty tuple of windows is never essential."""

    def __init__(self, windows: tuple[DailyWindow, ...]) -> None:
        spans = sorted(
            (week_s + weekday * DAY_S + _second(w.start), week_s + weekday * DAY_S + _end_second(w))
            for w in windows
            for weekday in (w.weekdays or range(7))
            # The week before reaches in over Sunday's midnight; the week after is for looking
            # ahead.
            for week_s in (-WEEK_S, 0, WEEK_S)
        )
        merged: list[tuple[int, int]] = []
        for start_s, end_s in spans:
            if merged and start_s <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end_s, merged[-1][1]))
            else:
                merged.append((start_s, end_s))
        self._starts_s = [start_s for start_s, _ in merged]
        self._ends_s = [end_s for _, end_s in merged]

    def wait_ns(self, local: LocalMoment) -> int | None:
        """Time from `local` until they begin: 0 within them, None without a window."""
        if not self._ends_s:
            return None
        # There is always a following end: the windows of the week after.
        second_s = local.weekday * DAY_S + local.second_of_day
        following = bisect_right(self._ends_s, second_s)
        return max(0, self._starts_s[following] - second_s) * NS_PER_S


def _second(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _end_second(window: DailyWindow) -> int:
    end_s = _second(window.end)
    return end_s if end_s > _second(window.start) else end_s + DAY_S
