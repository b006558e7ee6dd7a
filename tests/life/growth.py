"""Whether a row of daily values grows: a line through them, and what the line gains in the end."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import linear_regression

from msgspec import Struct

# Of blocks held: a plan of 48 slots is some 150, and a look that comes before midnight by the local
# clock sees one more than a look after it; caches fill for weeks. A few things kept of each
# interval pass it within days.
ROOM: float = 300.0
# Over a year the room is passed by less than this, which a record kept a day is not.
_A_DAY_MAX: float = 2.0


class Growth(Struct, frozen=True):
    """`gained` is the line's rise over all days."""

    a_day: float
    gained: float

    @property
    def is_flat(self) -> bool:
        return self.gained <= ROOM or self.a_day <= _A_DAY_MAX


def growth(values: Sequence[int]) -> Growth:
    slope = linear_regression(range(len(values)), values).slope
    return Growth(slope, slope * (len(values) - 1))
