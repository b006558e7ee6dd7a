"""Overrides by hand: taken, refused, expired, and always under the interlock."""

from __future__ import annotations

from datetime import time

import msgspec
import pytest

from edge.core.shedding.state import SheddingState
from edge.model.event import EventKind, Severity
from edge.model.order import Override, OverrideMode
from edge.model.spec import DailyWindow, LoadKind
from edge.model.units import NS_PER_S
from tests.core.shedding.plant import (
    Panel,
    a_load,
    a_spec,
    block,
    end_override,
    power_kw,
    run_override,
    shed_override,
)

CALM = block(so_far_kw=100)
OVER = block(so_far_kw=600)


def test_override_to_shed_holds_until_its_expiry_and_then_leaves_it_to_automation() -> None:
    panel = Panel(a_spec(a_load("a"), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(200), CALM, orders=(shed_override("a", 60),))
    assert panel.moves() == [("a", True, "override")]
    [event] = panel.events(EventKind.OVERRIDE)
    assert (event.subject, event.severity) == ("a", Severity.INFO)
    assert event.facts == {"mode": "shed", "duration_s": 60.0, "who": "kim", "refused": None}
    assert panel.shedding.status(NS_PER_S)[0].override == "shed"
    panel.step(60, power_kw(100), CALM)
    assert (panel.shed, panel.last.events) == (["a"], [])
    panel.step(61, power_kw(590), block(so_far_kw=590))
    [event] = panel.events(EventKind.OVERRIDE)
    assert event.facts == {"mode": "auto", "expired": "shed", "cleared": True}
    assert (panel.shed, panel.last.why) == (["a"], "waiting_to_restore")
    panel.step(62, power_kw(100), CALM)
    assert panel.moves() == [("a", False, "restored")]


def test_override_is_ended_at_once_by_auto() -> None:
    panel = Panel(a_spec(a_load("a"), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(100), CALM, orders=(shed_override("a"),))
    panel.step(2, power_kw(100), CALM, orders=(end_override("a"),))
    assert panel.moves() == [("a", False, "restored")]


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (shed_override("x"), "unknown_load"),
        (shed_override("a", 0), "duration_not_positive"),
        (Override("a", OverrideMode.RUN, -1, "kim"), "duration_not_positive"),
    ],
)
def test_override_that_makes_no_sense_is_refused(order: Override, refused: str) -> None:
    panel = Panel(a_spec(a_load("a"), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(100), CALM, orders=(order,))
    [event] = panel.last.events
    assert (event.severity, event.facts["refused"]) == (Severity.WARNING, refused)
    assert panel.state.loads["a"].override is None


def test_override_to_run_is_honoured_at_the_limit_and_alarms() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b"), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(800), OVER, orders=(run_override("a", 60),))
    assert panel.shed == ["b"]
    assert panel.last.alarms_active == ("stage:demand:limit", "override_run:a")
    alarm = panel.events(EventKind.OVERRIDE)[-1]
    assert (alarm.severity, alarm.facts) == (
        Severity.ALARM,
        {"mode": "run", "stage": "limit", "cleared": False},
    )
    panel.step(61, power_kw(720), OVER)
    assert panel.moves() == [("a", True, "projected_over")]
    assert panel.events(EventKind.OVERRIDE)[-1].facts["cleared"] is True
    assert list(panel.last.alarms_active) == ["stage:demand:limit"]


def test_override_to_run_brings_a_shed_load_back_after_its_min_shed() -> None:
    panel = Panel(a_spec(a_load("a", min_shed_s=120)))
    panel.step(0, power_kw(100), CALM)
    panel.step(100, power_kw(650), OVER)
    panel.step(101, power_kw(650), OVER, orders=(run_override("a"),))
    assert panel.shed == ["a"]
    panel.step(219, power_kw(650), OVER)
    assert panel.shed == ["a"]
    panel.step(220, power_kw(650), OVER)
    assert panel.moves() == [("a", False, "override")]


def test_override_to_shed_yields_to_max_shed_and_essential_hours() -> None:
    hours = (DailyWindow(time(1), time(2), frozenset()),)
    panel = Panel(a_spec(a_load("a", max_shed_s=300), a_load("b", essential=hours), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    orders = (shed_override("a", 9000), shed_override("b", 9000))
    panel.step(3000, power_kw(100), CALM, orders=orders)
    assert panel.shed == ["a", "b"]
    panel.step(3300, power_kw(100), CALM)
    assert panel.moves() == [("a", False, "max_shed")]
    panel.step(3600, power_kw(100), CALM)
    assert ("b", False, "essential") in panel.moves()
    panel.step(7199, power_kw(100), CALM)
    assert "b" not in panel.shed


def test_override_of_an_absorb_load_speaks_of_the_load_and_not_of_the_relay() -> None:
    panel = Panel(a_spec(a_load("heater", kind=LoadKind.ABSORB), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(100), CALM, orders=(run_override("heater", 10),))
    assert panel.moves() == [("heater", True, "override")]
    panel.step(11, power_kw(100), CALM)
    assert panel.moves() == [("heater", False, "plan_met")]


def test_override_that_expired_during_a_restart_is_over() -> None:
    spec = a_spec(a_load("a"), settle_s=0)
    panel = Panel(spec)
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(100), CALM, orders=(shed_override("a", 60),))
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(panel.state), type=SheddingState)
    again = Panel(spec, state)
    again.step(100, power_kw(100), CALM)
    assert again.events(EventKind.OVERRIDE)[0].facts["expired"] == "shed"
    assert again.moves() == [("a", False, "restored")]
