"""Loads whose times fit together, and enough of them to keep the targets."""

from __future__ import annotations

from edge.config.findings import Findings
from edge.config.hours import NEEDED, parse_hours
from edge.config.locate import Path
from edge.config.sections.loads import Contact, LoadSection, SafeValue
from edge.config.site import Site
from edge.config.sources import power_max_kw, power_max_paths
from edge.model.spec import LoadKind


def check_loads(site: Site, findings: Findings) -> None:
    """Refuse loads that can never be shed or are mistyped; warn where they cannot be enough."""
    for name, load in site.load.items():
        _check_times(name, load, findings)
        _check_wiring(name, load, findings)
        for index, hours in enumerate(load.essential):
            if parse_hours(hours) is None:
                findings.refuse(
                    ("load", name, "essential", index), "not hours", got=hours, need=NEEDED
                )
        if load.rated_kw > power_max_kw(site):
            findings.refuse(
                ("load", name, "rated_kw"),
                "more than the whole connection carries",
                got=f"{load.rated_kw:g} kW",
                need=f"<= {power_max_kw(site):g} kW (is it in W?)",
                rests_on=power_max_paths(site),
            )
    _check_reach(site, findings)


def _check_times(name: str, load: LoadSection, findings: Findings) -> None:
    path: Path = ("load", name)
    if load.max_shed_s == 0:
        findings.refuse((*path, "max_shed_s"), "may never be shed", got="0 s", need="> 0 s")
        return
    if load.min_shed_s > load.max_shed_s:
        findings.refuse(
            (*path, "min_shed_s"),
            "longer than max_shed_s",
            got=f"{load.min_shed_s:g} s",
            need=f"<= {load.max_shed_s:g} s",
            rests_on=[(*path, "max_shed_s")],
        )
    if load.lead_s >= load.max_shed_s:
        findings.refuse(
            (*path, "lead_s"),
            "its power would go only when it must come back",
            got=f"{load.lead_s:g} s",
            need=f"< {load.max_shed_s:g} s, max_shed_s",
            rests_on=[(*path, "max_shed_s")],
        )


def _check_wiring(name: str, load: LoadSection, findings: Findings) -> None:
    path: Path = ("load", name, "safe")
    if load.kind is LoadKind.ABSORB and load.safe is SafeValue.SHED:
        findings.refuse(
            path,
            "an absorb load is off while nobody decides",
            got='"shed"',
            need='"run", or leave it out',
            rests_on=[("load", name, "kind")],
        )
        return
    shed_by_gravity = load.contact is Contact.DE_ENERGISE_TO_SHED
    if shed_by_gravity is not (load.safe is SafeValue.SHED):
        happens = "sheds it" if shed_by_gravity else "lets it run"
        findings.warn(
            path,
            "wiring and safe value disagree",
            got=f'contact = "{load.contact}", safe = "{load.safe}"',
            effect=f"a gateway without power {happens} all the same",
            next_step="choose the contact by what must happen without power",
        )


def _check_reach(site: Site, findings: Findings) -> None:
    sheddable_kw = sum(load.rated_kw for load in site.load.values() if load.kind is LoadKind.SHED)
    if sheddable_kw == 0:
        findings.warn(
            ("load",),
            "no load may be shed",
            effect="the controller only warns",
            next_step="declare [load.NAME]",
        )
        return
    if site.metering.power_kw_max is None:
        return
    remaining_kw = site.metering.power_kw_max - sheddable_kw
    targets: list[tuple[Path, float]] = [(("demand", "contract_kw"), site.demand.contract_kw)]
    for index, entry in enumerate(site.demand.calendar):
        targets.append((("demand", "calendar", index, "target_kw"), entry.target_kw))
    for path, target_kw in targets:
        if target_kw < remaining_kw:
            findings.warn(
                path,
                "cannot be held at metering.power_kw_max",
                got=f"{target_kw:g} kW",
                need=f">= {remaining_kw:g} kW, what remains with every load shed",
                effect="at such power the target is passed",
                next_step="declare more loads or correct power_kw_max",
            )
