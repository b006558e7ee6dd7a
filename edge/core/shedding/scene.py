"""What shedding sees in one scan, and what it wishes: the words between its parts."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.core.shedding.loads import Load
from edge.core.shedding.reason import MoveReason, Why
from edge.model.outlook import LimitOutlook, PowerEstimate

# Name of the limit on instantaneous power (the transformer's) among the others.
INSTANT: Final = "instant"


class Scene(Struct, frozen=True):
    """One scan. `power` is None while nothing is known of it; `measured_w` is the newest power
    itself.
    """

    now_mono_ns: int
    now_utc_ns: int
    limits: tuple[LimitOutlook, ...]
    power: PowerEstimate | None
    measured_w: float | None
    lost_since_mono_ns: int | None

    @property
    def power_w_max(self) -> float:
        """The most that any load can draw: what the site does; infinite while that is unknown."""
        if self.power is not None:
            return max(self.power.high_w, self.measured_w or 0.0)
        return float("inf") if self.measured_w is None else self.measured_w


class Wish(Struct, frozen=True):
    """Automation would have `load` on or off, for the limit of that name ("" for none)."""

    load: Load
    on: bool
    reason: MoveReason
    limit: str = ""


class Decision(Struct, frozen=True):
    """Wishes of one scan. `need_w`: what must go, by limit; `short`: limits that lack loads."""

    why: Why
    wishes: tuple[Wish, ...] = ()
    need_w: dict[str, float] = {}
    short: frozenset[str] = frozenset()
