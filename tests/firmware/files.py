"""Reads the files of firmware-config: each setting with its section and the reason above it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent.parent.parent / "firmware-config"


class Line(NamedTuple):
    """`optional`: it is commented out, to be taken where the hardware is there."""

    number: int
    section: str
    text: str
    reason: str
    optional: bool


def lines_of(name: str) -> list[Line]:
    """Every setting. A comment is `# text`; `#setting` is one that is switched off."""
    found: list[Line] = []
    section, reason, in_reason = "", [], False
    for number, raw in enumerate((FOLDER / name).read_text().splitlines(), 1):
        text = raw.strip()
        if text == "#" or text.startswith("# "):
            reason = [*reason, text[2:]] if in_reason else [text[2:]]
            in_reason = True
            continue
        in_reason = False
        if not text:
            reason = []
        elif text.startswith("["):
            section, reason = text.strip("[]"), []
        else:
            why = " ".join(reason)
            found.append(Line(number, section, text.lstrip("#"), why, text.startswith("#")))
    return found


def pairs_of(name: str) -> dict[str, str]:
    """Settings of the form `key = value` that are switched on."""
    parts = [line.text.partition("=") for line in lines_of(name) if not line.optional]
    return {key.strip(): value.strip() for key, _, value in parts}


def command_line() -> str:
    """What cmdline.add appends, in one line."""
    return " ".join(line.text for line in lines_of("boot/cmdline.add"))
