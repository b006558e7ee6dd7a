"""The works that the bench plays: one factory behind one incomer, its loads, meters and pins.

It says what is wired where, once; the board's, the line's and the meters' configurations and the
site file of the controller under test are made from it. It starts nothing.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

UNIT = "EG-KITA"
UNITS = (UNIT, "EG-MINAMI")  # of a bench with two gateways
FEEDER = "incomer"
CHILLERS = "chillers"
BUS_BAUDRATE = 19200
PULSE_PIN = 17
# 1000 / 50000 x 20 x 60 = 24 Wh a pulse; at 900 kW 10.4 pulses a second of the 16.6 that fit.
PULSE_CONSTANT_PER_KWH = 50_000
CT_RATIO = 20
VT_RATIO = 60
PULSE_UWH = 24_000_000
ENABLE_PIN = 25
PEER_ENABLE_PIN = 26
LAMP_PINS = {"caution": 21, "shed": 22, "fault": 23, "buzzer": 24}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A load behind a relay; `feedback_pin` where its contactor has an auxiliary contact."""

    pin: int
    rated_kw: float
    priority: int
    group: str | None = None
    feedback_pin: int | None = None
    contact: Literal["energise_to_shed", "de_energise_to_shed"] = "energise_to_shed"

    @property
    def safe(self) -> Literal["shed", "run"]:
        """What the load does without a controller, by its wiring."""
        return "run" if self.contact == "energise_to_shed" else "shed"


LOADS = {
    "chiller-1": Load(pin=5, rated_kw=120, priority=1, group=CHILLERS, feedback_pin=6),
    "chiller-2": Load(pin=12, rated_kw=120, priority=1, group=CHILLERS, feedback_pin=13),
    "compressor": Load(pin=19, rated_kw=90, priority=2),
    "ventilation": Load(pin=20, rated_kw=60, priority=3, contact="de_energise_to_shed"),
}


class Works(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from one run to the next. Real powers; the demand interval is shortened.

    `alignment_s`: how long after a full hour its intervals begin. `hold_at_stop`: loads whose relay
    stays where it is when the controller is stopped. `plan_slot_s`: with a power plan, its slots.
    `timezone` may be one that the bench makes itself. `enable_lines`: one-shots are fitted, on a
    bench with two gateways. `bare`: the gateways come as Debian
    alone, with the product's package beside it.
    """

    name: str = "Rolling mill"
    timezone: str = "Asia/Tokyo"
    interval_s: int = 60
    alignment_s: int = 0
    contract_kw: float = 600
    power_kw_max: float = 900
    base_kw: float = 0
    min_shed_s: float = 6
    max_shed_s: float = 120
    rest_s: float = 4
    settle_s: float = 1
    window_s: float = 10
    lost_hold_s: float = 20
    stale_s: float = 3
    watchdog_s: int = 10
    hold_at_stop: frozenset[str] = frozenset()
    plan_slot_s: int | None = None
    enable_lines: bool = False
    bare: bool = False
    mirror_hold_s: float = 30
    debounce_ms: float = 2
    sources: tuple[str, ...] = ("pulse.incomer", "meter.incomer.energy", "meter.incomer.power")


def plant(works: Works) -> dict[str, Any]:
    """The plant of hil/plant.py: a base load and the works' loads, all of them running."""
    return {
        "feeder": FEEDER,
        "base_w": works.base_kw * 1000,
        "base_noise_ratio": 0.01,
        "base_ramp_w_per_s": 200_000.0,
        "loads": {
            name: {"rated_w": load.rated_kw * 1000, "response_s": 0.3, "noise_ratio": 0.01}
            for name, load in LOADS.items()
        },
        "sub_feeders": {CHILLERS: ["chiller-1", "chiller-2"]},
    }


def board_wiring(works: Works) -> dict[str, Any]:
    """Loads, lamps, pulses and plant of the board; its paths are the bench's."""
    loads: dict[str, Any] = {}
    for name, load in LOADS.items():
        loads[name] = {"pin": load.pin, "contact": load.contact}
        if load.feedback_pin is not None:
            loads[name]["feedback"] = {"pin": load.feedback_pin}
    pulse = {
        "pin": PULSE_PIN,
        "feeder": FEEDER,
        "constant_per_kwh": PULSE_CONSTANT_PER_KWH,
        "ct_ratio": CT_RATIO,
        "vt_ratio": VT_RATIO,
    }
    return {
        "loads": loads,
        "lamps": {name: {"pin": pin} for name, pin in LAMP_PINS.items()},
        "pulses": {FEEDER: pulse},
        "plant": plant(works),
        "interval_s": works.interval_s,
        "alignment_s": works.alignment_s,
    }


def meter_unit(unit_id: int, model: str, feeder: str) -> dict[str, Any]:
    """A meter of hil.meters over a feeder's values."""
    quantities = ("power_w", "import_kwh", "export_kwh")
    cells = {quantity: f"{feeder}.{quantity}" for quantity in quantities}
    return {"unit_id": unit_id, "model": model, "cells": cells}


INCOMER_METER = meter_unit(1, "janitza-umg", FEEDER)
CHILLERS_METER = meter_unit(2, "carlo-gavazzi-em24", CHILLERS)
