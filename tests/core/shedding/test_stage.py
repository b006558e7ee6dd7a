"""The table of stages: entry, hysteresis, mask."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.shedding.stage import Signals, Thresholds, next_stage
from edge.model.status import Stage

THRESHOLDS = Thresholds(caution_ratio=0.9, hysteresis_ratio=0.02)


def seen(ratio: float = 0.5, **flags: bool) -> Signals:
    every = {"masked": False, "needed": False, "short": False, "held": False, "passed": False}
    return Signals(ratio=ratio, **{**every, **flags})


@pytest.mark.parametrize(
    ("before", "signals", "after"),
    [
        (Stage.NORMAL, seen(0.899), Stage.NORMAL),
        (Stage.NORMAL, seen(0.9), Stage.CAUTION),
        (Stage.NORMAL, seen(0.95, masked=True), Stage.NORMAL),
        (Stage.CAUTION, seen(0.881), Stage.CAUTION),
        (Stage.CAUTION, seen(0.88), Stage.NORMAL),
        (Stage.CAUTION, seen(0.95, masked=True), Stage.NORMAL),
        (Stage.NORMAL, seen(1.05, needed=True), Stage.SHED),
        (Stage.NORMAL, seen(1.05, needed=True, masked=True), Stage.SHED),
        (Stage.SHED, seen(0.5, held=True), Stage.SHED),
        (Stage.SHED, seen(0.981), Stage.SHED),
        (Stage.SHED, seen(0.98), Stage.CAUTION),
        (Stage.SHED, seen(0.981, masked=True), Stage.NORMAL),
        (Stage.SHED, seen(0.5), Stage.NORMAL),
        (Stage.SHED, seen(1.1, needed=True, short=True), Stage.LIMIT),
        (Stage.LIMIT, seen(1.1, needed=True), Stage.LIMIT),
        (Stage.LIMIT, seen(0.97, held=True), Stage.SHED),
        (Stage.LIMIT, seen(0.99), Stage.SHED),
        (Stage.LIMIT, seen(1.1, needed=True, passed=True), Stage.OVER),
        (Stage.OVER, seen(1.1, needed=True), Stage.LIMIT),
        (Stage.OVER, seen(0.1, masked=True), Stage.NORMAL),
        (Stage.OVER, seen(0.1, masked=True, held=True), Stage.SHED),
    ],
)
def test_stage_after_a_scan(before: Stage, signals: Signals, after: Stage) -> None:
    assert next_stage(before, signals, THRESHOLDS) is after


@given(
    st.sampled_from(Stage),
    st.floats(0.0, 2.0),
    st.fixed_dictionaries(
        {name: st.booleans() for name in ("masked", "needed", "short", "held", "passed")}
    ),
)
def test_stage_with_unchanged_signals_stays_where_it_went(
    before: Stage, ratio: float, flags: dict[str, bool]
) -> None:
    """Property: no stage oscillates while nothing changes."""
    signals = seen(ratio, **flags)
    after = next_stage(before, signals, THRESHOLDS)
    assert next_stage(after, signals, THRESHOLDS) is after
