"""Where an interval is heading: a straight line from present power to the demand at the interval's
end.
"""

from __future__ import annotations

from msgspec import Struct


class LocalMoment(Struct, frozen=True, array_like=True, gc=False):
    """Wall-clock place in the site's week: `weekday` 0 is Monday, `second_of_day` 0 to 86399."""

    weekday: int
    second_of_day: int


class PowerEstimate(Struct, frozen=True, array_like=True, gc=False):
    """Present power in W with bounds; ``low_w <= power_w <= high_w``."""

    power_w: float
    low_w: float
    high_w: float


class LimitOutlook(Struct, frozen=True):
    """One limit that must hold at the end of its interval. All powers are means over `interval_ns`.

    The demand at the end is ``base_w + gain_ratio x power`` for any constant power from now on: for
    a block interval base is energy so far over the interval, gain the share of time left; sliding
    and thermal demand have the same form. `base_w_low/high` include the energy that is not metered
    yet.

    `floor_w` is the least demand that is wanted (under-plan), None where there is none.
    `binding` names what set `target_w`: contract, calendar, plan or limit.
    `partial`: the interval's beginning is unknown or it has an irregular length, so it makes no
    peak.
    """

    name: str
    target_w: float
    floor_w: float | None
    binding: str
    base_w: float
    base_w_low: float
    base_w_high: float
    gain_ratio: float
    interval_ns: int
    elapsed_ns: int
    remaining_ns: int
    energy_uwh: int
    partial: bool

    def projected_w(self, power_w: float) -> float:
        """Demand at the end of the interval if power stays at `power_w`."""
        return self.base_w + self.gain_ratio * power_w

    def projected_w_low(self, estimate: PowerEstimate) -> float:
        """The least that the demand can be at the end, by the bounds."""
        return self.base_w_low + self.gain_ratio * estimate.low_w

    def projected_w_high(self, estimate: PowerEstimate) -> float:
        """The most that the demand can be at the end, by the bounds."""
        return self.base_w_high + self.gain_ratio * estimate.high_w

    def adjustable_w(self, projected_w: float) -> float:
        """Adjustable power U: how much may be added (negative: must go) to end at the target.

        U = (target - R) T / (T - t) for a block interval (Fuji FM78); infinite once no time is
        left.
        """
        if self.gain_ratio <= 0.0:
            return float("inf") if projected_w <= self.target_w else float("-inf")
        return (self.target_w - projected_w) / self.gain_ratio
