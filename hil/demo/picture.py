"""What a demo shows at one instant: the controller's own answer beside what the board has seen."""

from __future__ import annotations

from typing import Any

import msgspec

from hil.works import FEEDER


class Line(msgspec.Struct, frozen=True):
    """One thing that happened. `voice`: `bench` did it, or the `controller` said it."""

    at_s: float
    voice: str
    severity: str
    text: str


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
    sent_count: int
    arrived_count: int
    lines: list[Line]

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
