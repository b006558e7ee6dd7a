"""The gateway that is measured: its site file, its board, its line, for any number of parts.

A plant of the size that the figures are stated for has 8 meters, 16 relays and 4 pulse inputs. It
is quiet: its power stays far below the contract, so that relays move by order only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

UNIT = "EG-KITA"
FEEDER = "incomer"
_RELAY_PINS = range(4, 20)
_PULSE_PINS = range(20, 24)
_LOAD_KW = 30.0
_QUANTITIES = ("power_w", "import_kwh", "export_kwh")


class PlantSize(msgspec.Struct, frozen=True, kw_only=True):
    """At most 16 loads and 4 pulses. `wh_per_pulse` is at the feeder, ratios included.

    `pulse_follows`: the meter pulses with the plant's energy, else only by order.
    """

    meters: int = 8
    loads: int = 16
    pulses: int = 4
    baudrate: int = 19200
    wh_per_pulse: float = 24.0
    pulse_follows: bool = True
    interval_s: int = 1800
    alignment_s: int = 0


def load_name(index: int) -> str:
    return f"load-{index + 1}"


def pulse_name(index: int) -> str:
    return FEEDER if index == 0 else f"pulse-{index + 1}"


def board_parts(size: PlantSize) -> dict[str, Any]:
    """Loads, pulses and plant of the board's configuration."""
    loads = {load_name(i): {"pin": _RELAY_PINS[i]} for i in range(size.loads)}
    pulse = {"constant_per_kwh": 1000, "ct_ratio": int(size.wh_per_pulse) or 1, "vt_ratio": 1}
    feeder = FEEDER if size.pulse_follows else None
    return {
        "loads": loads,
        "pulses": {
            pulse_name(i): {"pin": _PULSE_PINS[i], "feeder": feeder, **pulse}
            for i in range(size.pulses)
        },
        "plant": {
            "feeder": FEEDER,
            "base_w": 100_000.0,
            "loads": {name: {"rated_w": _LOAD_KW * 1000} for name in loads},
        },
        "interval_s": size.interval_s,
    }


def meter_units(size: PlantSize) -> list[dict[str, Any]]:
    """Meters of one make on one line, units 1 and up, with their makers' usual 5 ms turn-around."""
    cells = {quantity: f"{FEEDER}.{quantity}" for quantity in _QUANTITIES}
    return [
        {"unit_id": i + 1, "model": "eastron-sdm630", "cells": cells, "turnaround_ms": 5.0}
        for i in range(size.meters)
    ]


def write_site(path: Path, size: PlantSize, port: Path, runtime: Path, store: Path) -> None:
    """The site file for `denban run`, in the words of docs/configuration.md."""
    sections: dict[str, dict[str, Any]] = {
        "site": {"name": "Bench", "timezone": "UTC"},
        f"unit.{UNIT}": {"hardware_serial": "10000000a1b2c3d4"},
        "demand": {
            "interval_s": size.interval_s,
            "alignment_s": size.alignment_s,
            "contract_kw": 2000,
        },
        "metering": {"sources": _sources(size), "power_kw_max": 2400},
        "store": {"directory": str(store)},
        "control": {"socket": str(runtime / "control")},
    }
    if size.meters:
        sections["bus.main"] = _bus(size, port)
    for i in range(size.meters):
        sections[f"meter.meter-{i + 1}"] = {
            "bus": "main",
            "unit_id": i + 1,
            "profile": "eastron-sdm630",
            "role": "site" if i == 0 else "info",
        }
    for i in range(size.pulses):
        sections[f"pulse.{pulse_name(i)}"] = {
            "pin": _PULSE_PINS[i],
            "wh_per_pulse": size.wh_per_pulse,
            "debounce_ms": 0,
        }
    for i in range(size.loads):
        sections[f"load.{load_name(i)}"] = _load(i)
    path.write_text("\n".join(_section(name, keys) for name, keys in sections.items()))


def _sources(size: PlantSize) -> list[str]:
    pulse = [f"pulse.{FEEDER}"] if size.pulses else []
    meter = ["meter.meter-1.energy", "meter.meter-1.power"] if size.meters else []
    return pulse + meter


def _bus(size: PlantSize, port: Path) -> dict[str, Any]:
    # A pseudo-terminal refuses parity; two stop bits keep the eleven bits of a character.
    return {
        "kind": "rtu",
        "port": str(port),
        "baudrate": size.baudrate,
        "parity": "N",
        "stopbits": 2,
        "poll_ms_min": 0,
    }


def _load(index: int) -> dict[str, Any]:
    return {
        "pin": _RELAY_PINS[index],
        "rated_kw": _LOAD_KW,
        "priority": index + 1,
        "min_shed_s": 1,
        "max_shed_s": 3600,
    }


def _section(name: str, keys: dict[str, Any]) -> str:
    # JSON's strings, numbers and lists are TOML's too.
    lines = [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in keys.items()]
    return "\n".join([f"[{name}]", *lines, ""])
