"""The slots of a local day, and which of them a written local time means.

A day has 46, 48 or 50 half-hours where clocks change. Reads no file and judges no energy.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from edge.core.demand.localtime import local_datetime, local_utc_ns, utc_ns_of

_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)


class PlanDay:
    """The slots of `day`, from local midnight to the next, of `slot_ns` each."""

    def __init__(self, day: date, timezone: tzinfo, slot_ns: int) -> None:
        self.day = day
        self._timezone = timezone
        self._slot_ns = slot_ns
        start_utc_ns = local_utc_ns(day, time(), timezone)
        end_utc_ns = local_utc_ns(day + timedelta(days=1), time(), timezone)
        self.starts_utc_ns = tuple(range(start_utc_ns, end_utc_ns, slot_ns))
        self._starts = frozenset(self.starts_utc_ns)

    def moments(self, text: str) -> tuple[int, ...]:
        """The UTC ns that `text` may mean: two if the local time occurs twice, none if it never is.

        Raises ValueError when `text` is not like 2026-04-01T00:30, with Z or an offset if wanted,
        and OverflowError for years that no calendar holds.
        """
        if _MOMENT.fullmatch(text) is None:
            raise ValueError(text)
        written = datetime.fromisoformat(text)
        if written.tzinfo is not None:
            return (utc_ns_of(written),)
        both = sorted(
            {utc_ns_of(written.replace(tzinfo=self._timezone, fold=fold)) for fold in (0, 1)}
        )
        return tuple(
            utc_ns
            for utc_ns in both
            if local_datetime(utc_ns, self._timezone).replace(tzinfo=None) == written
        )

    def is_slot(self, utc_ns: int) -> bool:
        """Whether a slot of this day starts then."""
        return utc_ns in self._starts

    def holds(self, utc_ns: int) -> bool:
        """Whether the instant is in this day at all."""
        return self.starts_utc_ns[0] <= utc_ns < self.starts_utc_ns[-1] + self._slot_ns

    def written(self, utc_ns: int) -> str:
        """The local time of an instant for people, with its offset, so that it is unique."""
        return local_datetime(utc_ns, self._timezone).isoformat(timespec="minutes")
