"""Disk and clock of a gateway: neither is needed to control."""

from __future__ import annotations

import pytest

from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import Scene

_HOUR_S = 3600.0
# Between two steps of a clock: several scans and heartbeats.
_BETWEEN_S = 0.6


@pytest.mark.needs(Ability.CLOCK)
@pytest.mark.covers("S17")
def test_clock_an_hour_ahead_and_back_at_either_gateway_changes_no_role(scene: Scene) -> None:
    """The wall clock of each gateway goes an hour ahead, an hour back, and right again. Expected:
    no role changes, no gap, no load moves.
    """
    active, standby = scene.begin()
    for gateway in (active, standby):
        for difference_s in (_HOUR_S, -_HOUR_S, 0.0):
            gateway.step_clock(difference_s)
            scene.watch(_BETWEEN_S)
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


@pytest.mark.needs(Ability.DISK)
@pytest.mark.covers("DISK")
def test_disk_full_on_duty_is_an_alarm_and_control_and_takeover_go_on(scene: Scene) -> None:
    """The disk of the gateway on duty is full. Expected: an alarm, and no role changes; the duty
    can be handed over, and the alarm ends when there is room again.
    """
    active, standby = scene.begin()
    active.fill_disk(on=True)

    def is_alarmed() -> bool:
        active.order("acknowledge")  # something for the journal to keep
        return active.status() is not None and _is_disk_alarm(active)

    scene.wait("the alarm of a full disk", is_alarmed)
    scene.assert_undisturbed()
    assert standby.order("handover", to=standby.unit)["ok"]
    taken = scene.takeover(active, standby)
    scene.measure("handover", taken.gap_s, "s", at_most=scene.allowed.rest_s)
    active.fill_disk(on=False)
    scene.wait("the alarm's end", lambda: not _is_disk_alarm(active))
    assert scene.settled() == (standby, active)


def _is_disk_alarm(gateway: Gateway) -> bool:
    """By its status: its journal can't take it now."""
    status = gateway.status()
    return status is None or "health disk" in status.answer["status"]["alarms"]
