"""From a checked site to what the decisions need: SI units, nanoseconds, exact ratios."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from edge.config.alignment import alignments_s
from edge.config.exact import exact, seconds_ns
from edge.config.hours import parse_hours
from edge.config.pace import mask_s, no_restore_s, settle_s
from edge.config.profile import Profile
from edge.config.pulse import pulse_wh
from edge.config.sections.demand import CalendarSection, PlanSection
from edge.config.sections.loads import LoadSection, SafeValue
from edge.config.sections.metering import MeterSection, PulseSection
from edge.config.site import Site
from edge.config.sources import default_sources, power_max_kw, split_source
from edge.core.metering.registers import counter_modulus_uwh
from edge.model.registers import Side
from edge.model.spec import (
    CalendarTarget,
    ControlSpec,
    DailyWindow,
    DemandSpec,
    LoadKind,
    LoadSpec,
    MeteringSpec,
    MeterSpec,
    PlanSpec,
    ProjectionSpec,
    PulseSpec,
    SheddingSpec,
)
from edge.model.units import NS_PER_S, UWH_PER_WH, W_PER_KW


def compile_spec(site: Site, profiles: Mapping[str, Profile], zone: tzinfo) -> ControlSpec:
    """The spec of a site without findings; `profiles` are by meter."""
    return ControlSpec(
        site=site.site.name,
        timezone=zone,
        metering=_metering(site, profiles),
        demand=_demand(site, zone),
        projection=ProjectionSpec(
            estimator=site.projection.estimator,
            window_ns=seconds_ns(site.projection.window_s),
            bound_sigmas=site.projection.bound_sigmas,
        ),
        plan=None if site.plan is None else _plan(site.plan),
        shedding=_shedding(site),
    )


def ratio_of(meter: MeterSection, profile: Profile) -> tuple[int, int]:
    """CT x VT as numerator and denominator; 1/1 for a meter that multiplies by itself."""
    if (meter.side or profile.side) is Side.PRIMARY:
        return 1, 1
    ratio = exact(meter.ct_ratio or 1) * exact(meter.vt_ratio or 1)
    return ratio.numerator, ratio.denominator


def _watts(kilowatts: float) -> float:
    return kilowatts * W_PER_KW


def _metering(site: Site, profiles: Mapping[str, Profile]) -> MeteringSpec:
    return MeteringSpec(
        sources=tuple(
            split_source(text) for text in site.metering.sources or default_sources(site, profiles)
        ),
        pulses=tuple(_pulse(name, pulse) for name, pulse in site.pulse.items()),
        meters=tuple(_meter(name, meter, profiles[name]) for name, meter in site.meter.items()),
        power_w_max=_watts(power_max_kw(site)),
        stale_ns=seconds_ns(site.metering.stale_s),
        cross_check_ratio=site.metering.cross_check_ratio,
        cross_check_ns=seconds_ns(site.metering.cross_check_s),
        steady_ns=seconds_ns(site.metering.steady_s),
    )


def _pulse(name: str, pulse: PulseSection) -> PulseSpec:
    uwh = pulse_wh(pulse) * UWH_PER_WH
    return PulseSpec(name, uwh.numerator, uwh.denominator, pulse.direction)


def _meter(name: str, meter: MeterSection, profile: Profile) -> MeterSpec:
    return MeterSpec(
        name=name,
        bus=meter.bus,
        quantities=profile.quantities,
        counter_modulus_uwh=counter_modulus_uwh(profile.map, *ratio_of(meter, profile)),
        stale_ns=seconds_ns(meter.stale_s),
    )


def _demand(site: Site, zone: tzinfo) -> DemandSpec:
    demand = site.demand
    (alignment_s,) = alignments_s(site, zone)
    return DemandSpec(
        method=demand.method,
        interval_ns=demand.interval_s * NS_PER_S,
        subinterval_ns=(demand.subinterval_s or demand.interval_s) * NS_PER_S,
        alignment_ns=alignment_s * NS_PER_S,
        contract_w=_watts(demand.contract_kw),
        calendar=tuple(_calendar_target(entry) for entry in demand.calendar),
        eoi_window_ns=0 if demand.eoi_pin is None else seconds_ns(demand.eoi_window_s),
    )


def _calendar_target(entry: CalendarSection) -> CalendarTarget:
    window = _window(entry.hours)
    return CalendarTarget(
        target_w=_watts(entry.target_kw),
        months=frozenset(entry.months),
        weekdays=window.weekdays,
        dates=frozenset(entry.dates),
        start=window.start,
        end=window.end,
    )


def _window(hours: str) -> DailyWindow:
    window = parse_hours(hours)
    assert window is not None
    return window


def _plan(plan: PlanSection) -> PlanSpec:
    return PlanSpec(
        slot_ns=plan.slot_s * NS_PER_S,
        over_ratio_allowed=plan.over_ratio_allowed,
        under_ratio_allowed=plan.under_ratio_allowed,
        loss_ratio=plan.loss_ratio,
        shortage_price_range=plan.shortage_price_per_kwh,
        surplus_price_range=plan.surplus_price_per_kwh,
        currency=plan.currency,
        hold_over=plan.hold_over,
        hold_under=plan.hold_under,
        gate_close_ns=plan.gate_close_s * NS_PER_S,
    )


def _shedding(site: Site) -> SheddingSpec:
    shedding = site.shedding
    limit_kw = shedding.instant_limit_kw
    return SheddingSpec(
        loads=tuple(_load(name, load) for name, load in site.load.items()),
        mask_ns=seconds_ns(mask_s(site)),
        no_restore_ns=seconds_ns(no_restore_s(site)),
        settle_ns=seconds_ns(settle_s(site)),
        caution_ratio=shedding.caution_ratio,
        hysteresis_ratio=shedding.hysteresis_ratio,
        restore_margin_ratio=shedding.restore_margin_ratio,
        instant_limit_w=None if limit_kw is None else _watts(limit_kw),
        instant_release_ratio=shedding.instant_release_ratio,
        lost_hold_ns=seconds_ns(shedding.lost_hold_s),
        lost_policy=shedding.lost_policy,
    )


def _load(name: str, load: LoadSection) -> LoadSpec:
    return LoadSpec(
        name=name,
        kind=load.kind,
        rated_w=_watts(load.rated_kw),
        priority=load.priority,
        group=load.group or "",
        min_shed_ns=seconds_ns(load.min_shed_s),
        max_shed_ns=seconds_ns(load.max_shed_s),
        min_run_ns=seconds_ns(load.min_run_s),
        rest_ns=seconds_ns(load.rest_s),
        lead_ns=seconds_ns(load.lead_s),
        essential=tuple(_window(hours) for hours in load.essential),
        safe_shed=load.kind is LoadKind.SHED and load.safe is SafeValue.SHED,
        has_feedback=load.feedback_pin is not None,
        duty_ratio=load.duty_ratio,
    )
