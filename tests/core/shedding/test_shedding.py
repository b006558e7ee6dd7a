"""Whole scans: shedding for limits, settling, stages and the records of why."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.shedding.state import SheddingState
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import SetLimit
from edge.model.scan import RelayCommand
from edge.model.status import LoadStatus, Stage
from edge.model.units import NS_PER_S
from tests.core.shedding.plant import Panel, a_load, a_spec, block, power_kw, shed_override

OVER = block(so_far_kw=600)


def test_shedding_under_the_target_commands_every_load_to_run() -> None:
    panel = Panel(a_spec(a_load("fan"), a_load("oven")))
    step = panel.step(1000, power_kw(500), block())
    assert step.relays == (RelayCommand("fan", False), RelayCommand("oven", False))
    assert (step.stage, step.why, step.alarms_active, step.events) == (
        Stage.NORMAL,
        "normal",
        (),
        [],
    )


def test_shedding_over_the_target_moves_the_least_sufficient_load_and_says_why() -> None:
    panel = Panel(a_spec(a_load("oven", 200), a_load("fan", 50)))
    panel.step(900, power_kw(500), block(so_far_kw=500))
    step = panel.step(1000, power_kw(640), OVER)
    assert step.relays == (RelayCommand("oven", False), RelayCommand("fan", True))
    assert (step.stage, step.why) == (Stage.SHED, "shedding:demand")
    situation: dict[str, Fact] = {
        "limit": "demand",
        "projected_kw": 620.0,
        "target_kw": 600.0,
        "adjustable_kw": -40.0,
        "remaining_s": 900.0,
    }
    at = (1000 * NS_PER_S, 1000 * NS_PER_S)
    fan: dict[str, Fact] = {"shed": True, "reason": "projected_over", "load_kw": 50.0, **situation}
    stage: dict[str, Fact] = {"from": "normal", "to": "shed", "cleared": False, **situation}
    assert step.events == [
        Event(*at, EventKind.RELAY, "fan", Severity.INFO, fan),
        Event(*at, EventKind.STAGE, "demand", Severity.WARNING, stage),
    ]


def test_shedding_of_several_loads_at_once_when_the_need_says_so() -> None:
    panel = Panel(
        a_spec(a_load("a"), a_load("b"), a_load("c", priority=2), a_load("d", priority=3))
    )
    panel.step(900, power_kw(500), block(so_far_kw=500))
    panel.step(1000, power_kw(850), OVER)
    assert panel.moves() == [(name, True, "projected_over") for name in "abc"]


def test_shedding_while_settling_waits_for_the_response() -> None:
    panel = Panel(a_spec(a_load("a", lead_s=5), a_load("b"), settle_s=20))
    panel.step(900, power_kw(500), block())
    panel.step(1000, power_kw(640), OVER)
    assert panel.shed == ["a"]
    for at_s in (1001, 1010, 1024):
        assert panel.step(at_s, power_kw(760), OVER).why == "settling:demand"
        assert panel.shed == ["a"]
    panel.step(1025, power_kw(680), OVER)
    assert panel.moves() == [("b", True, "projected_over")]


def test_shedding_while_settling_at_the_end_acts_on_what_the_last_action_cannot_cover() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b"), settle_s=60))
    panel.step(900, power_kw(500), block())
    panel.step(1770, power_kw(650), block(so_far_kw=600, elapsed_s=1770))
    assert panel.shed == ["a"]
    panel.step(1772, power_kw(690), block(so_far_kw=600, elapsed_s=1772))
    assert panel.shed == ["a"]
    assert panel.last.why == "settling:demand"
    panel.step(1774, power_kw(710), block(so_far_kw=600, elapsed_s=1774))
    assert panel.shed == ["a", "b"]


def test_shedding_while_settling_does_not_wait_until_what_is_left_is_too_little() -> None:
    """200 kW are left for a need of 125 kW over 100 s; after 60 s more they free 80 kW of it."""
    panel = Panel(a_spec(a_load("a"), a_load("b"), a_load("c"), settle_s=60))
    panel.step(900, power_kw(500), block())
    panel.step(1698, power_kw(640), block(so_far_kw=600, elapsed_s=1698))
    assert panel.shed == ["a"]
    panel.step(1699, power_kw(680), block(so_far_kw=600, elapsed_s=1699))
    assert panel.shed == ["a"]
    panel.step(1700, power_kw(825), block(so_far_kw=600, elapsed_s=1700))
    assert panel.shed == ["a", "b", "c"]


def test_shedding_for_two_limits_follows_the_one_that_needs_most() -> None:
    panel = Panel(a_spec(a_load("small", 20), a_load("large", 100)))
    panel.step(900, power_kw(500), block())
    plan = block(name="plan", so_far_kw=600, target_kw=580)
    step = panel.step(1000, power_kw(610), OVER, plan)
    assert panel.moves() == [("large", True, "projected_over")]
    assert step.why == "shedding:demand:plan"
    assert [event.facts["limit"] for event in panel.events(EventKind.RELAY)] == ["plan"]
    assert panel.state.stages == {"demand": Stage.SHED, "plan": Stage.SHED}


def test_shedding_when_nothing_is_left_is_at_its_limit_and_alarms() -> None:
    panel = Panel(a_spec(a_load("a"), settle_s=10))
    panel.step(900, power_kw(500), block())
    step = panel.step(1000, power_kw(800), OVER)
    assert (panel.shed, step.stage, step.why) == (["a"], Stage.LIMIT, "short:demand")
    assert step.alarms_active == ("stage:demand:limit",)
    assert panel.events(EventKind.STAGE)[0].severity is Severity.ALARM
    assert panel.events(EventKind.RELAY)[0].facts["adjustable_kw"] == -100.0
    step = panel.step(1100, power_kw(700), OVER)
    assert (panel.moves(), step.stage) == ([], Stage.LIMIT)


def test_shedding_of_a_load_with_lead_time_counts_only_what_it_frees_in_time() -> None:
    panel = Panel(a_spec(a_load("slow", 100, lead_s=450), a_load("quick", 100, priority=2)))
    panel.step(900, power_kw(500), block(so_far_kw=100))
    panel.step(1400, power_kw(650), OVER)
    assert panel.moves() == [("slow", True, "projected_over")]
    panel = Panel(a_spec(a_load("slow", 100, lead_s=450), a_load("quick", 100, priority=2)))
    panel.step(900, power_kw(500), block(so_far_kw=100))
    panel.step(1400, power_kw(660), OVER)
    assert panel.moves() == [(name, True, "projected_over") for name in ("slow", "quick")]


def test_shedding_of_a_load_whose_lead_time_outlasts_the_interval_is_not_tried() -> None:
    panel = Panel(a_spec(a_load("slow", 100, lead_s=450)))
    panel.step(900, power_kw(500), block(so_far_kw=100))
    panel.step(1400, power_kw(700), block(so_far_kw=600, elapsed_s=1350))
    assert panel.moves() == []
    assert panel.last.stage is Stage.LIMIT


def test_shedding_rotates_the_members_of_a_group() -> None:
    panel = Panel(a_spec(*(a_load(name, group="ovens") for name in "abc")))
    panel.step(900, power_kw(500), block())
    order = []
    for at_s in (1000, 2000, 3000, 4000):
        panel.step(at_s, power_kw(650), OVER)
        order += panel.moves()
        panel.step(at_s + 500, power_kw(300), block(so_far_kw=300))
    assert [name for name, _, _ in order] == ["a", "b", "c", "a"]


def test_shedding_of_the_only_load_of_a_group_yields_to_a_smaller_one() -> None:
    panel = Panel(a_spec(a_load("large", 200, group="ovens"), a_load("small", 60)))
    panel.step(900, power_kw(500), block())
    panel.step(1000, power_kw(650), OVER)
    assert panel.shed == ["small"]


def test_shedding_without_power_or_limits_moves_nothing() -> None:
    panel = Panel(a_spec(a_load("a", safe_shed=True)))
    assert panel.step(0, None, block()).why == "starting"
    assert panel.step(100, power_kw(10)).why == "starting"
    assert panel.shed == ["a"]


def test_shedding_that_starts_from_safe_values_brings_the_loads_back_by_the_same_rules() -> None:
    panel = Panel(a_spec(a_load("a", safe_shed=True, min_shed_s=60), a_load("b")))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    assert panel.shed == ["a"]
    panel.step(59, power_kw(100), block(so_far_kw=100))
    assert panel.moves() == []
    panel.step(60, power_kw(100), block(so_far_kw=100))
    assert panel.moves() == [("a", False, "restored")]


def test_shedding_passes_over_orders_that_are_not_overrides() -> None:
    panel = Panel(a_spec(a_load("a")))
    step = panel.step(0, power_kw(1), block(), orders=(SetLimit(1.0, 0, 1, "utility"),))
    assert step.events == []


def test_stage_of_a_limit_that_is_gone_is_forgotten() -> None:
    panel = Panel(a_spec(a_load("a")))
    panel.step(900, power_kw(590), block(so_far_kw=590), block(so_far_kw=590, name="plan"))
    assert panel.state.stages == {"demand": Stage.CAUTION, "plan": Stage.CAUTION}
    panel.step(901, None, block(so_far_kw=590))
    assert panel.state.stages == {"demand": Stage.CAUTION, "plan": Stage.CAUTION}
    panel.step(902, power_kw(100), block(so_far_kw=100))
    assert panel.state.stages == {"demand": Stage.NORMAL}
    cleared = panel.events(EventKind.STAGE)[0]
    assert (cleared.severity, cleared.facts["cleared"]) == (Severity.INFO, True)


def test_stage_of_an_interval_that_has_passed_its_target_is_over() -> None:
    panel = Panel(a_spec(a_load("a")))
    step = panel.step(900, power_kw(10), block(so_far_kw=1300))
    assert (step.stage, step.alarms_active) == (Stage.OVER, ("stage:demand:over",))


def test_stage_is_not_over_while_only_energy_not_metered_yet_could_have_passed_the_target() -> None:
    panel = Panel(a_spec(a_load("a")))
    step = panel.step(900, power_kw(10), block(so_far_kw=1199, unmetered_kw=1))
    assert step.stage is Stage.LIMIT
    step = panel.step(901, power_kw(10), block(so_far_kw=1203, unmetered_kw=1))
    assert step.stage is Stage.OVER


def test_stage_is_not_held_by_a_load_that_an_operator_keeps_off() -> None:
    panel = Panel(a_spec(a_load("a")))
    panel.step(900, power_kw(500), block())
    panel.step(1000, power_kw(650), OVER)
    step = panel.step(1001, power_kw(400), block(), orders=(shed_override("a"),))
    assert (panel.shed, step.stage) == (["a"], Stage.NORMAL)


@pytest.mark.parametrize(("now_kw", "stage"), [(0.0, Stage.NORMAL), (1.0, Stage.SHED)])
def test_stage_with_a_target_of_nothing_is_passed_by_any_power(now_kw: float, stage: Stage) -> None:
    panel = Panel(a_spec(a_load("a", 0.001), settle_s=0))
    step = panel.step(900, power_kw(now_kw), block(so_far_kw=0, target_kw=0))
    assert min(step.stage, Stage.SHED) is stage


def test_status_tells_position_reason_and_time_until_the_load_may_move() -> None:
    panel = Panel(a_spec(a_load("a", min_shed_s=300), a_load("b", has_feedback=True)))
    assert panel.shedding.status(0)[0].since_s == 0.0
    panel.step(900, power_kw(500), block())
    panel.step(1000, power_kw(650), OVER, closed={"b": True})
    assert panel.shedding.status(1060 * NS_PER_S) == (
        LoadStatus("a", True, None, 100e3, "projected_over", 60.0, 240.0, None, None),
        LoadStatus("b", False, True, 100e3, "safe", 160.0, 0.0, None, None),
    )


def test_state_of_loads_that_left_the_site_file_is_dropped_and_of_others_kept() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b")))
    panel.step(900, power_kw(500), block())
    panel.step(1000, power_kw(750), OVER)
    assert panel.shed == ["a", "b"]
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(panel.state), type=SheddingState)
    again = Panel(a_spec(a_load("b"), a_load("c")), kept)
    assert sorted(kept.loads) == ["b", "c"]
    assert again.shedding.relays == (RelayCommand("b", True), RelayCommand("c", False))
    again.step(1001, power_kw(750), OVER)
    assert again.shed == ["b"]
