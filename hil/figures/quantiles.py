"""Quantiles of measured samples, as an observer takes them: nearest rank, nothing smoothed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec


class Quantiles(msgspec.Struct, frozen=True):
    """Of `count` samples, in their unit."""

    count: int
    p50: float
    p99: float
    p999: float
    max: float


def quantile(ordered: Sequence[float], ratio: float) -> float:
    """The nearest-rank quantile of samples in rising order, of which there is at least one."""
    return ordered[max(0, math.ceil(ratio * len(ordered)) - 1)]


def quantiles(samples: Sequence[float]) -> Quantiles:
    """Raises ValueError for no samples."""
    if not samples:
        raise ValueError("quantiles: got no samples, need at least one")
    ordered = sorted(samples)
    return Quantiles(
        len(ordered),
        quantile(ordered, 0.5),
        quantile(ordered, 0.99),
        quantile(ordered, 0.999),
        ordered[-1],
    )
