"""The table of stages: what brings each limit into a stage and what keeps it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from edge.model.status import Stage


class Signals(Struct, frozen=True, gc=False):
    """What is seen of one limit in one scan.

    `ratio`: projection over target. `needed`: something must go. `short`: not enough is left to go.
    `held`: loads are off for this limit. `passed`: demand is past the target even without any
    power.
    """

    ratio: float
    masked: bool
    needed: bool
    short: bool
    held: bool
    passed: bool


class Thresholds(Struct, frozen=True, gc=False):
    """Ratios of the target: CAUTION begins at `caution_ratio`; a stage ends `hysteresis_ratio`
    below.
    """

    caution_ratio: float
    hysteresis_ratio: float


Condition = Callable[[Signals, Thresholds], bool]

# (stage, what enters it, what keeps it for a limit that was in it or in a worse one). The first row
# that holds is the stage; none: NORMAL.
TABLE: Final[tuple[tuple[Stage, Condition, Condition], ...]] = (
    (
        Stage.OVER,
        lambda s, _: s.passed,
        lambda s, _: s.passed,
    ),
    (
        Stage.LIMIT,
        lambda s, _: s.short,
        lambda s, _: s.needed,
    ),
    (
        Stage.SHED,
        lambda s, _: s.needed or s.held,
        lambda s, t: s.held or (not s.masked and s.ratio > 1.0 - t.hysteresis_ratio),
    ),
    (
        Stage.CAUTION,
        lambda s, t: not s.masked and s.ratio >= t.caution_ratio,
        lambda s, t: not s.masked and s.ratio > t.caution_ratio - t.hysteresis_ratio,
    ),
)


def next_stage(stage: Stage, signals: Signals, thresholds: Thresholds) -> Stage:
    """The stage of a limit that was in `stage`, after one scan."""
    for to, enters, stays in TABLE:
        if enters(signals, thresholds) or (stage >= to and stays(signals, thresholds)):
            return to
    return Stage.NORMAL
