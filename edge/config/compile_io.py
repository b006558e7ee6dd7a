"""From a checked site to what the hardware needs: pins and levels, lines and their meters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from edge.config.compile import ratio_of
from edge.config.exact import exact, seconds_ns
from edge.config.io import (
    AlarmPlan,
    ControlPlan,
    FeedbackPlan,
    IoPlan,
    PulsePlan,
    RelayPlan,
    ScanPlan,
    StorePlan,
    TwinPlan,
    UnitPlan,
    WatchdogPlan,
)
from edge.config.pace import watchdog_s
from edge.config.profile import Profile
from edge.config.sections.loads import Active, Contact, LoadSection, SafeValue
from edge.config.sections.metering import Bus, RtuBus, RtuOverTcpBus
from edge.config.sections.plant import BoardModel
from edge.config.site import Site
from edge.core.line_timing import query_gap_ns
from edge.model.bus import BusPlan, LineKind, PolledMeter
from edge.model.units import NS_PER_MS

_CHIPS = {
    BoardModel.PI_4: ("pinctrl-bcm2711",),
    BoardModel.PI_5: ("pinctrl-rp1",),
    BoardModel.CM4: ("pinctrl-bcm2711",),
    BoardModel.GENERIC: (),
}
_BYTES_PER_MB = 1_000_000


def compile_io(site: Site, profiles: Mapping[str, Profile], folder: PurePath) -> IoPlan:
    """The I/O plan of a site without findings; `profiles` are by meter, `folder` is the absolute
    one of the site file.
    """
    chip = site.board.gpio_chip
    buses = tuple(_bus(name, bus, site, profiles) for name, bus in site.bus.items())
    return IoPlan(
        units=tuple(
            UnitPlan(name, unit.hardware_serial, unit.addresses) for name, unit in site.unit.items()
        ),
        gpio_chips=_CHIPS[site.board.model] if chip is None else (chip,),
        pulses=tuple(
            PulsePlan(name, pulse.pin, pulse.edge, pulse.bias, _ms_ns(pulse.debounce_ms))
            for name, pulse in site.pulse.items()
        ),
        eoi=_eoi(site),
        relays=tuple(_relay(name, load, site) for name, load in site.load.items()),
        feedbacks=tuple(
            FeedbackPlan(
                name,
                load.feedback_pin,
                load.feedback_active is Active.HIGH,
                load.feedback_bias,
            )
            for name, load in site.load.items()
            if load.feedback_pin is not None
        ),
        alarm=_alarm(site),
        buses=buses,
        scan=ScanPlan(
            period_ns=site.scan.period_ms * NS_PER_MS,
            priority=site.scan.priority,
            lock_memory=site.scan.lock_memory,
            output_lease_ns=site.scan.output_lease_ms * NS_PER_MS,
        ),
        watchdog=WatchdogPlan(site.watchdog.device, watchdog_s(site)),
        store=StorePlan(
            site.store.directory,
            site.store.journal_mb_max * _BYTES_PER_MB,
            site.store.recorder_mb_max * _BYTES_PER_MB,
        ),
        control=ControlPlan(site.control.socket, site.control.group),
        plan_directory="" if site.plan is None else str(folder / site.plan.directory),
        twin=_twin(site, buses) if len(site.unit) > 1 else None,
        identify_led=site.identify.led,
    )


def _ms_ns(value: float) -> int:
    return round(exact(value) * NS_PER_MS)


def _eoi(site: Site) -> PulsePlan | None:
    demand = site.demand
    if demand.eoi_pin is None:
        return None
    debounce_ns = _ms_ns(demand.eoi_debounce_ms)
    return PulsePlan("eoi", demand.eoi_pin, demand.eoi_edge, demand.eoi_bias, debounce_ns)


def _relay(name: str, load: LoadSection, site: Site) -> RelayPlan:
    energised_level = load.active is Active.HIGH
    sheds_energised = load.contact is Contact.ENERGISE_TO_SHED
    return RelayPlan(
        load=name,
        pin=load.pin,
        shed_level=energised_level if sheds_energised else not energised_level,
        safe_shed=load.safe is SafeValue.SHED,
        at_stop=load.at_stop or site.shedding.at_stop,
        at_crash=load.at_crash or site.shedding.at_crash,
    )


def _alarm(site: Site) -> AlarmPlan:
    alarm = site.alarm
    return AlarmPlan(
        caution_pin=alarm.caution_pin,
        shed_pin=alarm.shed_pin,
        fault_pin=alarm.fault_pin,
        buzzer_pin=alarm.buzzer_pin,
        active_level=alarm.active is Active.HIGH,
        acknowledge_pin=alarm.acknowledge_pin,
        acknowledge_bias=alarm.acknowledge_bias,
        acknowledge_active_level=alarm.acknowledge_active is Active.HIGH,
    )


def _twin(site: Site, buses: tuple[BusPlan, ...]) -> TwinPlan:
    twin = site.twin
    return TwinPlan(
        port=twin.port,
        key_file=twin.key_file,
        serial=twin.serial or "",
        enable_pin=twin.enable_pin,
        peer_enable_pin=twin.peer_enable_pin,
        mirror_hold_ns=seconds_ns(twin.mirror_hold_s),
        query_gap_ns=max((query_gap_ns(bus) for bus in buses if bus.has_twin), default=0),
        swap_ns_min=seconds_ns(twin.health_swap_s_min),
    )


def _bus(name: str, bus: Bus, site: Site, profiles: Mapping[str, Profile]) -> BusPlan:
    meters = _polled_meters(name, site, profiles)
    if isinstance(bus, RtuBus):
        return BusPlan(
            name=name,
            kind=LineKind.RTU,
            meters=meters,
            timeout_ms=bus.timeout_ms,
            poll_ms_min=bus.poll_ms_min,
            port=bus.port,
            baudrate=bus.baudrate,
            parity=bus.parity,
            stopbits=bus.stopbits,
            echo=bus.echo,
            rs485_rts=bus.rs485_rts,
            has_twin=len(site.unit) > 1,
        )
    return BusPlan(
        name=name,
        kind=LineKind.RTU_OVER_TCP if isinstance(bus, RtuOverTcpBus) else LineKind.TCP,
        meters=meters,
        timeout_ms=bus.timeout_ms,
        poll_ms_min=bus.poll_ms_min,
        host=bus.host,
        tcp_port=bus.tcp_port,
    )


def _polled_meters(
    bus: str, site: Site, profiles: Mapping[str, Profile]
) -> tuple[PolledMeter, ...]:
    meters = []
    for name, meter in site.meter.items():
        if meter.bus != bus:
            continue
        profile = profiles[name]
        numerator, denominator = ratio_of(meter, profile)
        meters.append(
            PolledMeter(
                name=name,
                unit_id=meter.unit_id,
                map=profile.map,
                ratio_numerator=numerator,
                ratio_denominator=denominator,
                response_ms_max=meter.response_ms_max or profile.response_ms_max,
            )
        )
    return tuple(meters)
