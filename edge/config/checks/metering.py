"""Every source of the site's energy exists, measures what it is asked for, and is counted once."""

from __future__ import annotations

from collections.abc import Mapping

from edge.config.findings import Findings
from edge.config.locate import Path
from edge.config.profile import Profile
from edge.config.pulse import WEIGHT_KEYS, pulse_wh
from edge.config.sections.metering import MeterRole, MeterSection, PulseSection
from edge.config.site import Site
from edge.config.sources import (
    power_max_kw,
    power_max_paths,
    source_names,
    split_source,
    wanted_quantity,
)
from edge.config.spelling import nearest
from edge.model.registers import Quantity, Side
from edge.model.spec import Direction, SourceKind

# One pulse should be no more than this share of an interval's energy at the contract.
_PULSE_SHARE_MAX = 0.01


def check_metering(site: Site, profiles: Mapping[str, Profile], findings: Findings) -> None:
    """Refuse unknown, unfit and doubtful sources; `profiles` are by meter."""
    for name, meter in site.meter.items():
        if name in profiles:
            _check_ratios(name, meter, profiles[name], findings)
            _check_quantities(name, meter, profiles[name], findings)
    for name, pulse in site.pulse.items():
        _check_pulse(name, pulse, site, findings)
    _check_sources(site, profiles, findings)
    _check_idle_pulses(site, findings)
    contract_kw, power_kw = site.demand.contract_kw, power_max_kw(site)
    if power_kw <= contract_kw:
        findings.refuse(
            ("metering", "power_kw_max"),
            "not above the contract",
            got=f"{power_kw:g} kW",
            need=f"> {contract_kw:g} kW",
            rests_on=[("demand", "contract_kw")],
        )


def _check_ratios(name: str, meter: MeterSection, profile: Profile, findings: Findings) -> None:
    path: Path = ("meter", name)
    side = meter.side or profile.side
    if side is None:
        findings.refuse((*path, "side"), "missing key", got="none", need='"primary" or "secondary"')
        return
    for key, ratio in (("ct_ratio", meter.ct_ratio), ("vt_ratio", meter.vt_ratio)):
        if side is Side.PRIMARY and ratio not in {None, 1.0}:
            findings.refuse(
                (*path, key),
                "the meter multiplies by its ratios already",
                got=f"{ratio:g}",
                need='none, or side = "secondary" if the ratios are not set in the meter',
                rests_on=[(*path, "side")],
            )
        if side is Side.SECONDARY and ratio is None:
            findings.refuse(
                (*path, key),
                "missing key",
                got="none",
                need="the ratio; 1 where there is none",
                rests_on=[(*path, "side")],
            )


def _check_quantities(name: str, meter: MeterSection, profile: Profile, findings: Findings) -> None:
    if meter.role is MeterRole.SITE and not profile.quantities & {Quantity.IMPORT, Quantity.POWER}:
        findings.refuse(
            ("meter", name, "role"),
            "meter has nothing to hold the demand by",
            got=", ".join(sorted(profile.quantities)) or "no registers",
            need="import or power",
        )


def _check_pulse(name: str, pulse: PulseSection, site: Site, findings: Findings) -> None:
    path: Path = ("pulse", name)
    if (pulse.pulse_constant_per_kwh is None) == (pulse.wh_per_pulse is None):
        both = pulse.wh_per_pulse is not None
        findings.refuse(
            (*path, "wh_per_pulse"),
            "weight of a pulse is not clear",
            got="both keys" if both else "neither key",
            need="either pulse_constant_per_kwh or wh_per_pulse",
            rests_on=[(*path, "pulse_constant_per_kwh")],
        )
        return
    weight_wh = float(pulse_wh(pulse))
    rate_hz = power_max_kw(site) * 1000 / weight_wh / 3600
    shortest_ms = 1000 / rate_hz / 2
    if pulse.debounce_ms >= shortest_ms:
        findings.refuse(
            (*path, "debounce_ms"),
            f"would swallow pulses at {power_max_kw(site):g} kW, {rate_hz:.3g} in a second",
            got=f"{pulse.debounce_ms:g} ms",
            need=f"< {shortest_ms:.3g} ms, half a pulse",
            rests_on=[*((*path, key) for key in WEIGHT_KEYS), *power_max_paths(site)],
        )
    interval_wh = site.demand.contract_kw * 1000 * site.demand.interval_s / 3600
    if weight_wh > interval_wh * _PULSE_SHARE_MAX:
        findings.warn(
            path,
            "coarse pulses",
            got=f"{weight_wh:g} Wh a pulse",
            need=f"<= {interval_wh * _PULSE_SHARE_MAX:g} Wh, 1 % of an interval at the contract",
            effect="projection has wide bounds",
            next_step="check pulse constant and ratios",
        )


