"""The limit on instantaneous power, which protects the transformer."""

from __future__ import annotations

from edge.model.event import EventKind, Severity
from edge.model.spec import LostPolicy
from edge.model.status import Stage
from tests.core.shedding.plant import Panel, a_load, a_spec, block, power_kw, run_override

CALM = block(so_far_kw=100, target_kw=2000)


def test_emergency_ignores_min_run_and_sheds_down_to_the_release_level() -> None:
    panel = Panel(a_spec(a_load("a", 60, min_run_s=9000), a_load("b", 60), instant_limit_kw=1000))
    panel.step(0, power_kw(900), CALM, measured_kw=900)
    step = panel.step(100, power_kw(900), CALM, measured_kw=1000)
    assert (panel.shed, step.stage) == ([], Stage.CAUTION)
    step = panel.step(101, power_kw(900), CALM, measured_kw=1060)
    assert panel.moves() == [("a", True, "emergency"), ("b", True, "emergency")]
    assert (step.stage, step.why) == (Stage.SHED, "emergency:instant")
    facts = panel.events(EventKind.RELAY)[0].facts
    assert facts == {
        "shed": True,
        "reason": "emergency",
        "load_kw": 60.0,
        "limit": "instant",
        "projected_kw": 1060.0,
        "target_kw": 1000.0,
        "adjustable_kw": -60.0,
        "remaining_s": None,
    }


def test_emergency_waits_only_for_the_meter_before_shedding_more() -> None:
    panel = Panel(
        a_spec(a_load("a", 100, lead_s=2), a_load("b", 100), settle_s=60, instant_limit_kw=1000)
    )
    panel.step(0, power_kw(900), CALM, measured_kw=900)
    panel.step(100, power_kw(900), CALM, measured_kw=1040)
    assert panel.shed == ["a"]
    panel.step(106, power_kw(900), CALM, measured_kw=1040)
    assert panel.shed == ["a"]
    panel.step(107, power_kw(900), CALM, measured_kw=1040)
    assert panel.shed == ["a", "b"]


def test_emergency_that_finds_nothing_more_to_shed_is_at_its_limit() -> None:
    panel = Panel(a_spec(a_load("a", 50), a_load("hand", 50), instant_limit_kw=1000))
    panel.step(0, power_kw(900), CALM, measured_kw=900)
    step = panel.step(100, power_kw(900), CALM, measured_kw=1100, orders=(run_override("hand"),))
    assert (panel.shed, step.stage) == (["a"], Stage.LIMIT)
    assert step.alarms_active == ("stage:instant:limit", "override_run:hand")
    assert panel.events(EventKind.STAGE)[0].severity is Severity.ALARM


def test_emergency_suspends_max_shed_until_power_is_below_the_release_level() -> None:
    panel = Panel(a_spec(a_load("a", 100, max_shed_s=300), instant_limit_kw=1000))
    panel.step(0, power_kw(900), CALM, measured_kw=900)
    panel.step(100, power_kw(900), CALM, measured_kw=1040)
    panel.step(500, power_kw(900), CALM, measured_kw=960)
    assert (panel.shed, panel.last.why) == (["a"], "emergency:instant")
    panel.step(501, power_kw(900), CALM, measured_kw=950)
    assert (panel.shed, panel.last.why) == (["a"], "emergency")
    panel.step(502, power_kw(900), CALM, measured_kw=949)
    assert panel.moves() == [("a", False, "max_shed")]


def test_restoring_keeps_power_below_the_release_level_of_the_instant_limit() -> None:
    panel = Panel(a_spec(a_load("a", 100), instant_limit_kw=1000))
    panel.step(0, power_kw(900), CALM, measured_kw=900)
    panel.step(100, power_kw(900), CALM, measured_kw=1040)
    panel.step(200, power_kw(800), CALM, measured_kw=860)
    assert panel.last.why == "waiting_to_restore"
    panel.step(201, power_kw(800), CALM, measured_kw=850)
    assert panel.moves() == [("a", False, "restored")]


def test_emergency_is_judged_by_the_estimate_where_no_power_register_exists() -> None:
    panel = Panel(a_spec(a_load("a", 100), instant_limit_kw=1000))
    panel.step(0, power_kw(900), CALM)
    panel.step(100, power_kw(1040), CALM)
    assert panel.moves() == [("a", True, "emergency")]


def test_emergency_while_power_is_unknown_is_kept_until_the_lost_policy_acts() -> None:
    spec = a_spec(
        a_load("a", 100, max_shed_s=300), instant_limit_kw=1000, lost_policy=LostPolicy.HOLD
    )
    panel = Panel(spec)
    panel.step(0, power_kw(900), CALM, measured_kw=900)
    panel.step(100, power_kw(900), CALM, measured_kw=1040)
    panel.step(450, None, lost_since_s=400)
    assert (panel.shed, panel.last.stage, panel.state.emergency) == (["a"], Stage.SHED, True)
    panel.step(460, None, lost_since_s=400)
    assert (panel.moves(), panel.state.emergency) == ([("a", False, "max_shed")], False)


def test_no_load_counts_for_more_than_a_register_shows_while_the_estimate_is_missing() -> None:
    panel = Panel(a_spec(a_load("a", 5000), instant_limit_kw=1000))
    panel.step(0, None, measured_kw=900)
    panel.step(100, None, measured_kw=1040)
    assert panel.events(EventKind.RELAY)[0].facts["load_kw"] == 1040.0
