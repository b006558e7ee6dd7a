"""An adapter hangs, and its own machine revives it; a line is dead, and no adapter is touched.

What a gateway has done to its adapter is seen by the bench (the emulator's log of the device);
which rung it believes to have helped is in its journal.
"""

from __future__ import annotations

import pytest

from hil.suite.ability import Ability
from hil.suite.noted import NotedGateway
from hil.suite.scene import Scene

pytestmark = [
    pytest.mark.needs(Ability.USB_SWITCHED),
    pytest.mark.held(),
    pytest.mark.covers("HEAL"),
]

# 5 s until it is deaf, 12 s of patience, and 20 s for a reply after each of two rungs that do not
# help; twice that, since an emulated processor takes its time.
_SWITCHED_S = 150.0
# The rung's own answer and the next query of the twin.
_HEALED_S = 45.0
# Longer than all gentle rungs together would take.
_DEAD_S = 100.0
_AUTHORIZE = 3
_REBOOT = 7
# By the rungs' own limits up to six minutes; and an emulated processor takes its time.
_LADDER_S = 600.0


def _outcomes(scene: Scene, gateway: NotedGateway) -> list[tuple[str, int | None]]:
    return [
        (event.facts["outcome"], event.facts.get("rung")) for event in scene.events(gateway, "heal")
    ]


def _await_healing(scene: Scene, gateway: NotedGateway) -> None:
    """Its machine switches the adapter off and on, and it hears its twin's queries again."""
    hung_ns = scene.bench.now_ns()
    scene.wait("the adapter switched off and on", gateway.usb.follow, _SWITCHED_S)
    heard_count = scene.twin(gateway)["heard_count"]
    scene.wait(
        "it hears the line again",
        lambda: scene.twin(gateway).get("heard_count", 0) > heard_count,
        _HEALED_S,
    )
    scene.measure("hung to heard", (scene.bench.now_ns() - hung_ns) / 1e9, "s")
    scene.wait(
        "told in the journal",
        lambda: ("healed", _AUTHORIZE) in _outcomes(scene, gateway),
        _HEALED_S,
    )
    tried = [rung for _, rung in _outcomes(scene, gateway) if rung]
    assert tried == [1, 2, _AUTHORIZE]


def test_adapter_that_hangs_at_the_standby_is_switched_off_and_on_by_it(scene: Scene) -> None:
    """The standby's adapter stays enumerated and carries nothing until its machine switches it off
    and on. Expected: the standby climbs its ladder to that rung and no further, hears the line
    again and says which rung helped; no role changes, no gap.
    """
    active, standby = scene.begin()
    standby.usb.hang()
    _await_healing(scene, standby)
    assert scene.settled() == (active, standby)
    assert _outcomes(scene, active) == []
    scene.assert_undisturbed()


@pytest.mark.soak
def test_adapter_that_nothing_revives_is_tried_on_every_rung_below_the_reboot(scene: Scene) -> None:
    """The standby's adapter carries nothing, whatever its machine does to it. Expected: every rung
    is tried once, in order, and told with its outcome; the reboot is left out on a machine that has
    not been up for hours; no role changes, no gap. When the port's power is cycled from outside the
    standby is ready again.
    """
    active, standby = scene.begin()
    standby.usb.die()
    scene.wait(
        "the reboot left out",
        lambda: ("skipped", _REBOOT) in _outcomes(scene, standby),
        _LADDER_S,
    )
    tried = [(outcome, rung) for outcome, rung in _outcomes(scene, standby) if rung]
    assert tried == [*(("no_reply", rung) for rung in range(1, _REBOOT)), ("skipped", _REBOOT)]
    standby.usb.cycle()
    assert scene.settled() == (active, standby)
    assert _outcomes(scene, active) == []
    scene.assert_undisturbed()


@pytest.mark.fresh
def test_adapter_that_hangs_on_duty_is_healed_after_the_duty_has_gone(scene: Scene) -> None:
    """The same on duty. Expected: the twin takes over, once, without a reset; the old one then
    heals its adapter beside the line that goes on, and is ready again.
    """
    old, new = scene.begin()
    old.usb.hang()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.swap_s)
    _await_healing(scene, old)
    assert scene.settled() == (new, old)
    scene.assert_safe()
    assert scene.witness.resets(old.unit, scene.since_ns) == []


@pytest.mark.fresh
def test_line_that_is_dead_for_both_is_no_reason_to_touch_an_adapter(scene: Scene) -> None:
    """The line is shorted. Expected: at most one swap, and neither gateway tries more than opening
    its port anew; the line is driven again when the short ends.
    """
    gateways = scene.begin()
    scene.bench.line.short(on=True)
    scene.watch(_DEAD_S)
    for gateway in gateways:
        assert all(rung in {None, 1} for _, rung in _outcomes(scene, gateway))
    scene.bench.line.short(on=False)
    scene.settled()
    assert not any(gateway.usb.follow() for gateway in gateways)
