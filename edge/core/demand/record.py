"""A demand value as the contract's meter would print it, whatever the method."""

from __future__ import annotations

from msgspec import Struct


class DemandRecord(Struct, frozen=True):
    """Demand from `start_utc_ns` to `end_utc_ns`, with the `energy_uwh` imported in that time.

    A `partial` record makes no peak: its energy or its length is not the whole interval's.
    """

    start_utc_ns: int
    end_utc_ns: int
    energy_uwh: int
    demand_w: float
    partial: bool
    estimated: bool
