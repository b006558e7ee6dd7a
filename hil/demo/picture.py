"""What a demo shows at one instant: the controller's own answer beside what the board has seen."""

from __future__ import annotations

from typing import Any

import msgspec

from hil.works import FEEDER


class Line(msgspec.Struct, frozen=True):
    """One thing that happened. `voice`: the `bench` did it, the `controller` said it, or the
    `witness` outside the gateways saw it.
    """

    at_s: float
    voice: str
    severity: str
    text: str


class UnitRow(msgspec.Struct, frozen=True):
    """One gateway of a pair: its role by shape and word, what it does, whether that is a fault."""

    unit: str
    mark: str
    does: str
    is_fault: bool


class PairPicture(msgspec.Struct, frozen=True):
    """`changes`: what the witness says of each change of the duty, oldest first. `hint`: what a
    viewer may do.
    """

    units: list[UnitRow]
    changes: list[str]
    hint: str

    @property
    def roles(self) -> str:
        return "   ".join(f"{row.mark} {row.unit}" for row in self.units)


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """`answer` is None while the controller says nothing; `snapshot` is the board's.

    `truth_uwh`: what the plant has taken since the boundary; None before the first one. Pulses are
    counted from the controller's start.
    """

    elapsed_s: float
    lasts_s: float
    clock: str
    title: str
    wiring: str
    answer: dict[str, Any] | None
    snapshot: dict[str, Any]
    truth_uwh: int | None
    lines: list[Line]
    sent_count: int = 0
    arrived_count: int = 0
    pair: PairPicture | None = None

    @property
    def truth_w(self) -> float:
        power_w: float = self.snapshot["power_w"][FEEDER]
        return power_w

    @property
    def status(self) -> dict[str, Any] | None:
        return self.answer["status"] if self.answer else None

    def limit(self, name: str) -> dict[str, Any] | None:
        """The controller's limit `demand` or `plan`."""
        limits = self.status["limits"] if self.status else []
        return next((limit for limit in limits if limit["name"] == name), None)
