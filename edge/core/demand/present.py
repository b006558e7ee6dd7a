"""What is known at this instant: time on the grid, present power, and what is not metered yet.

Shared by the demand methods; decides nothing.
"""

from __future__ import annotations

from msgspec import Struct

from edge.model.outlook import PowerEstimate
from edge.model.units import NS_W_PER_UWH


class Present(Struct, frozen=True, gc=False):
    """One scan as the demand methods see it. `grid_ns` is now as interval labels count it.

    `power` stands in for what is not metered; where there is no estimate it spans all from nothing
    to the contract. Energy at hand is right within ± `resolution_uwh`.
    """

    now_mono_ns: int
    grid_ns: int
    power: PowerEstimate
    resolution_uwh: int


class Target(Struct, frozen=True):
    """What an interval must meet, and what set it: contract, calendar, plan or limit."""

    target_w: float
    binding: str
    floor_w: float | None = None


def bases_w(
    present: Present, energy_uwh: int, missing_ns: int, lag_ns: int, interval_ns: int
) -> tuple[float, float, float]:
    """Mean power over `interval_ns` of what has passed of it: central, least and most.

    `missing_ns` of it are not metered. The last `lag_ns` of those are since the newest sample,
    where the bounds of present power hold; the rest is an unknown past that may have been nothing.
    """
    power = present.power
    at_hand = energy_uwh * NS_W_PER_UWH
    error = present.resolution_uwh * NS_W_PER_UWH
    return (
        (at_hand + power.power_w * missing_ns) / interval_ns,
        max(0.0, at_hand + power.low_w * lag_ns - error) / interval_ns,
        (at_hand + power.high_w * missing_ns + error) / interval_ns,
    )
