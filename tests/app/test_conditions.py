"""Conditions of the gateway are handed on at each change and never twice."""

from __future__ import annotations

from edge.app.conditions import Conditions
from edge.model.scan import HealthSample


def test_condition_is_given_once_when_it_comes_and_once_when_it_goes() -> None:
    conditions = Conditions()
    conditions.say("disk", "", severe=True)
    assert conditions.changes() == ()
    conditions.say("disk", "full", severe=True)
    assert conditions.changes() == (HealthSample("disk", severe=True, text="full"),)
    conditions.say("disk", "fuller", severe=True)
    assert conditions.changes() == ()
    conditions.say("disk", "", severe=True)
    assert conditions.changes() == (HealthSample("disk", severe=True, text=""),)
    assert conditions.changes() == ()


def test_condition_that_comes_and_goes_between_two_scans_is_not_given() -> None:
    conditions = Conditions()
    conditions.say("disk", "full", severe=True)
    conditions.say("disk", "", severe=True)
    assert conditions.changes() == ()


def test_conditions_are_given_in_the_order_in_which_they_were_first_said() -> None:
    conditions = Conditions()
    conditions.say("wiring", "x", severe=True)
    conditions.say("clock", "y", severe=False)
    assert [sample.name for sample in conditions.changes()] == ["wiring", "clock"]
