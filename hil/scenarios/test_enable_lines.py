"""Tier 1: a one-shot beside each gateway takes its drivers away, and the peer sees it."""

from __future__ import annotations

import pytest

from hil.scenarios.works import enabled_works
from hil.suite.ability import Ability
from hil.suite.scene import Scene

pytestmark = [
    pytest.mark.needs(Ability.ENABLE_LINES),
    pytest.mark.works(enabled_works()),
]


@pytest.mark.covers("S01")
def test_control_killed_with_enable_lines_hands_over_by_its_farewell(scene: Scene) -> None:
    """The control process on duty is killed (-9). Expected: as without enable lines."""
    old, new = scene.begin()
    old.kill_control()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    assert scene.settled() == (new, old)


@pytest.mark.needs(Ability.POWER)
@pytest.mark.covers("S04")
def test_power_cut_with_enable_lines_is_taken_over_as_soon_as_the_line_is_low(
    scene: Scene,
) -> None:
    """The gateway on duty loses its power. Expected: its enable line goes low, and the other
    gateway has the duty without waiting for the watchdog's time.
    """
    old, new = scene.begin()
    old.power_off()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.enabled_s)
    old.power_on()
    assert scene.settled() == (new, old)


@pytest.mark.covers("S02", "S04")
def test_gateway_that_hangs_with_enable_lines_is_taken_over_before_its_reset(
    scene: Scene,
) -> None:
    """All processes on duty stop, and go on after the takeover. Expected: the other gateway has
    the duty before the watchdog's time is over; nothing of the hung one is on the line afterwards.
    """
    old, new = scene.begin()
    old.hang()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.enabled_s)
    old.wake()
    assert scene.settled() == (new, old)
    assert scene.witness.of(old.unit, taken.first_ns) == []
    scene.assert_safe()
