"""Questions at a terminal: each says what it wants, shows a proposal, and is asked again until the
answer is sound. Knows nothing of sites.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import click

from edge.cli.errors import RefusedError
from edge.cli.screen import note
from edge.cli.terms import unit_ids
from edge.config.spelling import nearest
from edge.model.problem import Problem

# Somebody who fails so often needs the manual, and a script without an end must not run for ever.
TRIES_MAX: Final = 20
_NAME: Final = re.compile(r"\w[\w-]{0,31}")
# The line that `denban whoami --serial` prints, as it is copied.
_SERIAL_LINE: Final = re.compile(r'hardware_serial\s*=\s*"([^"]+)"')
_ABSENT: Final = frozenset({"", "-", "none"})

Kind = click.IntRange | click.FloatRange | Callable[[str], str]
Made = TypeVar("Made")


def text(judge: Callable[[str], str | None]) -> Callable[[str], str]:
    """A kind of answer that `judge` has nothing against; it says what is needed, or nothing."""

    def convert(value: str) -> str:
        found = str(value).strip()
        needed = "text" if not found.isprintable() else judge(found)
        if needed is not None:
            raise click.BadParameter(f"got {found!r}, need {needed}")
        return found

    return convert


def _name_needed(typed: str) -> str | None:
    return None if _NAME.fullmatch(typed) else "1 to 32 letters, digits, - and _, no - at the front"


def _zone_needed(typed: str) -> str | None:
    try:
        ZoneInfo(typed)
    except (KeyError, ValueError, OSError):
        return nearest(typed, available_timezones()) or "an IANA name, e.g. Asia/Tokyo"
    return None


def _addresses_needed(typed: str) -> str | None:
    for part in addresses_of(typed):
        try:
            ipaddress.ip_address(part)
        except ValueError:
            return f"IP addresses like 192.168.10.11, 10.0.0.11 ({part} is none)"
    return None


def _ids_needed(typed: str) -> str | None:
    try:
        unit_ids(typed)
    except click.BadParameter:
        return "unit ids from 1 to 247, like 1-32 or 1-10,20"
    return None


def serial_of(typed: str) -> str:
    """The number alone, of a whole line of a site file too."""
    line = _SERIAL_LINE.fullmatch(typed)
    return line[1] if line else typed


def addresses_of(typed: str) -> tuple[str, ...]:
    """Addresses as they are typed, with commas or blanks between them."""
    return tuple(typed.replace(",", " ").split())


TEXT: Final = text(lambda typed: None if typed else "something")
NAME: Final = text(_name_needed)
NAME_OR_NONE: Final = text(lambda typed: None if typed in _ABSENT else _name_needed(typed))
ZONE: Final = text(_zone_needed)
ADDRESSES: Final = text(_addresses_needed)
UNIT_IDS: Final = text(_ids_needed)
POSITIVE: Final = click.FloatRange(min=0, min_open=True, max=1e9)
SECONDS: Final = click.FloatRange(min=0, max=86400)
PIN: Final = click.IntRange(0, 511)


def ask(what: str, kind: Kind, proposal: Any = None) -> Any:
    """One question; click asks again while the text is not of its kind."""
    if isinstance(kind, click.IntRange | click.FloatRange):
        return click.prompt(what, type=kind, default=proposal, err=True)
    return click.prompt(what, value_proc=kind, default=proposal, err=True)


def ask_name_or_none(what: str) -> str | None:
    """A name, or None for an empty line (or - or none)."""
    name = click.prompt(what, value_proc=NAME_OR_NONE, default="", show_default=False, err=True)
    return None if name in _ABSENT else str(name)


def confirm(what: str, *, proposal: bool) -> bool:
    """Yes or no."""
    return click.confirm(what, default=proposal, err=True)


def choose(what: str, choices: Sequence[str], proposal: str) -> str:
    """One of some words."""
    # str: click takes a member of an enumeration for itself, not for its word.
    return str(click.prompt(what, type=click.Choice(choices), default=str(proposal), err=True))


def until_sound(make: Callable[[], Made], judge: Callable[[Made], Iterable[Problem]]) -> Made:
    """What `make` asks for, once `judge` finds no fault; each fault is said before the next try."""
    for _ in range(TRIES_MAX):
        made = make()
        found = list(judge(made))
        if not found:
            return made
        for problem in found:
            note(f"  {problem}")
        note("  once more:")
    raise given_up()


def given_up() -> RefusedError:
    """Somebody, or a script, has no sound answer."""
    return RefusedError(f"given up: got {TRIES_MAX} faulty answers; nothing was written")
