"""Names of the sources of the site's energy, as [metering] sources writes them."""

from __future__ import annotations

from collections.abc import Mapping

from edge.config.locate import Path
from edge.config.profile import Profile
from edge.config.sections.metering import MeterRole
from edge.config.site import Site
from edge.model.registers import Quantity
from edge.model.spec import Direction, SourceKind, SourceSpec

# A factory draws more than its contract for minutes, not three times as much.
_POWER_RATIO_MAX = 3.0


def split_source(text: str) -> SourceSpec:
    """`pulse.NAME`, `meter.NAME.energy` or `meter.NAME.power`, known to be one of them."""
    kind, name, *quantity = text.split(".")
    if kind == "pulse":
        return SourceSpec(SourceKind.PULSE, name)
    return SourceSpec(SourceKind(quantity[0]), name)


def source_names(site: Site) -> list[str]:
    """Every source that the site file could name."""
    names = [f"pulse.{name}" for name in site.pulse]
    for kind in (SourceKind.ENERGY, SourceKind.POWER):
        names += [f"meter.{name}.{kind}" for name in site.meter]
    return names


def default_sources(site: Site, profiles: Mapping[str, Profile]) -> list[str]:
    """The import pulse, then the energy, then the power of the site's meter, as far as it has them.

    `profiles` are by meter.
    """
    return [
        text for text in source_names(site) if _measures_site(site, profiles, split_source(text))
    ]


def wanted_quantity(kind: SourceKind) -> Quantity:
    """What a meter must have to be a source of this kind (not for pulses)."""
    return Quantity.IMPORT if kind is SourceKind.ENERGY else Quantity.POWER


def _measures_site(site: Site, profiles: Mapping[str, Profile], source: SourceSpec) -> bool:
    if source.kind is SourceKind.PULSE:
        return site.pulse[source.name].direction is Direction.IMPORT
    is_site = site.meter[source.name].role is MeterRole.SITE
    return is_site and wanted_quantity(source.kind) in profiles[source.name].quantities


def power_max_paths(site: Site) -> tuple[Path, ...]:
    """Where the site file says what the connection can carry."""
    own: Path = ("metering", "power_kw_max")
    return (own,) if site.metering.power_kw_max else (own, ("demand", "contract_kw"))


def power_max_kw(site: Site) -> float:
    """What the connection can carry at most."""
    return site.metering.power_kw_max or site.demand.contract_kw * _POWER_RATIO_MAX
