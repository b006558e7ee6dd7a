"""From the last scan's results to a Status for people. Only this module knows both sides."""

from __future__ import annotations

import math

from edge.core.demand.tracker import DemandStep
from edge.core.shedding.shedding import SheddingStep
from edge.model.energy import MeteringStep
from edge.model.outlook import LimitOutlook, PowerEstimate
from edge.model.scan import ScanInputs
from edge.model.status import LimitStatus, LoadStatus, SourceStatus, Status
from edge.model.units import NS_PER_S, UWH_PER_KWH, mean_power_w


def picture(
    site: str,
    inputs: ScanInputs,
    metered: MeteringStep,
    demand: DemandStep,
    shedding: SheddingStep,
    sources: tuple[SourceStatus, ...],
    loads: tuple[LoadStatus, ...],
    alarms: tuple[str, ...],
) -> Status:
    """The controller as it is after this scan."""
    estimate = demand.power
    return Status(
        mono_ns=inputs.now_mono_ns,
        utc_ns=inputs.now_utc_ns,
        clock_trust=inputs.clock_trust,
        site=site,
        stage=shedding.stage,
        power_w=estimate.power_w if estimate else None,
        metering=_metering_text(inputs.now_mono_ns, metered),
        limits=tuple(_limit(limit, estimate) for limit in demand.limits),
        sources=sources,
        loads=loads,
        alarms=alarms,
        why=shedding.why,
    )


def _metering_text(now_mono_ns: int, metered: MeteringStep) -> str:
    if metered.lost_since_mono_ns is None:
        return "ok"
    return f"lost for {(now_mono_ns - metered.lost_since_mono_ns) / NS_PER_S:.0f} s"


def _limit(limit: LimitOutlook, estimate: PowerEstimate | None) -> LimitStatus:
    """Without an estimate the projection is the energy so far with nothing to come."""
    known = estimate or PowerEstimate(0.0, 0.0, 0.0)
    projected_w = limit.projected_w(known.power_w)
    adjustable_w = limit.adjustable_w(projected_w)
    elapsed_ns = max(limit.elapsed_ns, 1)
    return LimitStatus(
        name=limit.name,
        target_w=limit.target_w,
        binding=limit.binding,
        energy_kwh=limit.energy_uwh / UWH_PER_KWH,
        demand_w=mean_power_w(limit.energy_uwh, elapsed_ns),
        projected_w=projected_w,
        projected_w_low=limit.projected_w_low(known),
        projected_w_high=limit.projected_w_high(known),
        adjustable_w=adjustable_w if math.isfinite(adjustable_w) else None,
        elapsed_s=limit.elapsed_ns / NS_PER_S,
        remaining_s=limit.remaining_ns / NS_PER_S,
    )
