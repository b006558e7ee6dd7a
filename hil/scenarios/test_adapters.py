"""The USB adapter of a gateway is pulled and put back, or dies until its port is cycled.

A swap for reasons of health comes once in ten minutes, so each fault on duty has a pair of its own.
"""

from __future__ import annotations

import pytest

from hil.scenarios.roles import promotions_count
from hil.suite.ability import Ability
from hil.suite.scene import CALM_S, Scene

pytestmark = [pytest.mark.needs(Ability.USB), pytest.mark.held()]


@pytest.mark.fresh
@pytest.mark.covers("S09")
def test_adapter_pulled_on_duty_and_put_back_moves_the_duty_once(scene: Scene) -> None:
    """The adapter on duty is pulled, and put back after the twin has taken over; then that of the
    new one. Expected: one swap of roles, no reset, nobody swaps twice; the line is driven again as
    soon as the adapter is back.
    """
    old, new = scene.begin()
    old.usb.pull()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.swap_s)
    old.usb.plug()
    assert scene.settled() == (new, old)
    new.usb.pull()
    scene.wait("the line given up", lambda: not scene.twin(new).get("holds_bus", True))
    scene.watch(scene.allowed.swap_s)
    assert scene.twin(new)["role"] == "active"
    new.usb.plug()
    plugged_ns = scene.bench.now_ns()
    first = scene.await_query(new, plugged_ns)
    scene.measure(
        "plugged to first query",
        (first.start_ns - plugged_ns) / 1e9,
        "s",
        at_most=scene.allowed.probed_s,
    )
    assert scene.settled() == (new, old)
    assert promotions_count(scene) == 1
    for gateway in (old, new):
        assert scene.witness.resets(gateway.unit, scene.since_ns) == []


@pytest.mark.fresh
@pytest.mark.needs(Ability.USB_POWER)
@pytest.mark.covers("S09")
def test_adapter_that_dies_on_duty_is_healed_by_cycling_its_port(scene: Scene) -> None:
    """The adapter on duty stays enumerated and carries nothing. Expected: the duty goes to the
    twin, once, without a reset; when the port's power is cycled the gateway is ready again.
    """
    old, new = scene.begin()
    old.usb.die()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.swap_s)
    scene.await_told(old, "twin receiver")
    old.usb.cycle()
    assert scene.settled() == (new, old)
    scene.wait("it hears again", lambda: not scene.is_wrong(old, "twin receiver"))
    scene.assert_safe()
    assert scene.witness.resets(old.unit, scene.since_ns) == []


@pytest.mark.short
@pytest.mark.covers("S09")
def test_adapter_pulled_at_the_standby_and_put_back_changes_no_role(scene: Scene) -> None:
    """The standby's adapter is pulled and put back. Expected: no role changes, no gap; it hears
    the line again.
    """
    active, standby = scene.begin()
    standby.usb.pull()
    scene.watch(CALM_S)
    heard_count = scene.twin(standby)["heard_count"]
    standby.usb.plug()
    scene.wait(
        "it hears the line again", lambda: scene.twin(standby).get("heard_count", 0) > heard_count
    )
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()
