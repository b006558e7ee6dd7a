"""What is known at this instant: time on the grid, present power, and what is not metered yet.

Shared by the demand methods; decides nothing.
"""

from __future__ import annotations

from msgspec import Struct

from edge.model.outlook import LimitOutlook, PowerEstimate
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


def energy_outlook(
    name: str,
    target: Target,
    present: Present,
    *,
    energy_uwh: int,
    missing_ns: int,
    lag_ns: int,
    interval_ns: int,
    remaining_ns: int,
    partial: bool,
) -> LimitOutlook:
    """Where a demand that is energy over `interval_ns` is heading: base is the mean power of what
    has passed, gain the share of time left.

    `missing_ns` of what has passed are not metered. The last `lag_ns` of those are since the newest
    sample, where the bounds of present power hold; the rest is an unknown past that may have been
    nothing.
    """
    power = present.power
    at_hand = energy_uwh * NS_W_PER_UWH
    error = present.resolution_uwh * NS_W_PER_UWH
    return LimitOutlook(
        name=name,
        target_w=target.target_w,
        floor_w=target.floor_w,
        binding=target.binding,
        base_w=(at_hand + power.power_w * missing_ns) / interval_ns,
        base_w_low=max(0.0, at_hand + power.low_w * lag_ns - error) / interval_ns,
        base_w_high=(at_hand + power.high_w * missing_ns + error) / interval_ns,
        gain_ratio=remaining_ns / interval_ns,
        interval_ns=interval_ns,
        elapsed_ns=interval_ns - remaining_ns,
        remaining_ns=remaining_ns,
        energy_uwh=energy_uwh,
        partial=partial,
    )
