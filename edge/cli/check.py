"""`denban check`: every problem of a site file, or what it means in one page."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click
from rich.table import Table

from edge.cli.screen import note, show, show_json, table
from edge.cli.terms import NOTHING, duration, kw, number
from edge.config.io import IoPlan, RelayPlan
from edge.config.load import LoadedSite, load_site
from edge.config.twin import twin_spec
from edge.model.bus import BusPlan, LineKind, PolledMeter
from edge.model.spec import LoadKind, LoadSpec
from edge.model.units import NS_PER_S, UWH_PER_WH


@click.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The compiled site as JSON.")
def check(site: Path, as_json: bool) -> None:
    """Check SITE: all its problems, or what it means.

    Every problem is told at once, with its line; then the exit code is 2.
    """
    loaded = load_site(site)
    for warning in loaded.warnings:
        note(f"warning: {warning}")
    if as_json:
        summary = {"site": loaded.spec.site, "digest": loaded.digest, "io": loaded.io}
        show_json({**summary, "warnings": [str(warning) for warning in loaded.warnings]})
        return
    demand = loaded.spec.demand
    show(
        f"{loaded.spec.site}: sound, {len(loaded.warnings)} warnings, digest {loaded.digest[:16]}",
        f"demand: {demand.method}, {duration(demand.interval_ns / NS_PER_S)}, contract "
        f"{kw(demand.contract_w, 0)}, {len(demand.calendar)} calendar targets",
        _plan_line(loaded),
        *_takeover_lines(loaded.io),
        "",
        _units(loaded.io),
        "",
        _sources(loaded),
        "",
        _meters(loaded.io),
        "",
        _loads(loaded),
        "",
        _pins(loaded.io),
    )


def _plan_line(loaded: LoadedSite) -> str:
    spec = loaded.spec.plan
    if spec is None:
        return "plan: none is held"
    sides = [side for side, held in (("over", spec.hold_over), ("under", spec.hold_under)) if held]
    return (
        f"plan: slots of {duration(spec.slot_ns / NS_PER_S)} from {loaded.io.plan_directory},"
        f" held {' and '.join(sides) or 'on no side'},"
        f" loss rate {number(spec.loss_ratio * 100)} %"
    )


def _takeover_lines(io: IoPlan) -> list[str]:
    """Of two units: how long at most nobody is on duty after one falls silent; how that comes."""
    spec = twin_spec(io, io.units[-1].name)
    if spec is None:
        return []
    if spec.has_enable:
        waits = (
            f"enable line low, meter lines silent {_s(spec.quiet_ns)} and heartbeats"
            f" {_s(spec.dead_ns)} at the same time"
        )
    else:
        what = "meter lines" if spec.has_witness else "heartbeats"
        waits = (
            f"{what} silent {_s(spec.silence_ns)} (a query every {_s(spec.query_gap_ns)}, watchdog"
            f" {_s(spec.watchdog_ns)}, reset {_s(spec.reset_ns)}, jitter {_s(spec.jitter_ns)})"
        )
    scans_ns = 2 * (spec.period_ns + spec.jitter_ns)
    return [
        (
            f"takeover: at the latest {_s(spec.gap_ns_max)} after a unit falls silent: {waits},"
            f" claim {_s(spec.claim_ns)}, two scans {_s(scans_ns)}"
        )
    ]


def _s(time_ns: int) -> str:
    return f"{time_ns / NS_PER_S:.2f} s"


def _units(io: IoPlan) -> Table:
    rows = [
        (unit.name, unit.hardware_serial, ", ".join(unit.addresses) or NOTHING) for unit in io.units
    ]
    return table(("unit", "hardware serial", "addresses"), rows)


def _sources(loaded: LoadedSite) -> Table:
    """Energy sources in their order; for pulses what one of them weighs and how fast they come."""
    metering = loaded.spec.metering
    pulses = {pulse.name: pulse for pulse in metering.pulses}
    rows = []
    for place, source in enumerate(metering.sources, start=1):
        weight = NOTHING
        pulse = pulses.get(source.name) if source.kind == "pulse" else None
        if pulse is not None:
            wh = Fraction(pulse.uwh_numerator, pulse.uwh_denominator * UWH_PER_WH)
            rate = loaded.spec.demand.contract_w / 3600 / float(wh)
            weight = f"{float(wh):g} Wh a pulse, {number(rate)} pulses/s at contract"
        rows.append((str(place), source.kind.value, source.name, weight))
    return table(("order>", "source of energy", "name", "weight"), rows)


def _meters(io: IoPlan) -> Table:
    rows = [
        (meter.name, f"{bus.name} {_place(bus)}", str(meter.unit_id), meter.map.name, _ratio(meter))
        for bus in io.buses
        for meter in bus.meters
    ]
    return table(("meter", "line", "unit id>", "registers", "CT x VT>"), rows)


def _place(bus: BusPlan) -> str:
    if bus.kind is not LineKind.RTU:
        return f"{bus.host}:{bus.tcp_port}"
    return f"{bus.port} {bus.baudrate} {bus.bytesize}{bus.parity.value}{bus.stopbits}"


def _ratio(meter: PolledMeter) -> str:
    return f"{meter.ratio_numerator / meter.ratio_denominator:g}"


def _loads(loaded: LoadedSite) -> Table:
    relays = {relay.load: relay for relay in loaded.io.relays}
    rows = [_load_row(load, relays[load.name]) for load in loaded.spec.shedding.loads]
    return table(
        ("load", "kind", "rated>", "priority>", "group", "shed for", "pin>", "safe", "level shed"),
        rows,
    )


def _load_row(load: LoadSpec, relay: RelayPlan) -> tuple[str, ...]:
    shortest, longest = load.min_shed_ns / NS_PER_S, load.max_shed_ns / NS_PER_S
    acting = "on" if load.kind is LoadKind.ABSORB else "shed"
    resting = "off" if load.kind is LoadKind.ABSORB else "run"
    return (
        load.name,
        load.kind.value,
        kw(load.rated_w, 0),
        str(load.priority),
        load.group or NOTHING,
        f"{duration(shortest)} to {duration(longest)}",
        str(relay.pin),
        acting if relay.safe_shed else resting,
        "high" if relay.shed_level else "low",
    )


def _pins(io: IoPlan) -> Table:
    named = {
        **{f"pulse {pulse.name}": pulse.pin for pulse in io.pulses},
        **({} if io.eoi is None else {"end-of-interval pulse": io.eoi.pin}),
        **{f"relay {relay.load}": relay.pin for relay in io.relays},
        **{f"feedback {feedback.load}": feedback.pin for feedback in io.feedbacks},
        "alarm caution": io.alarm.caution_pin,
        "alarm shed": io.alarm.shed_pin,
        "alarm fault": io.alarm.fault_pin,
        "alarm buzzer": io.alarm.buzzer_pin,
        "acknowledge button": io.alarm.acknowledge_pin,
    }
    if io.twin is not None:
        named["enable line"] = io.twin.enable_pin
        named["enable line of the other unit"] = io.twin.peer_enable_pin
    used = sorted((pin, name) for name, pin in named.items() if pin is not None)
    rows = [(str(pin), name) for pin, name in used]
    return table(("GPIO>", f"use (chip {', '.join(io.gpio_chips)})"), rows)
