"""Compiled sites for tests of everything above the decisions. Change one with msgspec's replace."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from edge.model.registers import Quantity
from edge.model.spec import (
    ControlSpec,
    DemandMethod,
    DemandSpec,
    Direction,
    Estimator,
    LoadKind,
    LoadSpec,
    LostPolicy,
    MeteringSpec,
    MeterSpec,
    PlanSpec,
    ProjectionSpec,
    PulseSpec,
    SheddingSpec,
    SourceKind,
    SourceSpec,
)
from edge.model.units import NS_PER_HOUR, NS_PER_MIN, NS_PER_S

BLOCK_NS = 30 * NS_PER_MIN


def load_spec(name: str, rated_w: float, priority: int) -> LoadSpec:
    """A load that may be shed from 5 min to 30 min."""
    return LoadSpec(
        name=name,
        kind=LoadKind.SHED,
        rated_w=rated_w,
        priority=priority,
        group="",
        min_shed_ns=5 * NS_PER_MIN,
        max_shed_ns=30 * NS_PER_MIN,
        min_run_ns=2 * NS_PER_MIN,
        rest_ns=NS_PER_MIN,
        lead_ns=0,
        essential=(),
        safe_shed=False,
        has_feedback=False,
    )


def plan_spec() -> PlanSpec:
    return PlanSpec(
        slot_ns=BLOCK_NS,
        over_ratio_allowed=0.03,
        under_ratio_allowed=0.03,
        loss_ratio=0.042,
        shortage_price_range=(10.0, 300.0),
        surplus_price_range=(0.0, 10.0),
        currency="JPY",
        hold_over=True,
        hold_under=False,
    )


def metering_spec() -> MeteringSpec:
    """Pulses of 24 Wh first, then the meter's energy, then its power."""
    meter = MeterSpec(
        "incomer",
        "main",
        frozenset({Quantity.POWER, Quantity.IMPORT, Quantity.EXPORT}),
        None,
        10 * NS_PER_S,
    )
    return MeteringSpec(
        sources=tuple(SourceSpec(kind, "incomer") for kind in SourceKind),
        pulses=(PulseSpec("incomer", 24_000_000, 1, Direction.IMPORT),),
        meters=(meter,),
        power_w_max=1_500_000.0,
        stale_ns=10 * NS_PER_S,
        cross_check_ratio=0.02,
        cross_check_ns=5 * NS_PER_MIN,
    )


def shedding_spec() -> SheddingSpec:
    """Three loads of 250 kW in all."""
    return SheddingSpec(
        loads=(
            load_spec("chiller-1", 120_000.0, 1),
            load_spec("compressor-1", 80_000.0, 2),
            load_spec("fan-1", 50_000.0, 3),
        ),
        mask_ns=5 * NS_PER_MIN,
        no_restore_ns=3 * NS_PER_MIN,
        settle_ns=20 * NS_PER_S,
        caution_ratio=0.95,
        hysteresis_ratio=0.02,
        restore_margin_ratio=0.03,
        instant_limit_w=None,
        instant_release_ratio=0.95,
        lost_hold_ns=NS_PER_HOUR // 12,
        lost_policy=LostPolicy.HOLD,
    )


def control_spec() -> ControlSpec:
    """A mill on 600 kW, half-hour blocks, a plan."""
    return ControlSpec(
        site="Rolling mill",
        timezone=ZoneInfo("Asia/Tokyo"),
        metering=metering_spec(),
        demand=DemandSpec(
            method=DemandMethod.BLOCK,
            interval_ns=BLOCK_NS,
            subinterval_ns=BLOCK_NS,
            alignment_ns=0,
            contract_w=600_000.0,
            calendar=(),
            eoi_window_ns=0,
        ),
        projection=ProjectionSpec(Estimator.LEAST_SQUARES, 2 * NS_PER_MIN, 2.0),
        plan=plan_spec(),
        shedding=shedding_spec(),
    )
