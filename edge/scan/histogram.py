"""How long something took, in a fixed number of buckets that widen with the value. Pure.

Made for the lateness of wake-ups: recording allocates nothing that stays, and a year of scans takes
the same room as one.
"""

from __future__ import annotations

from array import array
from typing import Final

from msgspec import Struct

# 16 buckets for each doubling: a quantile is at most 1/16 above the true value.
_STEPS_BITS: Final = 4
_STEPS: Final = 1 << _STEPS_BITS
_VALUE_BITS: Final = 40  # 2^40 ns is 18 min; what is longer counts as that
_VALUE_MAX: Final = (1 << _VALUE_BITS) - 1


class Quantiles(Struct, frozen=True, array_like=True, gc=False):
    """Of the values recorded; zeros when there were none. `max_ns` is exact."""

    count: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int


class Histogram:
    """Counts of non-negative whole nanoseconds; what is below zero counts as zero."""

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * _STEPS * (_VALUE_BITS - _STEPS_BITS + 1)))
        self._count = 0
        self._max_ns = 0

    def record(self, value_ns: int) -> None:
        """Count one value."""
        value_ns = min(max(value_ns, 0), _VALUE_MAX)
        self._counts[_bucket(value_ns)] += 1
        self._count += 1
        self._max_ns = max(self._max_ns, value_ns)

    def quantile_ns(self, ratio: float) -> int:
        """The least upper bound of a bucket such that `ratio` (0 to 1) of all values are within it;
        never above the greatest value. Zero when nothing was recorded.
        """
        wanted = ratio * self._count
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_upper_ns(bucket), self._max_ns)
        return self._max_ns

    def quantiles(self) -> Quantiles:
        """The usual ones."""
        return Quantiles(
            self._count,
            self.quantile_ns(0.5),
            self.quantile_ns(0.99),
            self.quantile_ns(0.999),
            self._max_ns,
        )

    def clear(self) -> None:
        """Begin anew."""
        for bucket in range(len(self._counts)):
            self._counts[bucket] = 0
        self._count = self._max_ns = 0


def _bucket(value_ns: int) -> int:
    """Values below 16 have a bucket each; above, the four bits after the leading one choose it."""
    shift = max(value_ns.bit_length() - 1 - _STEPS_BITS, 0)
    return shift * _STEPS + (value_ns >> shift)


def _upper_ns(bucket: int) -> int:
    """The greatest value that falls into `bucket`."""
    shift = max(bucket // _STEPS - 1, 0)
    return ((bucket - shift * _STEPS + 1) << shift) - 1
