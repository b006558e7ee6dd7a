"""Adjustable power, by the vector of a commercial controller's manual and at an interval's end."""

from __future__ import annotations

from math import inf

import pytest

from edge.model.outlook import LimitOutlook
from edge.model.units import NS_PER_MIN


def _outlook(elapsed_min: int) -> LimitOutlook:
    """A 30-min block of 500 kW with 260 kWh/T so far: P = 260 kW of the whole interval."""
    return LimitOutlook(
        name="demand",
        target_w=500_000.0,
        floor_w=None,
        binding="contract",
        base_w=260_000.0,
        base_w_low=260_000.0,
        base_w_high=260_000.0,
        gain_ratio=(30 - elapsed_min) / 30,
        interval_ns=30 * NS_PER_MIN,
        elapsed_ns=elapsed_min * NS_PER_MIN,
        remaining_ns=(30 - elapsed_min) * NS_PER_MIN,
        energy_uwh=0,
        partial=False,
    )


def test_adjustable_power_is_that_of_the_manual() -> None:
    """Fuji FM78: P 260 kW, 60 kW in 3 min, t 12, T 30, target 500 kW: R 620 kW, U -200 kW."""
    outlook = _outlook(12)
    rise_w = 60_000.0 / 3 * 30  # demand that rises by 60 kW in 3 min is this mean power
    projected_w = outlook.projected_w(rise_w)
    assert projected_w == pytest.approx(620_000.0)
    assert outlook.adjustable_w(projected_w) == pytest.approx(-200_000.0)


def test_adjustable_power_with_no_time_left_is_endless() -> None:
    outlook = _outlook(30)
    assert outlook.adjustable_w(500_000.0) == inf
    assert outlook.adjustable_w(500_001.0) == -inf
