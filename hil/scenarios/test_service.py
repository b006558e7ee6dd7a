"""Service and machine are stopped in order, with and without a twin that is ready."""

from __future__ import annotations

import pytest

from hil.scenarios.guard import await_open
from hil.scenarios.terminal import type_in
from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import CALM_S, Scene

pytestmark = [pytest.mark.held(), pytest.mark.covers("STOP")]

_POWER_OFF = "systemctl poweroff"
_REBOOT = "systemctl reboot"
_POWER_OFF_BY_FORCE = "poweroff -f"
_REBOOT_BY_FORCE = "reboot -f"


@pytest.mark.covers("S13")
def test_service_stopped_on_duty_hands_over_first(scene: Scene) -> None:
    """The service on duty is stopped, its twin is ready. Expected: the duty is handed over before
    the end, with no longer rest of the line than in quiet times; started again, it stands by.
    """
    old, new = scene.begin()
    old.stop_service()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.rest_s)
    old.start_service()
    assert scene.settled() == (new, old)


def test_service_stopped_at_the_standby_disturbs_nothing(scene: Scene) -> None:
    """The standby's service is stopped and started. Expected: no role changes, no gap."""
    active, standby = scene.begin()
    standby.stop_service()
    scene.await_told(active, "twin alone")
    standby.start_service()
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


def test_service_stopped_on_duty_without_a_twin_leaves_the_line_and_comes_back(
    scene: Scene,
) -> None:
    """The standby's service is stopped, then that on duty. Expected: it leaves the line, and
    nobody else drives it; started again it takes the duty. How long nobody was on duty is recorded.
    """
    alone, out = scene.begin()
    out.stop_service()
    scene.await_told(alone, "twin alone")
    alone.stop_service()
    stopped_ns = scene.bench.now_ns()
    scene.watch(CALM_S)
    assert scene.witness.of(since_ns=stopped_ns) == []
    alone.start_service()
    _record_rest(scene, alone, stopped_ns)
    out.start_service()
    assert scene.settled() == (alone, out)
    scene.assert_safe()


@pytest.mark.needs(Ability.SERVICES)
def test_poweroff_on_duty_with_a_twin_hands_over_first(scene: Scene) -> None:
    """`systemctl poweroff` on duty, its twin is ready. Expected: the service is stopped in order,
    so the twin has the duty at once; with power back the gateway stands by.
    """
    old, new = scene.begin()
    await_open(old)
    type_in(old, _POWER_OFF)
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    old.power_off()
    old.power_on()
    assert scene.settled() == (new, old)


@pytest.mark.needs(Ability.SERVICES)
def test_reboot_on_duty_with_a_twin_hands_over_first(scene: Scene) -> None:
    """`systemctl reboot` on duty, its twin is ready. Expected: the twin has the duty at once; the
    gateway comes back by itself and stands by; its watchdog has nothing to do.
    """
    old, new = scene.begin()
    await_open(old)
    type_in(old, _REBOOT)
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    assert scene.settled() == (new, old)
    assert scene.witness.resets(old.unit, scene.since_ns) == []


@pytest.mark.needs(Ability.SERVICES)
@pytest.mark.parametrize("way", [_POWER_OFF_BY_FORCE, _REBOOT_BY_FORCE])
def test_machine_stopped_on_duty_without_a_twin_comes_back_on_duty(scene: Scene, way: str) -> None:
    """The standby's service is stopped, then the machine on duty is powered off or rebooted, past
    the guard that refuses every orderly way (see `test_stopping.py`). Expected: nobody drives the
    line until it is back; it takes the duty then. The time is recorded.
    """
    alone, out = scene.begin()
    out.stop_service()
    scene.await_told(alone, "twin alone")
    ordered_ns = scene.bench.now_ns()
    type_in(alone, way)
    scene.wait("its end", lambda: alone.status() is None, scene.allowed.boot_s)
    if way == _POWER_OFF_BY_FORCE:
        alone.power_off()
        alone.power_on()
    _record_rest(scene, alone, ordered_ns)
    out.start_service()
    assert scene.settled() == (alone, out)
    scene.assert_safe()


def _record_rest(scene: Scene, alone: Gateway, since_ns: int) -> None:
    """How long nobody drove the line, until the unit is back."""
    scene.await_role(alone, "active", scene.allowed.boot_s + scene.allowed.alone_s)
    scene.await_query(alone, scene.bench.now_ns())
    now_ns = scene.bench.now_ns()
    rest = scene.witness.longest_silence(since_ns, now_ns)
    scene.measure(
        "nobody on duty",
        rest.length_s,
        "s",
        at_most=scene.allowed.boot_s + scene.allowed.alone_s,
    )
