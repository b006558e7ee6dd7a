"""The questions about what measures the site: serial lines, the meters found on them, the pulses.

A line is listened to and asked only when the person agrees, and only if nobody else has it open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click
from msgspec.structs import replace

from edge.cli.errors import RefusedError
from edge.cli.init import asking
from edge.cli.init.talk import Talk
from edge.cli.prober import Answering, Reading
from edge.cli.screen import note
from edge.cli.terms import NOTHING, kw, number, unit_ids
from edge.config.answers import Answers, LineAnswer, MeterAnswer, PulseAnswer
from edge.config.sections.metering import MeterRole
from edge.model.bus import Parity
from edge.model.units import UWH_PER_KWH

# Who answers on a line, of some unit ids. Raises RefusedError where the port cannot be had.
Search = Callable[[LineAnswer, tuple[int, ...]], list[Answering]]

# Most plants number from 1 up; a search of all 247 takes two minutes a line.
_IDS: Final = "1-32"
_ANOTHER_PORT: Final = "other"
_LINE_NAMES: Final = ("main", "second", "third", "fourth")


def ask_measuring(talk: Talk, search: Search, profiles: tuple[str, ...]) -> None:
    """Lines with meters, pulses; asked again from the start when nothing measures the site."""

    def make() -> Answers:
        talk.answers = replace(talk.answers, line=(), meter=(), pulse=None)
        while len(talk.answers.line) < len(_LINE_NAMES) and _ask_line(talk):
            _find_meters(talk, search)
            _ask_meters(talk, profiles)
        _ask_pulse(talk)
        return talk.answers

    talk.settle(make, "metering")


def _ask_line(talk: Talk) -> bool:
    """A further serial line, if the person wants one."""
    lines = talk.answers.line
    used = {line.port for line in lines}
    free = [port for port in talk.machine.ports if port.path not in used]
    which = "another serial line" if lines else "a serial line (RS-485)"
    if not asking.confirm(f"Are there meters on {which}?", proposal=not lines and bool(free)):
        return False
    for number_, port in enumerate(free, 1):
        note(f"  {number_}: {port.path} ({port.maker or port.device})")
    name = _LINE_NAMES[len(lines)]

    def make() -> Answers:
        port = _ask_port([port.path for port in free])
        baudrate = asking.ask("  Baud rate", click.IntRange(300, 460800), 19200)
        parity = Parity(asking.choose("  Parity", [parity.value for parity in Parity], Parity.EVEN))
        line = LineAnswer(name=name, port=port, baudrate=baudrate, parity=parity)
        return replace(talk.answers, line=(*lines, line))

    talk.settle(make, f"bus.{name}")
    return True


def _ask_port(paths: list[str]) -> str:
    if paths:
        numbers = [str(number_) for number_ in range(1, len(paths) + 1)]
        chosen = asking.choose("  Which port", [*numbers, _ANOTHER_PORT], numbers[0])
        if chosen != _ANOTHER_PORT:
            return paths[int(chosen) - 1]
    return str(asking.ask("  Path of the port, e.g. /dev/serial/by-path/...", asking.TEXT))


def _find_meters(talk: Talk, search: Search) -> None:
    """Search the line that was asked for last, with other settings if nobody answered."""
    while asking.confirm(
        "  Look for meters on it now, while nobody else polls there?", proposal=True
    ):
        ids = unit_ids(asking.ask("  Unit ids to ask", asking.UNIT_IDS, _IDS))
        *before, line = talk.answers.line
        try:
            found = search(line, ids)
        except RefusedError as error:
            note(f"  {error.message}")
            return
        if found:
            for one in found:
                _take(talk, one)
            return
        note("  nobody answers: check A and B, the termination, baud rate and parity")
        baudrate = asking.ask("  Baud rate", click.IntRange(300, 460800), line.baudrate)
        parity = asking.choose("  Parity", [parity.value for parity in Parity], line.parity)
        line = replace(line, baudrate=baudrate, parity=Parity(parity))
        talk.answers = replace(talk.answers, line=(*before, line))


def _take(talk: Talk, found: Answering) -> None:
    """A meter that answered, if the person knows it."""
    if not found.readings:
        note(f"  unit id {found.unit_id} answers, and no profile fits ({found.remark}); add its")
        note("  registers to the site file by hand, see docs/configuration.md")
        return
    for reading in found.readings:
        note(f"  unit id {found.unit_id} answers as {reading.profile}: {_shown(reading)}")
    if not asking.confirm("  Is that what its display shows?", proposal=True):
        return
    profiles = tuple(reading.profile for reading in found.readings)
    _ask_meter(talk, "  Its name", profiles, found.unit_id)


def _shown(reading: Reading) -> str:
    energy = NOTHING
    if reading.import_uwh is not None:
        energy = f"{number(reading.import_uwh / UWH_PER_KWH, 3)} kWh"
    return f"{kw(reading.power_w, 3)}, {energy}"


def _ask_meters(talk: Talk, profiles: tuple[str, ...]) -> None:
    """Meters by hand, for those that are not on the line yet."""
    while _ask_meter(talk, "  Name of a meter to add by hand (empty: none)", profiles, None):
        pass


def _ask_meter(
    talk: Talk, question: str, profiles: tuple[str, ...], unit_id: int | None
) -> str | None:
    before, line = talk.answers.meter, talk.answers.line[-1].name
    standing = MeterAnswer(name="x", line=line, unit_id=unit_id or 1, profile=profiles[0])

    def put(name: str) -> Answers:
        return replace(talk.answers, meter=(*before, replace(standing, name=name)))

    name = talk.name(question, "meter", put)
    if name is None:
        return None

    def make() -> Answers:
        return replace(talk.answers, meter=(*before, _asked(talk, before, profiles, unit_id)))

    talk.settle(make, f"meter.{name}")
    return name


def _asked(
    talk: Talk,
    before: tuple[MeterAnswer, ...],
    profiles: tuple[str, ...],
    unit_id: int | None,
) -> MeterAnswer:
    changes: dict[str, Any] = {}
    if unit_id is None:
        changes["unit_id"] = asking.ask("  Its unit id", click.IntRange(1, 247))
    if len(profiles) > 1:
        changes["profile"] = asking.choose("  Its profile", profiles, profiles[0])
    if not any(meter.role is MeterRole.SITE for meter in before):
        is_site = asking.confirm("  Does it measure the whole site?", proposal=True)
        changes["role"] = MeterRole.SITE if is_site else MeterRole.INFO
    if not asking.confirm("  Are CT and VT ratio set in the meter itself?", proposal=True):
        changes["ct_ratio"] = asking.ask("  CT ratio, e.g. 20 for 100/5 A", asking.POSITIVE, 1)
        changes["vt_ratio"] = asking.ask("  VT ratio, e.g. 60 for 6600/110 V", asking.POSITIVE, 1)
    return replace(talk.answers.meter[-1], **changes)


def _ask_pulse(talk: Talk) -> None:
    """The pulse output of the meter that measures the whole site."""
    if not asking.confirm("Is the site meter's pulse output wired here?", proposal=False):
        return

    def make() -> Answers:
        pulse = PulseAnswer(
            pin=asking.ask("  GPIO of the pulse input", asking.PIN),
            pulse_constant_per_kwh=asking.ask("  Pulses to a kWh", asking.POSITIVE),
            ct_ratio=asking.ask("  CT ratio, 1 if included", asking.POSITIVE, 1),
            vt_ratio=asking.ask("  VT ratio, 1 if included", asking.POSITIVE, 1),
        )
        return replace(talk.answers, pulse=pulse)

    talk.settle(make, "pulse.incomer")
