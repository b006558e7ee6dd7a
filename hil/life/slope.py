"""A straight line through samples: how fast something grows, and how sure that is. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

_POINTS_MIN = 3  # two points are a line whatever they say


class Slope(msgspec.Struct, frozen=True):
    """`per_h` by least squares; `error_per_h`: its standard error, were samples independent."""

    per_h: float
    error_per_h: float
    first: float
    last: float
    lowest: float
    highest: float
    points_count: int


def slope(elapsed_s: Sequence[float], values: Sequence[float]) -> Slope | None:
    """None for too few samples, or where all are of one instant."""
    count = len(values)
    if count != len(elapsed_s):
        raise ValueError(f"slope: got {len(elapsed_s)} times and {count} values, need as many")
    if count < _POINTS_MIN:
        return None
    hours = [each / 3600 for each in elapsed_s]
    mid_h, mid = math.fsum(hours) / count, math.fsum(values) / count
    spread = math.fsum((hour - mid_h) ** 2 for hour in hours)
    if not spread:
        return None
    pairs = list(zip(hours, values, strict=True))
    per_h = math.fsum((hour - mid_h) * (value - mid) for hour, value in pairs) / spread
    rest = math.fsum((value - mid - per_h * (hour - mid_h)) ** 2 for hour, value in pairs)
    return Slope(
        per_h,
        math.sqrt(rest / (count - 2) / spread),
        values[0],
        values[-1],
        min(values),
        max(values),
        count,
    )
