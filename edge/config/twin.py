"""What the I/O plan means to one of the two units: the twin's timers and the paths to its peer."""

from __future__ import annotations

from edge.config.io import IoPlan, PathPlan, UnitPlan
from edge.model.bus import LineKind
from edge.model.twin import TwinSpec
from edge.model.units import NS_PER_S

# Watchdog timers count a crystal's or an oscillator's ticks: 1 % is beyond any of them.
_WATCHDOG_ERROR_PER_CENT = 1


def twin_spec(io: IoPlan, unit: str) -> TwinSpec | None:
    """The pair as `unit` sees it; None on a site with one unit."""
    twin = io.twin
    if twin is None:
        return None
    own, peer = _both(io, unit)
    watchdog_ns = io.watchdog.timeout_s * NS_PER_S
    return TwinSpec(
        unit=own.name,
        peer=peer.name,
        is_first=own is io.units[0],
        has_witness=any(bus.kind is LineKind.RTU for bus in io.buses),
        has_enable=twin.peer_enable_pin is not None,
        query_gap_ns=twin.query_gap_ns,
        watchdog_ns=watchdog_ns + watchdog_ns * _WATCHDOG_ERROR_PER_CENT // 100,
        period_ns=io.scan.period_ns,
        mirror_hold_ns=twin.mirror_hold_ns,
        swap_ns_min=twin.swap_ns_min,
    )


def link_paths(io: IoPlan, unit: str) -> tuple[PathPlan, ...]:
    """Paths from `unit` to its peer: ``net0``, ``net1``… in the order of the addresses, and
    ``serial``; none on a site with one unit.
    """
    twin = io.twin
    if twin is None:
        return ()
    own, peer = _both(io, unit)
    hosts = zip(own.addresses, peer.addresses, strict=True)
    nets = tuple(
        PathPlan(f"net{place}", own_host, peer_host, twin.port)
        for place, (own_host, peer_host) in enumerate(hosts)
    )
    return (*nets, PathPlan("serial", device=twin.serial)) if twin.serial else nets


def _both(io: IoPlan, unit: str) -> tuple[UnitPlan, UnitPlan]:
    """`unit` and the other one."""
    first, second = io.units
    return (first, second) if first.name == unit else (second, first)
