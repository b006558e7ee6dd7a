"""What a figure is, and the row of the table that comes out of it. Nothing is measured here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

Verdict = Literal["met", "missed", "shown", "not installed", "failed"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. `shown` is the verdict where there is nothing to reach.

    `numbers` are what stands in `measured`, for machines: names carry units.
    """

    figure: str
    what: str
    measured: str
    target: str = ""
    verdict: Verdict = "shown"
    against: str = ""
    numbers: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How long to measure, and where. `step` tells what is being done just now.

    `loaded_s` is the length of each half of the loaded run. `quick` is for trying the bench out:
    its figures are too coarse to publish.
    """

    folder: Path
    quick: bool
    loaded_s: float
    step: Callable[[str], None]

    def pick(self, full: int, quick: int) -> int:
        return quick if self.quick else full


class Figure(msgspec.Struct, frozen=True):
    """`duration_s` is about how long `measure` takes in a run."""

    name: str
    title: str
    duration_s: Callable[[Run], float]
    measure: Callable[[Run], list[Row]]


def verdict(is_met: bool) -> Verdict:
    return "met" if is_met else "missed"
