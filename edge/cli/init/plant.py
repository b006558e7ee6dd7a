"""The questions about the plant: site, gateways, contract, board, loads.

Every answer goes through the checks of a site file at once, beside those given before.
"""

from __future__ import annotations

from typing import Any, Final

import click
from msgspec.structs import replace

from edge.cli.init import asking
from edge.cli.init.talk import Talk
from edge.cli.screen import note
from edge.config.answers import Answers, LoadAnswer, UnitAnswer
from edge.config.sections.loads import Contact
from edge.config.sections.plant import BoardModel

_SERIALS: Final = ("not asked yet", "nor this")
_LOAD: Final = LoadAnswer(
    name="x", pin=0, rated_kw=1e-3, priority=1, min_shed_s=0, max_shed_s=86400
)
_LOAD_QUESTIONS: Final[tuple[tuple[str, str, asking.Kind, Any], ...]] = (
    ("pin", "  GPIO of its relay", asking.PIN, None),
    ("rated_kw", "  Power that shedding it frees, kW", asking.POSITIVE, None),
    ("priority", "  Priority, 1 is shed first", click.IntRange(1, 99), 1),
    ("min_shed_s", "  Off at least, s", asking.SECONDS, 300),
    ("max_shed_s", "  Off at most, s", asking.SECONDS, 1800),
)


def ask_site(talk: Talk) -> None:
    site = asking.ask("Name of the plant", asking.TEXT)
    zone = asking.ask("Time zone", asking.ZONE, talk.machine.timezone)
    talk.answers = replace(talk.answers, site=site, timezone=zone)


def ask_units(talk: Talk) -> None:
    """Names first, both of them: a pair of names that is refused is refused before all else."""

    def named(*names: str) -> Answers:
        units = zip(names, _SERIALS, strict=False)
        made = tuple(UnitAnswer(name=name, hardware_serial=serial) for name, serial in units)
        return replace(talk.answers, unit=made)

    own = talk.must_name("Name of this gateway", "unit", named)
    note("  Names of gateways differ so much that nobody stops the wrong one.")
    other = talk.name(
        "Name of the other gateway (empty: there is none)", "unit", lambda name: named(own, name)
    )
    hardware = talk.machine.hardware
    _ask_serial(talk, 0, "this gateway", hardware.serial if hardware else None)
    if other is None:
        return
    _ask_serial(talk, 1, "`denban whoami --serial` there shows it", None)
    _ask_addresses(talk, 0, ", ".join(talk.machine.addresses) or None)
    _ask_addresses(talk, 1, None)


def _ask_serial(talk: Talk, index: int, hint: str, proposal: str | None) -> None:
    name = talk.answers.unit[index].name

    def make() -> Answers:
        serial = asking.ask(f"Hardware serial of {name} ({hint})", asking.TEXT, proposal)
        return _with_unit(talk, index, hardware_serial=asking.serial_of(serial))

    talk.settle(make, f"unit.{name}.hardware_serial")


def _ask_addresses(talk: Talk, index: int, proposal: str | None) -> None:
    name = talk.answers.unit[index].name

    def make() -> Answers:
        question = f"IP addresses of {name}, one for each network"
        text = asking.ask(question, asking.ADDRESSES, proposal)
        return _with_unit(talk, index, addresses=asking.addresses_of(text))

    talk.settle(make, f"unit.{name}.addresses")


def _with_unit(talk: Talk, index: int, **changes: Any) -> Answers:
    units = list(talk.answers.unit)
    units[index] = replace(units[index], **changes)
    return replace(talk.answers, unit=tuple(units))


def ask_demand(talk: Talk) -> None:
    def make() -> Answers:
        contract_kw = asking.ask("Contract demand, kW", asking.POSITIVE)
        minutes = asking.ask("Demand interval, minutes", click.IntRange(1, 120), 30)
        return replace(talk.answers, contract_kw=contract_kw, interval_s=minutes * 60)

    talk.settle(make, "demand")


def ask_board(talk: Talk) -> None:
    boards = [board.value for board in BoardModel]
    model = BoardModel(asking.choose("Board", boards, talk.machine.board))
    chip = None
    if model is BoardModel.GENERIC:
        chip = asking.ask("  Label of its GPIO chip (`gpiodetect` shows it)", asking.TEXT)
    talk.answers = replace(talk.answers, board=model, gpio_chip=chip)


def ask_loads(talk: Talk) -> None:
    note("Loads that may be shed, one by one.")
    while True:
        before = talk.answers.load

        def put(name: str, before: tuple[LoadAnswer, ...] = before) -> Answers:
            return replace(talk.answers, load=(*before, replace(_LOAD, name=name)))

        if talk.name("Name of the next load (empty: no more)", "load", put) is None:
            return
        _ask_load(talk)


def _ask_load(talk: Talk) -> None:
    """The rest of the load that was named last."""
    name = talk.answers.load[-1].name

    def put(key: str, value: Any) -> Answers:
        *before, load = talk.answers.load
        return replace(talk.answers, load=(*before, replace(load, **{key: value})))

    for key, question, kind, proposal in _LOAD_QUESTIONS:

        def make(
            asked: tuple[str, str, asking.Kind, Any] = (key, question, kind, proposal),
        ) -> Answers:
            return put(asked[0], asking.ask(*asked[1:]))

        talk.settle(make, f"load.{name}")
    falls = asking.confirm("  Shed it while a gateway has no power", proposal=False)
    talk.answers = put(
        "contact", Contact.DE_ENERGISE_TO_SHED if falls else Contact.ENERGISE_TO_SHED
    )
