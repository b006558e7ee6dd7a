"""Hours of the local week as people write them: `mon-fri 13:00-16:00`."""

from __future__ import annotations

import re
from datetime import time

from edge.model.spec import DailyWindow

NEEDED = '"13:00-16:00", "mon-fri 13:00-16:00" or "sat,sun 00:00-24:00"'
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?:(?P<days>\S+) +)?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")


def parse_hours(text: str) -> DailyWindow | None:
    """The window that `text` means, None if it means none.

    24:00 may end a window. An end before the start is on the next day; an end at the start is
    refused, for it could mean never or always.
    """
    found = _HOURS.fullmatch(text.strip())
    if found is None or found["start"] == found["end"]:
        return None
    weekdays = _weekdays(found["days"]) if found["days"] else frozenset[int]()
    start = _time(found["start"])
    end = time(0) if found["end"] == "24:00" else _time(found["end"])
    if weekdays is None or start is None or end is None:
        return None
    return DailyWindow(start, end, weekdays)


def _time(text: str) -> time | None:
    hour, minute = int(text[:2]), int(text[3:])
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _weekdays(text: str) -> frozenset[int] | None:
    """`mon-fri,sun`; a range may pass the week's end."""
    weekdays: set[int] = set()
    for part in text.casefold().split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            return None
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        weekdays.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return frozenset(weekdays)
