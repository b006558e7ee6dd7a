"""Compares the pins of config.txt with those that the site file asks for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from edge.cli.doctor.result import CheckResult, ok, warn
from edge.cli.doctor.settings import config_txt_lines
from edge.config.boot_pins import BootPin, boot_pins
from edge.config.io import IoPlan

_GPIO: Final = re.compile(r"gpio=([0-9,\-]+)=([a-z0-9,]+)")


def check_boot_pins(io: IoPlan, root: Path = Path("/")) -> list[CheckResult]:
    """Nothing on machines without a config.txt, or without pins."""
    name = "pins at boot"
    lines = config_txt_lines(root)
    pins = [pin for pin in boot_pins(io) if pin.attributes.startswith("op")]
    if not lines or not pins:
        return []
    found = pins_of(lines)
    wrong = [pin for pin in pins if not _agrees(pin, found.get(pin.pin, ()))]
    if not wrong:
        return [ok(name, f"{len(pins)} outputs as config.txt has them")]
    shown = "; ".join(f"{pin.pin} ({pin.use})" for pin in wrong)
    advice = "from power-on to the first scan they float: append `denban boot-pins SITE`"
    return [warn(name, f"not in config.txt: {shown}", advice)]


def pins_of(lines: list[str]) -> dict[int, tuple[str, ...]]:
    """What config.txt says of each pin; a later line overrides an earlier one."""
    found: dict[int, tuple[str, ...]] = {}
    for match in filter(None, map(_GPIO.fullmatch, lines)):
        for part in match[1].split(","):
            first, _, last = part.partition("-")
            if not first or (last and not last.isdigit()):
                continue
            for pin in range(int(first), int(last or first) + 1):
                found[pin] = tuple(match[2].split(","))
    return found


def _agrees(pin: BootPin, attributes: tuple[str, ...]) -> bool:
    """Direction and level; a missing pull is not counted, the board has its own."""
    return set(pin.attributes.split(",")[:2]) <= set(attributes)
