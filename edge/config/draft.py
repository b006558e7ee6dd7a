"""From answers to the text of a site file, with a word on what each part is.

Writes the answers as they are; edge.config.load says whether the text is sound. Judged here is only
what a text cannot hold: two tables of one name.
"""

from __future__ import annotations

import enum
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from edge.config.answers import Answers, LineAnswer, LoadAnswer, MeterAnswer, UnitAnswer
from edge.config.sections.loads import Contact, SafeValue
from edge.config.sections.twin import TwinSection
from edge.model.bus import Parity
from edge.model.problem import Problem

Value = str | int | float | tuple[str, ...] | None

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
# Above it a float has no decimals left to lose, and its short form is easier to read.
_WHOLE_MAX: Final = 1e15

_HEAD: Final = """\
The site file of one plant, drafted by `denban init`.
The same file, byte for byte, lies on both gateways as /etc/denban/site.toml.
`denban check FILE` says what is wrong with it; docs/configuration.md lists every key."""
_UNITS: Final = """\
The gateways. A machine whose serial number (`denban whoami --serial`) is not here does not start.
Addresses: how the other one reaches it, one for each network, in the same order on both.
The first one is ahead in a tie."""
_TWIN: Final = """\
How the two hear each other. `denban key new` makes the key, once; both have the same one."""
_BOARD: Final = "Pins below are GPIO numbers of the processor (BCM), not positions on the header."
_DEMAND: Final = "What the contract measures, and what is never to be passed."
_LINES: Final = (
    "Serial lines with meters. The path names the socket, so a new adapter is found again."
)
_METERS: Final = """\
Meters. The one with role "site" measures the whole site; its first readings must be those that
its display shows."""
_PULSE: Final = """\
Pulses of the site's meter. Wh of a pulse: 1000 / pulse_constant_per_kwh x ct_ratio x vt_ratio."""
_LOADS: Final = """\
Loads that may be shed; priority 1 goes first. Off at least min_shed_s, at most max_shed_s.
contact says what a gateway without power does: energise_to_shed lets the load run,
de_energise_to_shed sheds it; safe says the same for a gateway on which nobody decides."""
_TAIL: Final = """\
Not asked for, and often wanted: [plan] (the filed power plan), [alarm] (lamps and buzzer),
[[demand.calendar]] (lower targets at some hours), feedback_pin and essential of a load."""


def draft_text(answers: Answers) -> str:
    """The site file that the answers mean."""
    parts = [
        f"{_comment(_HEAD)}\n",
        _table(("site",), {"name": answers.site, "timezone": answers.timezone}),
        *_said(_UNITS, (_unit(unit) for unit in answers.unit)),
        *_said(_TWIN, () if len(answers.unit) < 2 else (_twin(),)),
        *_said(_BOARD, (_board(answers),)),
        *_said(_DEMAND, (_demand(answers),)),
        *_said(_LINES, (_line(line) for line in answers.line)),
        *_said(_METERS, (_meter(meter) for meter in answers.meter)),
        *_said(_PULSE, _pulse(answers)),
        *_said(_LOADS, (_load(load) for load in answers.load)),
        f"{_comment(_TAIL)}\n",
    ]
    return "\n".join(parts)


def twice(answers: Answers) -> tuple[Problem, ...]:
    """Names that two tables of a kind have."""
    kinds: dict[str, tuple[UnitAnswer | LineAnswer | MeterAnswer | LoadAnswer, ...]] = {
        "unit": answers.unit,
        "bus": answers.line,
        "meter": answers.meter,
        "load": answers.load,
    }
    return tuple(
        Problem(f"{kind}.{name}", "name is used twice", name, "a name of its own", "not written")
        for kind, tables in kinds.items()
        for name, count in Counter(table.name for table in tables).items()
        if count > 1
    )


def _unit(unit: UnitAnswer) -> str:
    keys: dict[str, Value] = {"hardware_serial": unit.hardware_serial}
    return _table(("unit", unit.name), keys | {"addresses": unit.addresses or None})


def _twin() -> str:
    twin = TwinSection()
    return _table(("twin",), {"port": twin.port, "key_file": twin.key_file})


def _board(answers: Answers) -> str:
    return _table(("board",), {"model": answers.board, "gpio_chip": answers.gpio_chip})


def _demand(answers: Answers) -> str:
    keys: dict[str, Value] = {"method": "block", "interval_s": answers.interval_s}
    return _table(("demand",), keys | {"contract_kw": answers.contract_kw})


def _line(line: LineAnswer) -> str:
    keys: dict[str, Value] = {"kind": "rtu", "port": line.port, "baudrate": line.baudrate}
    # Modbus RTU has eleven bits a character: without a parity bit, two stop bits.
    stopbits = 2 if line.parity is Parity.NONE else None
    return _table(("bus", line.name), keys | {"parity": line.parity, "stopbits": stopbits})


def _meter(meter: MeterAnswer) -> str:
    has_ratio = meter.ct_ratio is not None or meter.vt_ratio is not None
    keys: dict[str, Value] = {
        "bus": meter.line,
        "unit_id": meter.unit_id,
        "profile": meter.profile,
        "role": meter.role,
        "side": "secondary" if has_ratio else None,
        "ct_ratio": (meter.ct_ratio or 1) if has_ratio else None,
        "vt_ratio": (meter.vt_ratio or 1) if has_ratio else None,
    }
    return _table(("meter", meter.name), keys)


def _pulse(answers: Answers) -> Iterable[str]:
    if answers.pulse is None:
        return
    pulse = answers.pulse
    keys: dict[str, Value] = {
        "pin": pulse.pin,
        "pulse_constant_per_kwh": pulse.pulse_constant_per_kwh,
        "ct_ratio": pulse.ct_ratio,
        "vt_ratio": pulse.vt_ratio,
    }
    yield _table(("pulse", "incomer"), keys)


def _load(load: LoadAnswer) -> str:
    falls = load.contact is Contact.DE_ENERGISE_TO_SHED
    keys: dict[str, Value] = {
        "pin": load.pin,
        "rated_kw": load.rated_kw,
        "priority": load.priority,
        "min_shed_s": load.min_shed_s,
        "max_shed_s": load.max_shed_s,
        "contact": load.contact,
        "safe": SafeValue.SHED if falls else SafeValue.RUN,
    }
    return _table(("load", load.name), keys)


def _said(comment: str, tables: Iterable[str]) -> list[str]:
    """Tables below a comment on what they are; nothing where there are none."""
    found = list(tables)
    if not found:
        return []
    return [f"{_comment(comment)}\n{found[0]}", *found[1:]]


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines()).removesuffix("\n")


def _table(path: tuple[str, ...], keys: Mapping[str, Value]) -> str:
    lines = [f"{key} = {_value(value)}\n" for key, value in keys.items() if value is not None]
    return f"[{'.'.join(_key(part) for part in path)}]\n{''.join(lines)}"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_text(text) for text in value)}]"
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < _WHOLE_MAX
        return str(int(value)) if is_whole else repr(value)
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    """A basic string: JSON's, but that TOML escapes DEL too."""
    plain = str(text) if isinstance(text, enum.Enum) else text
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
