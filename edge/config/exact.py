"""Numbers of the site file as they were written, without what binary fractions add."""

from __future__ import annotations

from fractions import Fraction

from edge.model.units import NS_PER_S


def exact(value: float) -> Fraction:
    """The decimal number that was written: 0.1 is one tenth."""
    return Fraction(str(value))


def seconds_ns(value: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(exact(value) * NS_PER_S)
