"""The list of settings that a gateway's operating system should have, and how one is judged.

Pure but for the reading of the list itself (firmware-config/expected.toml). What the machine has is
read by edge.cli.doctor.settings.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

import edge

# As installed by the package, then as it lies in the source tree.
_PLACES: Final = (
    Path("/usr/share/denban/firmware-config"),
    Path(edge.__file__).parent.parent / "firmware-config",
)
_LIST: Final = "expected.toml"

_AMOUNT: Final = re.compile(r"(-?\d+(?:\.\d+)?)\s*([A-Za-z]*)")
# systemd writes time spans in small letters and sizes in capitals.
_UNITS: Final = {
    "": 1,
    "ms": 0.001,
    "s": 1,
    "sec": 1,
    "m": 60,
    "min": 60,
    "h": 3600,
    "K": 1 << 10,
    "M": 1 << 20,
    "G": 1 << 30,
}
_SAME: Final = {"0": "off", "no": "off", "false": "off", "infinity": "off"}


class Source(enum.StrEnum):
    """Where the machine is asked."""

    KERNEL = "kernel"
    SYSCTL = "sysctl"
    SYSTEM = "system.conf"
    JOURNALD = "journald.conf"
    CHRONY = "chrony"
    CONFIG_TXT = "config.txt"
    SYSFS = "sysfs"
    FILE = "file"


class Setting(Struct, frozen=True, forbid_unknown_fields=True):
    """One setting. `unset` is what holds where nobody set it; None: then it is missing."""

    source: Source
    name: str
    file: str
    why: str
    equals: str | None = None
    never: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    unset: str | None = None

    @property
    def need(self) -> str:
        """The demand in words."""
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        words = [] if self.equals is None else [self.equals]
        words += [f"{word} {bound:.12g}" for word, bound in bounds if bound is not None]
        words += [f"not {value}" for value in self.never]
        return ", ".join(words)

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether the machine's values, in the order in which they were set, will do. Of several
        the last holds, but for `never`, which looks at all. `values` may be empty: not set.
        """
        found = tuple(values) or (() if self.unset is None else (self.unset,))
        if not found:
            return False
        if any(_is(value, bad) for value in found for bad in self.never):
            return False
        if self.equals is not None and _same(found[-1]) != _same(self.equals):
            return False
        return self._within(found[-1])

    def _within(self, value: str) -> bool:
        if self.at_least is None and self.at_most is None:
            return True
        number = amount(value)
        if number is None:
            return False
        above = self.at_least is None or number >= self.at_least
        return above and (self.at_most is None or number <= self.at_most)


class _List(Struct, frozen=True, forbid_unknown_fields=True):
    setting: tuple[Setting, ...]


def find_list(places: Sequence[Path] = _PLACES) -> Path | None:
    """The first list that is there."""
    return next((place / _LIST for place in places if (place / _LIST).is_file()), None)


def read_list(path: Path) -> tuple[Setting, ...]:
    """Raises OSError, or msgspec.MsgspecError for a list of another version."""
    return msgspec.toml.decode(path.read_bytes(), type=_List).setting


def amount(text: str) -> float | None:
    """`14s`, `5min`, `64M` or `1` as seconds, bytes or a number; None for anything else."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or match[2] not in _UNITS:
        return None
    return float(match[1]) * _UNITS[match[2]]


def _is(value: str, bad: str) -> bool:
    """`ttyS0,115200` is ttyS0, `strict_gpiod=on` is strict_gpiod."""
    return value == bad or value.startswith((f"{bad},", f"{bad}="))


def _same(value: str) -> str:
    """Words that systemd takes for the same; a number stays one."""
    lower = value.strip().lower()
    return _SAME.get(lower, lower)
