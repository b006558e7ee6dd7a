"""Builds what a unit of two has more than a single one: herald, link, enable lines, the twin."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import edge
from edge.adapters.contacts import OpenInput
from edge.adapters.enable import EnableLines
from edge.adapters.hardware import read_hardware_identity
from edge.adapters.log_line import log_line
from edge.adapters.output_pin import OpenOutput
from edge.app.continued import Continued
from edge.app.following import Following
from edge.app.pair import PairDuty, Version
from edge.app.starting import StartingRelays
from edge.app.unit import is_copied_identity, serials
from edge.bus.handle import BusWorker
from edge.config.codec import CompiledSite
from edge.config.io import TwinPlan
from edge.config.twin import link_paths, twin_spec
from edge.core.twin.machine import Twin
from edge.model.problem import ProblemsError
from edge.model.scan import HealthSample, RelayCommand
from edge.peer.herald import Herald
from edge.peer.keys import KEY_BYTES, load_keys
from edge.peer.link import PeerLink
from edge.peer.plan import LinkPlan

_NONCE_BYTES = 8


def start_herald(site: CompiledSite, unit: str) -> Herald | None:
    """On a site with two units; None where it cannot be had."""
    try:
        return Herald(link_paths(site.io, unit))
    except OSError as error:
        log_line(f"warning: herald: not started: {error}; a death of this process is not told")
        return None


def build_pair(
    site: CompiledSite,
    unit: str,
    continued: Continued,
    workers: Sequence[BusWorker],
    enable: EnableLines | None,
    herald: Herald | None,
    relays: tuple[RelayCommand, ...],
    now_mono_ns: int,
) -> PairDuty:
    """The site must have two units."""
    spec, twin_plan = twin_spec(site.io, unit), site.io.twin
    assert spec is not None
    assert twin_plan is not None
    first, second = site.io.units
    plan = LinkPlan(site.spec.site, (first.name, second.name), unit, link_paths(site.io, unit))
    keys, fault = _keys(twin_plan)
    hardware = read_hardware_identity(listed=serials(site.io.units))
    safe = tuple(RelayCommand(plan.load, plan.safe_shed) for plan in site.io.relays)
    return PairDuty(
        Twin(spec, continued.twin, now_mono_ns),
        PeerLink(plan, keys, os.urandom(_NONCE_BYTES), herald),
        workers,
        enable,
        Following(site.spec, continued.controller),
        Version(bytes.fromhex(site.digest)[:8], _version()),
        StartingRelays(relays, safe, now_mono_ns),
        fault,
        is_copied=is_copied_identity(site.io.units, unit, hardware),
    )


def _keys(plan: TwinPlan) -> tuple[dict[int, bytes], HealthSample | None]:
    """A unit without the key must do its duty all the same: a key of its own that nobody knows
    leaves it alone, with the bus as the only witness.
    """
    try:
        return load_keys(Path(plan.key_file), os.environ), None
    except ProblemsError as error:
        log_line(f"warning: {error}")
        return {0: os.urandom(KEY_BYTES)}, HealthSample("twin key", severe=True, text=str(error))


def open_enable(
    plan: TwinPlan, open_output: OpenOutput, open_input: OpenInput
) -> EnableLines | None:
    """The enable lines, where they are fitted."""
    if plan.enable_pin is None or plan.peer_enable_pin is None:
        return None
    return EnableLines(plan.enable_pin, plan.peer_enable_pin, open_output, open_input)


def _version() -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in edge.__version__.split(".")[:3])
    return major, minor, patch
