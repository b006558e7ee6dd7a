"""Faults of outputs and contacts, and what they do to the commands."""

from __future__ import annotations

from edge.model.event import EventKind, Severity
from tests.core.shedding.plant import Panel, a_load, a_spec, block, power_kw, shed_override

CALM = block(so_far_kw=100)
OVER = block(so_far_kw=600)


def test_a_load_with_a_faulty_output_is_not_used_and_goes_to_its_safe_value() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b"), a_load("c", safe_shed=True), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(100), CALM)
    assert panel.shed == []
    panel.step(2, power_kw(640), OVER, relay_faults=("a",))
    assert panel.moves() == [("b", True, "projected_over")]
    assert panel.last.alarms_active == ("load:a:relay",)
    assert panel.events(EventKind.LOAD)[0].severity is Severity.ALARM
    panel.step(3, power_kw(540), OVER, relay_faults=("b", "c"))
    assert panel.moves() == [("b", False, "safe"), ("c", True, "safe")]
    assert [event.subject for event in panel.events(EventKind.LOAD)] == ["a", "b", "c"]


def test_a_faulty_output_beats_an_override() -> None:
    panel = Panel(a_spec(a_load("a"), settle_s=0))
    panel.step(0, power_kw(100), CALM)
    panel.step(1, power_kw(100), CALM, orders=(shed_override("a"),), relay_faults=("a",))
    assert panel.moves() == []
    panel.step(2, power_kw(100), CALM)
    assert panel.moves() == [("a", True, "override")]


def test_a_contact_that_stays_closed_after_lead_and_contact_time_is_stuck() -> None:
    panel = Panel(a_spec(a_load("a", has_feedback=True, lead_s=3), settle_s=0))
    panel.step(0, power_kw(100), CALM, closed={"a": True})
    panel.step(10, power_kw(200), CALM, closed={"a": True}, orders=(shed_override("a"),))
    panel.step(18, power_kw(100), CALM, closed={"a": True})
    assert panel.last.alarms_active == ()
    panel.step(19, power_kw(100), CALM, closed={"a": True})
    assert list(panel.last.alarms_active) == ["load:a:contact_stuck"]
    panel.step(20, power_kw(100), CALM, closed={"a": False})
    assert list(panel.last.alarms_active) == []


def test_an_open_contact_of_a_load_that_may_run_is_no_fault() -> None:
    panel = Panel(a_spec(a_load("a", has_feedback=True)))
    panel.step(0, power_kw(100), CALM, closed={"a": False})
    panel.step(100, power_kw(100), CALM)
    assert panel.last.alarms_active == ()


def test_min_run_of_a_load_that_starts_by_itself_counts_from_its_contact() -> None:
    panel = Panel(a_spec(a_load("a", has_feedback=True, min_run_s=60), settle_s=0))
    panel.step(0, power_kw(100), CALM, closed={"a": False})
    panel.step(100, power_kw(100), CALM, closed={"a": True})
    panel.step(159, power_kw(640), OVER)
    assert panel.shed == []
    panel.step(160, power_kw(640), OVER)
    assert panel.shed == ["a"]
