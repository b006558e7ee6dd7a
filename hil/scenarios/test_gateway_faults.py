"""A gateway dies, hangs or loses power: the other has the duty in time, and no load moves."""

from __future__ import annotations

import pytest

from hil.suite.ability import Ability
from hil.suite.scene import CALM_S, Scene

# Its contacts are in series: it needs both gateways' coils.
_IN_SERIES = "ventilation"
# Longer than a lease, and well before the watchdog's time is over.
_PAUSE_S = 1.2


@pytest.mark.short
@pytest.mark.covers("S01")
def test_control_killed_on_duty_hands_over_by_its_farewell(scene: Scene) -> None:
    """The control process on duty is killed (-9). Expected: the other gateway has the duty and
    the line within half a second; no load moves; the killed one starts again and stands by. Where
    that takes longer than its watchdog bears it is reset first, as if its power had been cut.
    """
    old, new = scene.begin()
    old.kill_control()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    assert scene.settled() == (new, old)
    resets = scene.witness.resets(old.unit, scene.since_ns)
    scene.measure("resets by the watchdog", len(resets), at_most=scene.allowed.resets_of_killed)
    moved = {move.load for move in scene.witness.load_moves(scene.since_ns)}
    assert moved <= ({_IN_SERIES} if resets else set())


@pytest.mark.covers("S02")
def test_gateway_that_hangs_is_reset_and_taken_over_in_time(scene: Scene) -> None:
    """All processes on duty stop in their tracks. Expected: its watchdog resets it, once; the
    other gateway has the duty in time; no load with parallel contacts moves; the hung one boots and
    stands by.
    """
    old, new = scene.begin()
    old.hang()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.silent_s)
    assert scene.settled() == (new, old)
    assert len(scene.witness.resets(old.unit, scene.since_ns)) == 1


@pytest.mark.covers("S02")
def test_gateway_that_hangs_for_a_second_never_drives_beside_its_twin(scene: Scene) -> None:
    """All processes on duty stop, and go on after a second, before the watchdog's time is over.
    Expected: never two on the line, no reset, and one on duty and one ready in the end.
    """
    old, _ = scene.begin()
    old.hang()
    scene.watch(_PAUSE_S)
    old.wake()
    scene.settled()
    scene.watch(CALM_S)
    scene.assert_safe()
    assert scene.witness.resets(old.unit, scene.since_ns) == []


@pytest.mark.short
@pytest.mark.needs(Ability.POWER)
@pytest.mark.covers("S03")
def test_power_cut_on_duty_is_taken_over_in_time(scene: Scene) -> None:
    """The gateway on duty loses its power, and gets it back after the takeover. Expected: the
    other one has the duty in time; loads with parallel contacts stay as they are; the one with
    contacts in series is shed until the power is back.
    """
    old, new = scene.begin()
    old.power_off()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.silent_s)
    old.power_on()
    assert scene.settled() == (new, old)
    moves = [move for move in scene.witness.load_moves(scene.since_ns) if move.load == _IN_SERIES]
    assert [move.shed for move in moves] == [True, False]


@pytest.mark.short
@pytest.mark.needs(Ability.OWN_KERNEL)
@pytest.mark.covers("S02")
def test_kernel_panic_on_duty_is_reset_and_taken_over_in_time(scene: Scene) -> None:
    """The kernel of the gateway on duty panics. Expected: the watchdog resets it, once; the other
    gateway has the duty in time; the crashed one boots by itself and stands by.
    """
    old, new = scene.begin()
    old.crash_kernel()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.silent_s)
    assert scene.settled() == (new, old)
    assert len(scene.witness.resets(old.unit, scene.since_ns)) == 1


@pytest.mark.needs(Ability.POWER)
@pytest.mark.covers("S03")
def test_power_cut_at_the_standby_disturbs_nothing(scene: Scene) -> None:
    """The standby loses its power and gets it back. Expected: the line is driven on without a
    gap, no load with parallel contacts moves; the one on duty says that it is alone meanwhile.
    """
    active, standby = scene.begin()
    standby.power_off()
    scene.await_told(active, "twin alone")
    standby.power_on()
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()
