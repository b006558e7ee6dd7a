"""The answers for `denban init --answers`, for the works of a bench, and what a person adds to the
file that comes of them: settings that nobody is asked for.

It speaks the product's language from its manual (docs/install.md, docs/configuration.md).
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from hil import works as wiring
from hil.works import Works

# As the guide says: set to what the meters really take. The bench's answer in a few ms.
_ANSWER_MS_MAX: Final = 100
# By table of the drafted file. The kernel's debounce is a timer, late on a starved processor.
_ADDED: Final[dict[str, dict[str, Any]]] = {
    "bus.main": {"timeout_ms": _ANSWER_MS_MAX, "poll_ms_min": 200},
    "meter.incomer": {"response_ms_max": _ANSWER_MS_MAX},
    "meter.chillers": {"response_ms_max": _ANSWER_MS_MAX},
    "pulse.incomer": {"debounce_ms": 0},
}


class Found(msgspec.Struct, frozen=True):
    """What a person has looked up on the gateways: units in their order, by name their serial
    number and addresses; port and GPIO chip, which are the same on both.
    """

    serials: dict[str, str]
    addresses: dict[str, list[str]]
    port: str
    gpio_chip: str


def answers_text(works: Works, found: Found) -> str:
    """As docs/init-answers.example.toml."""
    plain = {
        "site": works.name,
        "timezone": works.timezone,
        "contract_kw": works.contract_kw,
        "interval_s": works.interval_s,
        "board": "generic",
        "gpio_chip": found.gpio_chip,
    }
    units = [
        {"name": unit, "hardware_serial": serial, "addresses": found.addresses[unit]}
        for unit, serial in found.serials.items()
    ]
    line = {"name": "main", "port": found.port, "baudrate": wiring.BUS_BAUDRATE, "parity": "E"}
    meters = [
        {"name": "incomer", "line": "main", "unit_id": 1, "profile": "janitza-umg", "role": "site"},
        {"name": "chillers", "line": "main", "unit_id": 2, "profile": "carlo-gavazzi-em24"},
    ]
    pulse = {
        "pin": wiring.PULSE_PIN,
        "pulse_constant_per_kwh": wiring.PULSE_CONSTANT_PER_KWH,
        "ct_ratio": wiring.CT_RATIO,
        "vt_ratio": wiring.VT_RATIO,
    }
    tables = [
        _keys(plain),
        *(_table("[[unit]]", unit) for unit in units),
        _table("[[line]]", line),
        *(_table("[[meter]]", meter) for meter in meters),
        _table("[pulse]", pulse),
        *(_table("[[load]]", _load(name, load, works)) for name, load in wiring.LOADS.items()),
    ]
    return "\n".join(tables)


def _load(name: str, load: wiring.Load, works: Works) -> dict[str, Any]:
    return {
        "name": name,
        "pin": load.pin,
        "rated_kw": load.rated_kw,
        "priority": load.priority,
        "min_shed_s": works.min_shed_s,
        "max_shed_s": works.max_shed_s,
        "contact": load.contact,
    }


def completed(drafted: str) -> str:
    """The drafted file with what was not asked."""
    text = drafted
    for name, keys in _ADDED.items():
        head = f"[{name}]\n"
        assert text.count(head) == 1, f"{name}: got {text.count(head)} tables, need one"
        for key in keys:
            assert not re.search(rf"(?m)^{key} =", text.partition(head)[2].partition("\n[")[0]), key
        text = text.replace(head, f"{head}{_keys(keys)}")
    lamps = {f"{name}_pin": pin for name, pin in wiring.LAMP_PINS.items()}
    return f"{text}\n{_table('[alarm]', lamps)}"


def _table(head: str, keys: dict[str, Any]) -> str:
    return f"{head}\n{_keys(keys)}"


def _keys(keys: dict[str, Any]) -> str:
    # JSON's strings, numbers and lists are TOML's too.
    return "".join(
        f"{key} = {msgspec.json.encode(value).decode()}\n" for key, value in keys.items()
    )
