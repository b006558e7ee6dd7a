"""What people type and read: durations, numbers with units, times, ranges."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

import click

from edge.model.units import NS_PER_S, W_PER_KW

_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")
_UNITS_S: Final = (3600, 60, 1)
_UNIT_ID_MAX: Final = 247
_MINUS: Final = "\N{MINUS SIGN}"
NOTHING: Final = "-"


# Each of these is an option's `type`: what was typed in, the value out, BadParameter with a reason.


def duration_s(text: str) -> int:
    """``30m``, ``2h``, ``1h30m``, ``90s`` as whole seconds above 0."""
    found = _DURATION.fullmatch(text)
    parts = found.groups() if found else ()
    total_s = sum(int(part or 0) * unit_s for part, unit_s in zip(parts, _UNITS_S, strict=False))
    if total_s == 0:
        raise click.BadParameter(f"got {text}, need a duration like 30m, 2h, 1h30m or 90s")
    return total_s


def moment_ns(text: str) -> int:
    """A date and time as UTC ns; without an offset it is in this machine's local time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        need = "need a time like 2026-08-13T13:00"
        raise click.BadParameter(f"got {text}, {need}") from error
    return int(moment.timestamp()) * NS_PER_S + moment.microsecond * 1000


def day_of(text: str) -> date:
    """A date; ``today`` and ``yesterday`` are this machine's."""
    today = datetime.now().astimezone().date()
    if text in {"today", "yesterday"}:
        return today if text == "today" else today - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"got {text}, need a day like 2026-08-13") from error


def days_of(text: str) -> tuple[date, date]:
    """``2018-01-08..2018-01-21``, both included, or one day."""
    first, _, last = text.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        need = "need days like 2018-01-08..2018-01-21"
        raise click.BadParameter(f"got {text}, {need}") from error
    if days[1] < days[0]:
        raise click.BadParameter(f"got {text}, need the earlier day first")
    return days


def unit_ids(text: str) -> tuple[int, ...]:
    """``1-32``, ``7`` or ``1-10,20`` as sorted Modbus addresses from 1 to 247."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal()):
            raise click.BadParameter(f"got {text}, need unit ids like 1-32 or 1-10,20")
        found.update(range(int(first), min(int(last), 999) + 1))
    if not found or min(found) < 1 or max(found) > _UNIT_ID_MAX:
        raise click.BadParameter(f"got {text}, need unit ids from 1 to {_UNIT_ID_MAX}")
    return tuple(sorted(found))


def kw(power_w: float | None, digits: int = 1) -> str:
    """Power in kW with its unit."""
    return NOTHING if power_w is None else f"{number(power_w / W_PER_KW, digits)} kW"


def number(value: float, digits: int = 1) -> str:
    """A number with separators for thousands and a real minus; never a minus zero."""
    text = f"{abs(value):,.{digits}f}"
    return f"{_MINUS}{text}" if value < 0 and float(text.replace(",", "")) else text


def duration(seconds: float) -> str:
    """A duration in its two largest units: ``2 h 05 min``, ``14 min 23 s``, ``30 min``."""
    whole_s = round(seconds)
    minutes, rest_s = divmod(whole_s, 60)
    hours, rest_min = divmod(minutes, 60)
    if hours:
        return f"{hours} h {rest_min:02} min" if rest_min else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest_s:02} s" if rest_s else f"{minutes} min"
    return f"{rest_s} s"


def local_time(utc_ns: int, zone: tzinfo | None = None) -> datetime:
    """Local time in `zone`, else in this machine's."""
    return datetime.fromtimestamp(utc_ns // NS_PER_S, UTC).astimezone(zone)


def clock_time(utc_ns: int, zone: tzinfo | None = None) -> str:
    """``14:23:07``."""
    return f"{local_time(utc_ns, zone):%H:%M:%S}"


def date_time(utc_ns: int, zone: tzinfo | None = None) -> str:
    """``2026-08-13 14:23:07``."""
    return f"{local_time(utc_ns, zone):%Y-%m-%d %H:%M:%S}"
