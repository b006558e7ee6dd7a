"""Whether the plant is quiet enough for a rehearsal: one that fails must not cost a peak."""

from __future__ import annotations

from typing import Final

from edge.model.status import LimitStatus, Stage, Status

# Of the target. A takeover that fails leaves loads as they are for seconds; a tenth of the target
# is room for more than a load can draw in that time.
PROJECTED_RATIO_MAX: Final = 0.9
# A rehearsal there and back, with both steady again, is over well before.
REMAINING_S_MIN: Final = 60.0


def rehearsal_risk(status: Status) -> str:
    """Why it has to wait, empty where it need not."""
    if status.stage is not Stage.NORMAL:
        return f"stage is {status.stage.name.lower()}: need normal"
    shed = [load.name for load in status.loads if load.shed]
    if shed:
        return f"loads are shed: got {', '.join(shed)}, need none"
    if status.power_w is None:
        return "power is not known: no meter is believable"
    risks = (_limit_risk(limit) for limit in status.limits)
    return next((risk for risk in risks if risk), "")


def _limit_risk(limit: LimitStatus) -> str:
    projected_w_max = PROJECTED_RATIO_MAX * limit.target_w
    if limit.projected_w > projected_w_max:
        return (
            f"{limit.name} is near its limit: got {limit.projected_w / 1e3:.1f} kW projected, need"
            f" at most {projected_w_max / 1e3:.1f} kW"
        )
    if limit.remaining_s < REMAINING_S_MIN:
        return (
            f"the {limit.name} interval ends: got {limit.remaining_s:.0f} s left, need"
            f" {REMAINING_S_MIN:.0f} s"
        )
    return ""
