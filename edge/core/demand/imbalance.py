"""What a slot's energy costs against its plan: settled energy, deviation, range of cost."""

from __future__ import annotations

from msgspec import Struct

from edge.model.spec import PlanSpec
from edge.model.units import UWH_PER_KWH


class Imbalance(Struct, frozen=True):
    """One slot, settled. A positive deviation is a shortage: more was used than planned.

    Costs are the deviation's amount times the low and the high price of its direction.
    """

    settled_uwh: int
    planned_uwh: int
    deviation_uwh: int
    direction: str
    allowed: bool
    cost_low: float
    cost_high: float


def settle(spec: PlanSpec, metered_uwh: int, planned_uwh: int) -> Imbalance:
    """Settled energy = metered / (1 - loss ratio): the plan counts at the settlement point."""
    settled_uwh = round(metered_uwh / (1.0 - spec.loss_ratio))
    deviation_uwh = settled_uwh - planned_uwh
    prices, direction, allowed_ratio = (0.0, 0.0), "none", 0.0
    if deviation_uwh > 0:
        prices, direction = spec.shortage_price_range, "shortage"
        allowed_ratio = spec.over_ratio_allowed
    elif deviation_uwh < 0:
        prices, direction = spec.surplus_price_range, "surplus"
        allowed_ratio = spec.under_ratio_allowed
    amount_kwh = abs(deviation_uwh) / UWH_PER_KWH
    return Imbalance(
        settled_uwh=settled_uwh,
        planned_uwh=planned_uwh,
        deviation_uwh=deviation_uwh,
        direction=direction,
        allowed=abs(deviation_uwh) <= planned_uwh * allowed_ratio,
        cost_low=amount_kwh * prices[0],
        cost_high=amount_kwh * prices[1],
    )
