"""The site file as one type: every section by its name. Valid values, not yet checked together."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from edge.config.sections.demand import DemandSection, PlanSection, ProjectionSection
from edge.config.sections.loads import AlarmSection, LoadSection, SheddingSection
from edge.config.sections.metering import Bus, MeteringSection, MeterSection, PulseSection
from edge.config.sections.plant import BoardSection, SiteSection, UnitSection
from edge.config.sections.service import (
    ControlSection,
    IdentifySection,
    ScanSection,
    StoreSection,
    WatchdogSection,
)
from edge.config.sections.terms import Name, Section
from edge.config.sections.twin import TwinSection


class Site(Section, frozen=True):
    """One plant: the same file, byte for byte, on both of its units."""

    site: Annotated[SiteSection, Meta(description="The plant.")]
    unit: Annotated[dict[Name, UnitSection], Meta(description="Its gateways, one or two.")]
    demand: Annotated[DemandSection, Meta(description="The demand that the contract measures.")]
    board: Annotated[BoardSection, Meta(description="The gateways' board.")] = BoardSection()
    projection: Annotated[ProjectionSection, Meta(description="Estimate of present power.")] = (
        ProjectionSection()
    )
    plan: Annotated[PlanSection | None, Meta(description="The filed power plan.")] = None
    bus: Annotated[dict[Name, Bus], Meta(description="Meter lines.")] = field(default_factory=dict)
    meter: Annotated[dict[Name, MeterSection], Meta(description="Modbus meters.")] = field(
        default_factory=dict
    )
    pulse: Annotated[dict[Name, PulseSection], Meta(description="Pulse inputs.")] = field(
        default_factory=dict
    )
    metering: Annotated[MeteringSection, Meta(description="Order of the sources.")] = (
        MeteringSection()
    )
    load: Annotated[dict[Name, LoadSection], Meta(description="What may be switched.")] = field(
        default_factory=dict
    )
    shedding: Annotated[SheddingSection, Meta(description="Pace of shedding.")] = SheddingSection()
    alarm: Annotated[AlarmSection, Meta(description="Alarm contacts.")] = AlarmSection()
    scan: Annotated[ScanSection, Meta(description="Pace of the control process.")] = ScanSection()
    watchdog: Annotated[WatchdogSection, Meta(description="The hardware watchdog.")] = (
        WatchdogSection()
    )
    twin: Annotated[TwinSection, Meta(description="The link between two units.")] = TwinSection()
    identify: Annotated[IdentifySection, Meta(description="The LED that names a machine.")] = (
        IdentifySection()
    )
    store: Annotated[StoreSection, Meta(description="Files.")] = StoreSection()
    control: Annotated[ControlSection, Meta(description="Orders.")] = ControlSection()
