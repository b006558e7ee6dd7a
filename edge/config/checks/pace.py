"""Stages, scan, leases and watchdog: times that must leave room for each other."""

from __future__ import annotations

from edge.config.findings import Findings
from edge.config.locate import Path
from edge.config.pace import STEP_PATHS, mask_s, no_restore_s, step_s, watchdog_s
from edge.config.site import Site

# bcm2835_wdt: longer values are rejected, or masked by the register (60 s becomes 12 s).
_WATCHDOG_S_MAX = 15
# A lease outlives two late scans.
_SCANS_PER_LEASE_MIN = 3
_DEVICE: Path = ("watchdog", "device")


def check_pace(site: Site, findings: Findings) -> None:
    """Refuse times that contradict each other."""
    interval_s = step_s(site.demand)
    quiet_s = mask_s(site) + no_restore_s(site)
    if quiet_s >= interval_s:
        findings.refuse(
            ("shedding", "mask_s"),
            "mask and no-restore time fill the interval",
            got=f"{quiet_s:g} s",
            need=f"< {interval_s} s together",
            rests_on=[("shedding", "no_restore_s"), *STEP_PATHS],
        )
    shedding = site.shedding
    if shedding.hysteresis_ratio >= shedding.caution_ratio:
        findings.refuse(
            ("shedding", "hysteresis_ratio"),
            "caution would never end",
            got=f"{shedding.hysteresis_ratio:g}",
            need=f"< {shedding.caution_ratio:g}, caution_ratio",
            rests_on=[("shedding", "caution_ratio")],
        )
    limit_kw = shedding.instant_limit_kw
    if limit_kw is not None and limit_kw < site.demand.contract_kw:
        findings.refuse(
            ("shedding", "instant_limit_kw"),
            "below the contract",
            got=f"{limit_kw:g} kW",
            need=f">= {site.demand.contract_kw:g} kW",
            rests_on=[("demand", "contract_kw")],
        )
    _check_machine(site, findings)


def _check_machine(site: Site, findings: Findings) -> None:
    period_ms, lease_ms = site.scan.period_ms, site.scan.output_lease_ms
    if lease_ms < period_ms * _SCANS_PER_LEASE_MIN:
        findings.refuse(
            ("scan", "output_lease_ms"),
            "shorter than three scans",
            got=f"{lease_ms} ms",
            need=f">= {period_ms * _SCANS_PER_LEASE_MIN} ms",
            rests_on=[("scan", "period_ms")],
        )
    reset_s = watchdog_s(site)
    if site.watchdog.device and reset_s > _WATCHDOG_S_MAX:
        findings.refuse(
            ("watchdog", "timeout_s"),
            "longer than the hardware can wait",
            got=f"{reset_s} s",
            need=f"<= {_WATCHDOG_S_MAX} s",
            rests_on=[_DEVICE],
        )
    if site.watchdog.device and reset_s * 1000 <= lease_ms:
        findings.refuse(
            ("watchdog", "timeout_s"),
            "resets before the outputs have gone to their safe values",
            got=f"{reset_s} s",
            need=f"> {lease_ms / 1000:g} s, scan.output_lease_ms",
            rests_on=[_DEVICE, ("scan", "output_lease_ms"), ("unit",)],
        )
