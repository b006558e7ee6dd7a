"""Finds the GPIO chip of the header among /dev/gpiochip*, by label, because its number moves.

A Raspberry Pi 5's header was gpiochip4 before and gpiochip0 since a kernel update. Opens and asks
only; claims no line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import gpiod

from edge.model.problem import Problem, ProblemsError

_NAME: Final = re.compile(r"gpiochip(\d+)")


def find_chip(labels: tuple[str, ...], devices: Path = Path("/dev")) -> str:
    """Path of the first chip that is there, trying `labels` in order; a label may also be a path.

    Raises ProblemsError that names the labels present when there is none, or when two chips bear
    the label.
    """
    present = _chips_by_label(devices)
    for label in labels:
        if label.startswith("/"):
            if gpiod.is_gpiochip_device(label):
                return label
            continue
        paths = present.get(label, [])
        if len(paths) > 1:
            raise ProblemsError((_ambiguous(label, paths),))
        if paths:
            return paths[0]
    raise ProblemsError((_absent(labels, present, devices),))


def _chips_by_label(devices: Path) -> dict[str, list[str]]:
    """Label to paths. Symbolic links are left out: some systems keep the old number as a link."""
    found = [
        (int(match[1]), path)
        for path in devices.iterdir()
        if (match := _NAME.fullmatch(path.name)) and not path.is_symlink()
    ]
    present: dict[str, list[str]] = {}
    for _, path in sorted(found):
        try:
            with gpiod.Chip(str(path)) as chip:
                present.setdefault(chip.get_info().label, []).append(str(path))
        except OSError as error:
            present.setdefault(f"({error.strerror})", []).append(str(path))
    return present


def _ambiguous(label: str, paths: list[str]) -> Problem:
    return Problem(
        where="gpio",
        what=f"more than one chip is labelled {label}",
        got=", ".join(paths),
        need="one",
        effect="not started",
        next_step="give the chip's path in the site file: board.gpio_chip",
    )


def _absent(labels: tuple[str, ...], present: dict[str, list[str]], devices: Path) -> Problem:
    listing = ", ".join(f"{path} {label}" for label, paths in present.items() for path in paths)
    return Problem(
        where="gpio",
        what="the header's chip was not found",
        got=listing or f"no {devices}/gpiochip*",
        need=" or ".join(labels),
        effect="not started",
        next_step="set board.model or board.gpio_chip in the site file; "
        "check that this user is in the group gpio",
    )