def _check_idle_pulses(site: Site, findings: Findings) -> None:
    for name, pulse in site.pulse.items():
        is_default = not site.metering.sources and pulse.direction is Direction.IMPORT
        if not is_default and f"pulse.{name}" not in site.metering.sources:
            findings.warn(
                ("pulse", name),
                "not a source of the energy that the site takes",
                effect="it is counted and decides nothing",
                next_step="name an import pulse in metering.sources, or leave it so",
            )


def _check_sources(site: Site, profiles: Mapping[str, Profile], findings: Findings) -> None:
    if not site.metering.sources:
        _check_default_sources(site, findings)
        return
    for index, text in enumerate(site.metering.sources):
        path: Path = ("metering", "sources", index)
        if text in site.metering.sources[:index]:
            findings.refuse(path, "source is named twice", got=text, need="each one once")
        known = source_names(site)
        if text not in known:
            need = nearest(text, known) or f"one of {', '.join(known)}"
            findings.refuse(
                path, "unknown source", got=text, need=need, rests_on=[("pulse",), ("meter",)]
            )
            continue
        _check_source(text, path, site, profiles, findings)


def _check_source(
    text: str, path: Path, site: Site, profiles: Mapping[str, Profile], findings: Findings
) -> None:
    source = split_source(text)
    if source.kind is SourceKind.PULSE:
        if site.pulse[source.name].direction is Direction.EXPORT:
            findings.refuse(
                path,
                "counts export only",
                got=text,
                need="a source of the energy taken",
                rests_on=[("pulse", source.name, "direction")],
            )
        return
    if site.meter[source.name].role is not MeterRole.SITE:
        findings.refuse(
            path,
            "not a meter of the whole site",
            got='role = "info"',
            need='role = "site"',
            rests_on=[("meter", source.name, "role")],
        )
    wanted = wanted_quantity(source.kind)
    profile = profiles.get(source.name)
    if profile and wanted not in profile.quantities:
        findings.refuse(
            path, f"meter has no {wanted} register", got=text, need=f"a meter with {wanted}"
        )


def _check_default_sources(site: Site, findings: Findings) -> None:
    pulses = [
        f"pulse.{name}" for name, pulse in site.pulse.items() if pulse.direction is Direction.IMPORT
    ]
    meters = [f"meter.{name}" for name, meter in site.meter.items() if meter.role is MeterRole.SITE]
    directions: list[Path] = [("pulse",), *(("pulse", name, "direction") for name in site.pulse)]
    roles: list[Path] = [("meter",), *(("meter", name, "role") for name in site.meter)]
    if not pulses and not meters:
        findings.refuse(
            ("metering", "sources"),
            "nothing measures the site",
            got="none",
            need='a [pulse.NAME] or a [meter.NAME] with role = "site"',
            rests_on=[*directions, *roles],
        )
    for several, rests_on in ((pulses, directions), (meters, roles)):
        if len(several) > 1:
            findings.refuse(
                ("metering", "sources"),
                "not clear which measures the site; several incomers are not added up",
                got=", ".join(several),
                need="their order, if each measures the whole site",
                rests_on=rests_on,
            )
