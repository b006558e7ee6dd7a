"""Two gateways that are to hear each other: addresses path by path, the enable lines, the timers.

The times that a takeover takes are known only once the meter lines are compiled; what is too long
of them is told as a warning.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from edge.config.findings import Findings
from edge.config.io import IoPlan
from edge.config.locate import Path
from edge.config.sections.twin import TwinSection
from edge.config.site import Site
from edge.config.twin import twin_spec
from edge.core.line_timing import query_gap_ns
from edge.model.units import NS_PER_MS, NS_PER_S

_UNITS: Final = 2
# The timers of the twin (edge.model.twin) are made for heartbeats at least so often.
_PERIOD_MS_MAX: Final = 100
_QUERY_GAP_MS_MAX: Final = 280
_WATCHDOG_S_MAX: Final = 2


def check_twin(site: Site, findings: Findings) -> None:
    """Refuse what two units can not work with; a site with one unit has no twin."""
    if len(site.unit) == 1:
        _check_single(site, findings)
    if len(site.unit) != _UNITS:
        return
    _check_addresses(site, findings)
    _check_enable(site.twin, findings)
    if site.scan.period_ms > _PERIOD_MS_MAX:
        findings.refuse(
            ("scan", "period_ms"),
            "heartbeats would be too rare for two units",
            got=f"{site.scan.period_ms} ms",
            need=f"<= {_PERIOD_MS_MAX} ms",
        )
    if not site.watchdog.device:
        findings.warn(
            ("watchdog", "device"),
            "two units without a hardware watchdog",
            got="none",
            need="a watchdog device",
            effect="a silent meter line does not prove that the other unit was reset, so one that"
            " hangs and wakes up may poll beside its twin",
            next_step="name the device, or fit enable lines",
        )


def _check_single(site: Site, findings: Findings) -> None:
    if site.twin != TwinSection():
        findings.warn(
            ("twin",),
            "there is no other unit",
            effect="the section has no effect",
            next_step="add the second [unit.NAME] or remove the section",
        )


def _check_addresses(site: Site, findings: Findings) -> None:
    """The n-th address of one unit and the n-th of the other are one path."""
    first, second = site.unit
    own, others = site.unit[first].addresses, site.unit[second].addresses
    path: Path = ("unit", second, "addresses")
    other: Path = ("unit", first, "addresses")
    if not (findings.whole(path) and findings.whole(other)):
        return
    if own and others and len(own) != len(others):
        findings.refuse(
            path,
            "another number of addresses than the other unit's",
            got=str(len(others)),
            need=f"{len(own)}, one for each network, as unit.{first}",
        )
    for index, (left, right) in enumerate(zip(own, others, strict=False)):
        versions = _ip_version(left), _ip_version(right)
        if None not in versions and versions[0] != versions[1]:
            findings.refuse(
                (*path, index),
                "not of the kind of the other unit's",
                got=right,
                need=f"IPv{versions[0]}, as {left} of unit.{first}",
            )
    if len(own) == 1 and site.twin.serial is None:
        findings.warn(
            path,
            "one path between the units",
            got=f"{own[0]} to {', '.join(others)}",
            need="two",
            effect="when it is cut, only the meter lines tell that the other unit lives",
            next_step="give both an address on a second network, or cable twin.serial",
        )


def _ip_version(text: str) -> int | None:
    """None for what is refused elsewhere."""
    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return None


def _check_enable(twin: TwinSection, findings: Findings) -> None:
    """A unit that hears an enable line and shows none would be taken for dead."""
    if (twin.enable_pin is None) == (twin.peer_enable_pin is None):
        return
    missing, given = ("enable_pin", "peer_enable_pin")
    if twin.enable_pin is not None:
        missing, given = given, missing
    findings.refuse(
        ("twin", missing),
        "missing key",
        got="none",
        need=f"both enable lines or neither; twin.{given} is there",
        rests_on=[("twin", given)],
    )


def check_takeover(io: IoPlan, findings: Findings) -> None:
    """Warn of what makes a takeover from a silent unit slow; `io` is of a site without errors."""
    second = twin_spec(io, io.units[-1].name)
    if second is None or second.has_enable:
        return
    effect = f"the other unit takes over after up to {second.gap_ns_max / NS_PER_S:.2f} s"
    for bus in io.buses:
        gap_ms = query_gap_ns(bus) / NS_PER_MS if bus.has_twin else 0
        if gap_ms > _QUERY_GAP_MS_MAX:
            response_ms = max((meter.response_ms_max for meter in bus.meters), default=0)
            findings.warn(
                ("bus", bus.name, "timeout_ms"),
                "long gaps between queries where a meter does not answer",
                got=f"{gap_ms:.0f} ms by timeout_ms {bus.timeout_ms}"
                f" and response_ms_max {response_ms}",
                need=f"<= {_QUERY_GAP_MS_MAX} ms",
                effect=effect,
                next_step="set both to what the meters take, timeout_ms here and response_ms_max"
                " at the meters",
            )
    if io.watchdog.timeout_s > _WATCHDOG_S_MAX:
        findings.warn(
            ("watchdog", "timeout_s"),
            "long wait for a reset",
            got=f"{io.watchdog.timeout_s} s",
            need=f"<= {_WATCHDOG_S_MAX} s",
            effect=effect,
            next_step="leave the key out, or set 2",
        )
