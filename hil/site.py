"""The site file of the controller under test, written for the works and the paths of one bench.

It speaks the product's language from its manual (docs/configuration.md) and imports none of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hil import works as wiring
from hil.works import Works


class SitePaths(msgspec.Struct, frozen=True):
    """Where this bench has its port and folders. The control socket's folder is the runtime one."""

    port: Path
    socket: Path
    store: Path
    plans: Path


class Twin(msgspec.Struct, frozen=True):
    """What a site with two units has besides. `addresses` by unit, path by path;
    `hardware_serials` in the units' order.
    """

    addresses: dict[str, list[str]]
    key_file: Path
    port: int
    hardware_serials: tuple[str, ...] = ("10000000a1b2c3d4", "10000000a1b2c3d5")


def write_site(path: Path, works: Works, paths: SitePaths, twin: Twin | None = None) -> None:
    """Write the TOML file that `python -m edge.app run` takes."""
    sections = _sections(works, paths)
    serials = ("10000000a1b2c3d4",) if twin is None else twin.hardware_serials
    for unit, serial in zip(wiring.UNITS, serials, strict=False):
        sections[f"unit.{unit}"] = {"hardware_serial": serial}
        if twin is not None:
            sections[f"unit.{unit}"]["addresses"] = twin.addresses[unit]
    if twin is not None:
        sections["twin"] = _twin(works, twin)
        for meter in ("incomer", "chillers"):
            # The bench's meters answer in a few ms; a query must follow the other soon enough.
            sections[f"meter.{meter}"]["response_ms_max"] = 100
    if works.plan_slot_s is not None:
        sections["plan"] = _plan(works.plan_slot_s, paths)
    path.write_text("\n".join(_section(name, keys) for name, keys in sections.items()))


def _sections(works: Works, paths: SitePaths) -> dict[str, dict[str, Any]]:
    return {
        "site": {"name": works.name, "timezone": works.timezone},
        "demand": {
            "interval_s": works.interval_s,
            "alignment_s": works.alignment_s,
            "contract_kw": works.contract_kw,
        },
        "projection": {"window_s": works.window_s},
        "bus.main": _bus(paths),
        "meter.incomer": {
            "bus": "main", "unit_id": 1, "profile": "janitza-umg", "role": "site", "stale_s": 2,
        },
        "meter.chillers": {
            "bus": "main", "unit_id": 2, "profile": "carlo-gavazzi-em24", "stale_s": 2,
        },
        "pulse.incomer": {
            "pin": wiring.PULSE_PIN,
            "pulse_constant_per_kwh": wiring.PULSE_CONSTANT_PER_KWH,
            "ct_ratio": wiring.CT_RATIO,
            "vt_ratio": wiring.VT_RATIO,
            "debounce_ms": works.debounce_ms,
        },
        "metering": {
            "sources": list(works.sources),
            "power_kw_max": works.power_kw_max,
            "stale_s": works.stale_s,
            "steady_s": 5,
            "cross_check_s": 60,
        },
        **{f"load.{name}": _load(name, load, works) for name, load in wiring.LOADS.items()},
        "shedding": {
            "settle_s": works.settle_s,
            "lost_hold_s": works.lost_hold_s,
        },
        "alarm": {f"{name}_pin": pin for name, pin in wiring.LAMP_PINS.items()},
        "watchdog": {"device": "/dev/watchdog", "timeout_s": works.watchdog_s},
        "store": {"directory": str(paths.store)},
        "control": {"socket": str(paths.socket)},
    }  # fmt: skip


def _twin(works: Works, twin: Twin) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "port": twin.port,
        "key_file": str(twin.key_file),
        "mirror_hold_s": works.mirror_hold_s,
    }
    if works.enable_lines:
        keys["enable_pin"] = wiring.ENABLE_PIN
        keys["peer_enable_pin"] = wiring.PEER_ENABLE_PIN
    return keys


def _bus(paths: SitePaths) -> dict[str, Any]:
    # A pseudo-terminal refuses parity; two stop bits keep the eleven bits of a character.
    return {
        "kind": "rtu",
        "port": str(paths.port),
        "baudrate": wiring.BUS_BAUDRATE,
        "parity": "N",
        "stopbits": 2,
        "timeout_ms": 100,
        "poll_ms_min": 200,
    }


def _load(name: str, load: wiring.Load, works: Works) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "pin": load.pin,
        "rated_kw": load.rated_kw,
        "priority": load.priority,
        "min_shed_s": works.min_shed_s,
        "max_shed_s": works.max_shed_s,
        "rest_s": works.rest_s,
        "lead_s": 1,
        "contact": load.contact,
        "safe": load.safe,
    }
    if load.group is not None:
        keys["group"] = load.group
    if load.feedback_pin is not None:
        keys["feedback_pin"] = load.feedback_pin
    if name in works.hold_at_stop:
        keys["at_stop"] = "hold"
    return keys


def _plan(slot_s: int, paths: SitePaths) -> dict[str, Any]:
    return {
        "directory": str(paths.plans),
        "slot_s": slot_s,
        "gate_close_s": 0,
        "over_ratio_allowed": 0.03,
        "shortage_price_per_kwh": [12.0, 300.0],
        "surplus_price_per_kwh": [0.0, 15.0],
    }


def _section(name: str, keys: dict[str, Any]) -> str:
    # JSON's strings, numbers and lists are TOML's too.
    lines = [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in keys.items()]
    return "\n".join([f"[{name}]", *lines, ""])
