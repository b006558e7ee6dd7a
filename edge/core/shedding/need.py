"""How many watts must go, may come back or are wanted, from the bound of the projection that
matters.

Knows limits and power only: no load, no relay, no timing of actions.
"""

from __future__ import annotations

from typing import Final

from edge.model.outlook import LimitOutlook, PowerEstimate
from edge.model.units import NS_PER_S

# With less time left a load frees under 0.3 % of its power in a 30-minute interval, but wears its
# contactor.
LAST_ACTION_NS: Final = 5 * NS_PER_S


def masked(limit: LimitOutlook, mask_ns: int) -> bool:
    """Whether the interval is too young for its projection to be more than a guess.

    A window that is mostly over from the start (sliding demand) is never masked.
    """
    return limit.elapsed_ns < mask_ns and limit.gain_ratio > 0.5


def decisive_w(limit: LimitOutlook, power: PowerEstimate, mask_ns: int) -> float:
    """The projection that decides on shedding, in W of mean demand.

    Its place between the bounds moves with the share of the interval that is still open: the
    optimistic bound while all is open and within the mask, the central projection when half is, the
    pessimistic bound at the end. So the tolerance narrows as the interval ages (as in FRAKO's
    EML1101) and ends on the safe side, and its width is the real uncertainty and not a setting.
    """
    if masked(limit, mask_ns):
        return limit.projected_w_low(power)
    central_w = limit.projected_w(power.power_w)
    weight = max(-1.0, 1.0 - 2.0 * limit.gain_ratio)
    if weight < 0.0:
        return central_w + weight * (central_w - limit.projected_w_low(power))
    return central_w + weight * (limit.projected_w_high(power) - central_w)


def shed_need_w(limit: LimitOutlook, power: PowerEstimate, mask_ns: int) -> float:
    """W that must go from now on so that the decisive projection ends at the target; 0 if none.

    This is −U (adjustable power) and grows without bound near the interval's end, so the caller
    caps it at what can be shed; too late for any effect, it is 0.
    """
    if limit.remaining_ns <= LAST_ACTION_NS or limit.gain_ratio <= 0.0:
        return 0.0
    return max(0.0, (decisive_w(limit, power, mask_ns) - limit.target_w) / limit.gain_ratio)


def headroom_w(
    limits: tuple[LimitOutlook, ...],
    power: PowerEstimate,
    margin_ratio: float,
    no_restore_ns: int,
) -> float:
    """W that may be added now while every pessimistic projection keeps its margin below the target.

    Minus infinity near the end of any limit's interval: what is restored there cannot be taken
    back.
    """
    room_w = float("inf")
    for limit in limits:
        if limit.remaining_ns <= no_restore_ns or limit.gain_ratio <= 0.0:
            return float("-inf")
        allowed_w = limit.target_w * (1.0 - margin_ratio)
        room_w = min(room_w, (allowed_w - limit.projected_w_high(power)) / limit.gain_ratio)
    return room_w


def wanted_w(limit: LimitOutlook, power: PowerEstimate, mask_ns: int) -> float:
    """W that are missing for the floor even if the pessimist is right; 0 if none, or too early to
    say.
    """
    if limit.floor_w is None or limit.gain_ratio <= 0.0 or masked(limit, mask_ns):
        return 0.0
    return max(0.0, (limit.floor_w - limit.projected_w_high(power)) / limit.gain_ratio)


def surplus_w(limit: LimitOutlook, power: PowerEstimate) -> float:
    """W that may go while even the optimistic projection stays at the floor; infinite without a
    floor.
    """
    if limit.floor_w is None or limit.gain_ratio <= 0.0:
        return float("inf")
    return (limit.projected_w_low(power) - limit.floor_w) / limit.gain_ratio
