"""Intervals, calendar, end-of-interval pulse, projection and plan fit each other and the day."""

from __future__ import annotations

from collections.abc import Iterable

from edge.config.findings import Findings
from edge.config.hours import NEEDED, parse_hours
from edge.config.locate import Path
from edge.config.sections.demand import DemandSection, PlanSection
from edge.config.site import Site
from edge.model.spec import DemandMethod, LoadKind

_DAY_S = 86_400
_METHOD: Path = ("demand", "method")
_INTERVAL: Path = ("demand", "interval_s")
_SUBINTERVAL: Path = ("demand", "subinterval_s")


def check_demand(site: Site, findings: Findings) -> None:
    """Refuse intervals that do not divide the day or each other, and impossible targets."""
    demand = site.demand
    _check_divides(_INTERVAL, demand.interval_s, _DAY_S, "the day", findings)
    _check_subinterval(demand, findings)
    step_s = demand.subinterval_s or demand.interval_s
    if demand.alignment_s >= step_s:
        findings.refuse(
            ("demand", "alignment_s"),
            "longer than the interval",
            got=f"{demand.alignment_s} s",
            need=f"< {step_s} s",
            rests_on=[_INTERVAL, _SUBINTERVAL],
        )
    _check_eoi(site, step_s, findings)
    _check_calendar(site, findings)
    if site.projection.window_s > demand.interval_s / 2:
        findings.refuse(
            ("projection", "window_s"),
            "too long for the interval",
            got=f"{site.projection.window_s:g} s",
            need=f"<= {demand.interval_s / 2:g} s, half of it",
            rests_on=[_INTERVAL],
        )
    if site.plan is not None:
        _check_plan(site, site.plan, findings)


def _check_subinterval(demand: DemandSection, findings: Findings) -> None:
    step_s = demand.subinterval_s
    if step_s is None:
        if demand.method is DemandMethod.SLIDING:
            findings.refuse(
                _SUBINTERVAL,
                "missing key",
                got="none",
                need="the step of the window",
                rests_on=[_METHOD],
            )
        return
    if demand.method is not DemandMethod.SLIDING:
        findings.refuse(
            _SUBINTERVAL,
            f"not used by method {demand.method}",
            got=f"{step_s} s",
            need="none",
            rests_on=[_METHOD],
        )
    _check_divides(
        _SUBINTERVAL, step_s, demand.interval_s, "the interval", findings, rests_on=[_INTERVAL]
    )


def _check_divides(
    path: Path,
    part_s: int,
    whole_s: int,
    whole: str,
    findings: Findings,
    rests_on: Iterable[Path] = (),
) -> None:
    if whole_s % part_s:
        findings.refuse(
            path,
            f"does not divide {whole}",
            got=f"{part_s} s",
            need=f"a divisor of {whole_s} s",
            rests_on=rests_on,
        )


def _check_eoi(site: Site, step_s: int, findings: Findings) -> None:
    demand = site.demand
    if demand.eoi_pin is None:
        return
    if demand.method is DemandMethod.THERMAL:
        findings.refuse(
            ("demand", "eoi_pin"),
            "thermal demand has no intervals",
            got="a pin",
            need="none",
            rests_on=[_METHOD],
        )
    if demand.eoi_window_s >= step_s / 2:
        findings.refuse(
            ("demand", "eoi_window_s"),
            "too wide for the interval",
            got=f"{demand.eoi_window_s:g} s",
            need=f"< {step_s / 2:g} s",
            rests_on=[_INTERVAL, _SUBINTERVAL],
        )


def _check_calendar(site: Site, findings: Findings) -> None:
    for index, entry in enumerate(site.demand.calendar):
        path: Path = ("demand", "calendar", index)
        if parse_hours(entry.hours) is None:
            findings.refuse((*path, "hours"), "not hours", got=entry.hours, need=NEEDED)
        if entry.target_kw > site.demand.contract_kw:
            findings.warn(
                (*path, "target_kw"),
                "target above the contract",
                got=f"{entry.target_kw:g} kW",
                need=f"<= {site.demand.contract_kw:g} kW",
                effect="the contract counts",
                next_step="lower it or remove the entry",
            )


def _check_plan(site: Site, plan: PlanSection, findings: Findings) -> None:
    _check_divides(("plan", "slot_s"), plan.slot_s, _DAY_S, "the day", findings)
    interval_s = site.demand.interval_s
    if plan.slot_s % interval_s and interval_s % plan.slot_s:
        findings.refuse(
            ("plan", "slot_s"),
            "fits neither into the demand interval nor the interval into it",
            got=f"{plan.slot_s} s",
            need=f"a multiple or a divisor of {interval_s} s",
            rests_on=[_INTERVAL],
        )
    for key in ("shortage_price_per_kwh", "surplus_price_per_kwh"):
        low, high = getattr(plan, key)
        if low > high:
            findings.refuse(
                ("plan", key), "not in order", got=f"[{low:g}, {high:g}]", need="lowest first"
            )
    if plan.hold_under and not any(load.kind is LoadKind.ABSORB for load in site.load.values()):
        findings.warn(
            ("plan", "hold_under"),
            "no load of kind absorb",
            effect="under the plan, shed loads are restored and that is all",
            next_step='declare a load with kind = "absorb"',
        )
