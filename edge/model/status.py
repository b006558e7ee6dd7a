"""A picture of the controller for people: what `status` prints. It decides nothing."""

from __future__ import annotations

import enum

from msgspec import Struct


class Stage(enum.IntEnum):
    """NORMAL; CAUTION: the projection is near the target; SHED: loads are being shed; LIMIT:
    everything that may be shed is shed and the projection still passes; OVER: the interval has
    passed its target.
    """

    NORMAL = 0
    CAUTION = 1
    SHED = 2
    LIMIT = 3
    OVER = 4


class LoadStatus(Struct, frozen=True):
    """One load. `reason` is the code of its last move; `wait_s`: seconds until it may move."""

    name: str
    shed: bool
    on: bool | None
    learned_w: float
    reason: str
    since_s: float
    wait_s: float
    override: str | None
    fault: str | None


class SourceStatus(Struct, frozen=True):
    """One source of energy: its age and whether it is the one in use."""

    name: str
    in_use: bool
    ok: bool
    age_s: float | None


class LimitStatus(Struct, frozen=True):
    """One limit that is being held: ``demand`` or ``plan``, with its own interval. Powers in W.

    `adjustable_w` is None once no time is left in which power could change the demand.
    """

    name: str
    target_w: float
    binding: str
    energy_kwh: float
    demand_w: float
    projected_w: float
    projected_w_low: float
    projected_w_high: float
    adjustable_w: float | None
    elapsed_s: float
    remaining_s: float


class Status(Struct, frozen=True):
    """The controller at one instant."""

    mono_ns: int
    utc_ns: int
    clock_trust: str
    site: str
    stage: Stage
    power_w: float | None
    metering: str
    limits: tuple[LimitStatus, ...]
    sources: tuple[SourceStatus, ...]
    loads: tuple[LoadStatus, ...]
    alarms: tuple[str, ...]
    why: str
