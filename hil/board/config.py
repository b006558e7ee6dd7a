"""What a bench's board is told: one JSON file, read strictly (unknown keys are refused).

It describes wiring and a plant, in the bench's own words; it shares nothing with the product's site
file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from hil.board.chip import LINES_COUNT
from hil.plant import PlantSpec


class WatchdogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kill`: expiry kills the unit's processes and resets its chip, else it is only logged."""

    nowayout: bool = False
    kill: bool = True


class UnitConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`dead_owner`: Raspberry Pi kernels keep outputs driven, mainline makes them inputs.

    `process`: its processes use the preload library. `virtio`: it is an emulated machine with a
    vhost-user-gpio device of so many `lines`; its power and its watchdog are its emulator's.
    """

    socket: Path
    kind: Literal["process", "virtio"] = "process"
    lines: int = LINES_COUNT
    dead_owner: Literal["persist", "revert"] = "persist"
    pulls: dict[int, Literal["up", "down"]] = {}  # resistors on the board, stronger than the chip's
    watchdog: WatchdogConfig = WatchdogConfig()


class FeedbackConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A load's auxiliary contact on an input: at `closed_level` while the load is on."""

    pin: int
    closed_level: Literal[0, 1] = 0
    delay_s: float = 0.02


class LoadConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A relay on the same pin of every unit. Its coil is energised at `energised_level`.

    `energise_to_shed`: the units' contacts are in parallel, a coil sheds. `de_energise_to_shed`:
    they are in series in the load's control circuit, a coil at rest sheds.
    """

    pin: int
    contact: Literal["energise_to_shed", "de_energise_to_shed"] = "energise_to_shed"
    energised_level: Literal[0, 1] = 1
    feedback: FeedbackConfig | None = None


class LampConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alarm lamp, lit while any unit's output is at `lit_level`."""

    pin: int
    lit_level: Literal[0, 1] = 1


class PulseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A meter's pulse contact on an input of every unit, closed to `closed_level` for `width_s`.

    Without a `feeder` it pulses by order only (an end-of-interval contact, for example).
    `constant_per_kwh` is the meter's; one pulse is `ct_ratio` × `vt_ratio` / constant kWh of the
    feeder. `patience_s`: how long an edge waits for a unit whose kernel has not yet taken the one
    before. A meter's waits for nobody's; an emulated processor may be starved as no real one is.
    """

    pin: int
    feeder: str | None = None
    constant_per_kwh: int = 1000
    ct_ratio: int = 1
    vt_ratio: int = 1
    width_s: float = 0.03  # IEC 62053-31: at least 30 ms
    closed_level: Literal[0, 1] = 0
    patience_s: float = 0.0


class EnableConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A one-shot beside a unit: each rising edge at the unit's `pin` holds its line up for so long.

    The line gates the unit's relay drivers and the transmitter of its `node` on the meter line, and
    is the input `peer_pin` of every other unit.
    """

    pin: int
    peer_pin: int
    node: str
    hold_ms: float = 300.0


class BoardConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The board makes the paths.

    `enables`: by unit. `line_orders`: orders of the process of the meter line, where there are any.
    `interval_s`: the demand interval whose true energy is logged; it begins `alignment_s` after
    multiples of its length in UTC.
    """

    orders: Path
    log: Path
    values: Path
    units: dict[str, UnitConfig]
    loads: dict[str, LoadConfig] = {}
    lamps: dict[str, LampConfig] = {}
    pulses: dict[str, PulseConfig] = {}
    enables: dict[str, EnableConfig] = {}
    line_orders: Path | None = None
    plant: PlantSpec = PlantSpec()
    seed: int = 1
    interval_s: int = 1800
    alignment_s: int = 0


def _decode_path(kind: type[Path], text: object) -> Path:
    return kind(str(text))


def read_config(path: Path) -> BoardConfig:
    """Raises msgspec.ValidationError for a wrong type or key, ValueError for a wrong reference."""
    config = msgspec.json.decode(path.read_bytes(), type=BoardConfig, dec_hook=_decode_path)
    if stray := set(config.loads) ^ set(config.plant.loads):
        raise ValueError(f"{path}: loads and plant.loads: got {sorted(stray)} in one, need both")
    feeders = [config.plant.feeder, *config.plant.sub_feeders]
    for name, pulse in config.pulses.items():
        if pulse.feeder not in {*feeders, None}:
            raise ValueError(f"{path}: {name}.feeder: got {pulse.feeder!r}, need one of {feeders}")
    for name, unit in config.units.items():
        _check_unit(f"{path}: {name}", unit)
    if strange := set(config.enables) - set(config.units):
        raise ValueError(f"{path}: enables: got {sorted(strange)}, need units")
    _check_pins(path, config)
    return config


def _check_unit(where: str, unit: UnitConfig) -> None:
    if not 0 < unit.lines <= LINES_COUNT or (unit.kind == "process" and unit.lines != LINES_COUNT):
        raise ValueError(
            f"{where}.lines: got {unit.lines}, need {LINES_COUNT}, or fewer on a virtio unit"
        )
    if unit.kind == "virtio" and unit.watchdog != WatchdogConfig():
        raise ValueError(f"{where}.watchdog: got one, need none: a virtio unit's is its emulator's")


def _check_pins(path: Path, config: BoardConfig) -> None:
    wired = [(name, load.pin) for name, load in config.loads.items()]
    wired += [(name, lamp.pin) for name, lamp in config.lamps.items()]
    wired += [(name, pulse.pin) for name, pulse in config.pulses.items()]
    wired += [(f"{name}.feedback", f.pin) for name, c in config.loads.items() if (f := c.feedback)]
    enables = [(f"enable of {unit}", enable) for unit, enable in config.enables.items()]
    for name, enable in enables[:1]:  # the same pins on every unit
        wired += [(f"{name}.pin", enable.pin), (f"{name}.peer_pin", enable.peer_pin)]
    pins: dict[int, str] = {}
    lines_count = min((unit.lines for unit in config.units.values()), default=LINES_COUNT)
    for name, pin in wired:
        if not 0 <= pin < lines_count:
            raise ValueError(f"{path}: {name}.pin: got {pin}, need 0 to {lines_count - 1}")
        if pin in pins:
            raise ValueError(f"{path}: {name}.pin: got {pin}, need one {pins[pin]} has not taken")
        pins[pin] = name
