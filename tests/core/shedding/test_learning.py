"""Real power learnt from the step after a switching, and the alarm when nothing moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.shedding.learning import Finding, judge, learn
from edge.core.shedding.loads import Load, first_state
from edge.core.shedding.state import Probe
from edge.model.event import EventKind, Severity
from edge.model.order import Order
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


def probe(*, turned_on: bool = False, noise_w: float = 0.0, expected_w: float = 100.0) -> Probe:
    return Probe(("a",), turned_on, 500.0, noise_w, expected_w, 0)


@pytest.mark.parametrize(
    ("taken", "after_w", "noise_w", "finding"),
    [
        (probe(), 400.0, 0.0, (Finding.MOVED, 100.0)),
        (probe(), 484.0, 0.0, (Finding.MOVED, 16.0)),
        (probe(), 485.0, 0.0, (Finding.NOTHING_MOVED, 15.0)),
        (probe(), 510.0, 0.0, (Finding.NOTHING_MOVED, -10.0)),
        (probe(), 550.0, 0.0, (Finding.UNTELLABLE, -50.0)),
        (probe(), 300.0, 0.0, (Finding.MOVED, 200.0)),
        (probe(), 299.0, 0.0, (Finding.UNTELLABLE, 201.0)),
        (probe(noise_w=49.0), 452.0, 0.0, (Finding.NOTHING_MOVED, 48.0)),
        (probe(noise_w=50.0), 400.0, 0.0, (Finding.UNTELLABLE, 100.0)),
        (probe(), 400.0, 50.0, (Finding.UNTELLABLE, 100.0)),
        (probe(turned_on=True), 600.0, 0.0, (Finding.MOVED, 100.0)),
        (probe(turned_on=True), 400.0, 0.0, (Finding.UNTELLABLE, -100.0)),
    ],
)
def test_judge_tells_a_response_from_noise_and_from_others(
    taken: Probe, after_w: float, noise_w: float, finding: tuple[Finding, float]
) -> None:
    assert judge(taken, after_w, noise_w) == finding


def test_learn_believes_half_of_the_first_step_and_a_quarter_of_later_ones() -> None:
    spec = a_load("a", 100)
    load = Load(0, spec, first_state(spec), 0)
    figures = []
    for step_w in (80e3, 80e3, 90e3):
        learn(load, step_w)
        figures.append(load.state.learned_w)
    assert figures == [90e3, 87.5e3, 88.125e3]


@given(st.lists(st.floats(0.0, 1e6), max_size=20))
def test_learn_moves_by_a_bounded_step_within_a_bounded_range(steps_w: list[float]) -> None:
    spec = a_load("a", 100)
    load = Load(0, spec, first_state(spec), 0)
    for step_w in steps_w:
        before_w = load.state.learned_w
        learn(load, step_w)
        assert abs(load.state.learned_w - before_w) <= 25e3 + 1e-6
        assert 5e3 <= load.state.learned_w <= 200e3


def switched(panel: Panel, *orders: Order, at_s: float, before_kw: float, after_kw: float) -> None:
    """Give `orders`, then look again when the response must have come."""
    panel.step(at_s, power_kw(before_kw, 2), CALM, orders=orders)
    panel.step(at_s + 20, power_kw(after_kw, 2), CALM)


def test_shedding_learns_from_both_edges_of_a_single_load() -> None:
    panel = Panel(a_spec(a_load("a", 100), a_load("b")))
    panel.step(0, power_kw(300), CALM)
    switched(panel, shed_override("a"), at_s=100, before_kw=300, after_kw=240)
    assert panel.state.loads["a"].learned_w == 80e3
    switched(panel, end_override("a"), at_s=200, before_kw=240, after_kw=300)
    assert panel.state.loads["a"].learned_w == 75e3
    assert panel.state.loads["b"].learned_w == 100e3


def test_shedding_does_not_attribute_a_step_to_one_of_several_that_moved_together() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b")))
    panel.step(0, power_kw(500), CALM)
    orders = (shed_override("a"), shed_override("b"))
    switched(panel, *orders, at_s=100, before_kw=500, after_kw=350)
    assert [load.learned_w for load in panel.state.loads.values()] == [100e3, 100e3]
    assert panel.last.alarms_active == ()


def test_shedding_does_not_learn_when_one_load_goes_as_another_comes() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b", safe_shed=True)))
    panel.step(0, power_kw(500), block(so_far_kw=590))
    orders = (shed_override("a"), run_override("b"))
    switched(panel, *orders, at_s=100, before_kw=500, after_kw=400)
    assert [load.learned_count for load in panel.state.loads.values()] == [0, 0]


def test_shedding_does_not_learn_when_a_second_move_falls_into_the_response() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b")))
    panel.step(0, power_kw(500), CALM)
    panel.step(100, power_kw(500), CALM, orders=(shed_override("a"),))
    panel.step(105, power_kw(500), CALM, orders=(shed_override("b"),))
    panel.step(130, power_kw(400), CALM)
    assert [load.learned_count for load in panel.state.loads.values()] == [0, 0]


def test_shedding_does_not_learn_while_power_is_unknown() -> None:
    panel = Panel(a_spec(a_load("a")))
    panel.step(0, power_kw(500), CALM)
    panel.step(100, power_kw(500), CALM, orders=(shed_override("a"),))
    panel.step(120, None, CALM)
    panel.step(121, power_kw(400), CALM)
    assert panel.state.loads["a"].learned_count == 0
    panel.step(200, None, CALM, orders=(run_override("a"),))
    panel.step(300, power_kw(500), CALM)
    assert panel.state.loads["a"].learned_count == 0


def test_shedding_of_a_load_that_moves_nothing_warns_once_and_clears_on_its_response() -> None:
    panel = Panel(a_spec(a_load("a")))
    panel.step(0, power_kw(500), CALM)
    switched(panel, shed_override("a"), at_s=100, before_kw=500, after_kw=500)
    facts = {"fault": "no_response", "commanded_on": False, "load_kw": 100.0}
    [event] = panel.events(EventKind.LOAD)
    assert (event.severity, event.facts) == (Severity.WARNING, {**facts, "cleared": False})
    assert list(panel.last.alarms_active) == ["load:a:no_response"]
    switched(panel, end_override("a"), at_s=200, before_kw=300, after_kw=300)
    assert panel.events(EventKind.LOAD) == []
    switched(panel, shed_override("a"), at_s=300, before_kw=500, after_kw=400)
    [event] = panel.events(EventKind.LOAD)
    assert (event.severity, event.facts) == (Severity.INFO, {**facts, "cleared": True})
    assert list(panel.last.alarms_active) == []


def test_shedding_takes_a_silent_load_as_a_last_resort_and_counts_on_it_again_after_a_time() -> (
    None
):
    panel = Panel(a_spec(a_load("idle"), a_load("live", priority=2)))
    panel.step(0, power_kw(500), CALM)
    switched(panel, shed_override("idle"), at_s=100, before_kw=300, after_kw=300)
    switched(panel, end_override("idle"), at_s=200, before_kw=300, after_kw=300)
    over = block(so_far_kw=600)
    panel.step(900, power_kw(800), over)
    assert panel.shed == ["idle", "live"]
    assert panel.last.alarms_active == ("stage:demand:limit", "load:idle:no_response")
    for at_s in (1000, 1020):
        panel.step(at_s, power_kw(100), CALM)
    assert panel.shed == []
    panel.step(120 + 1800 - 1, power_kw(640), over)
    assert panel.moves() == [("live", True, "projected_over")]
    panel = Panel(panel.spec, panel.state)
    for at_s in (1950, 1970):
        panel.step(at_s, power_kw(100), CALM)
    panel.step(2000, power_kw(640), over)
    assert panel.moves() == [("idle", True, "projected_over")]


def test_a_restored_load_that_stays_idle_is_no_fault() -> None:
    panel = Panel(a_spec(a_load("a")))
    panel.step(0, power_kw(500), CALM)
    switched(panel, shed_override("a"), at_s=100, before_kw=500, after_kw=400)
    switched(panel, end_override("a"), at_s=200, before_kw=300, after_kw=300)
    assert panel.last.alarms_active == ()


def test_a_probe_of_a_load_that_left_the_site_file_teaches_nothing() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b")))
    panel.step(0, power_kw(500), CALM)
    panel.step(100, power_kw(500), CALM, orders=(shed_override("a"),))
    again = Panel(a_spec(a_load("b")), panel.state)
    again.step(120, power_kw(400), CALM)
    assert (again.state.probe, again.state.loads["b"].learned_count) == (None, 0)


def test_a_load_counts_for_its_duty_until_more_is_learned() -> None:
    panel = Panel(a_spec(a_load("a", 100, duty_ratio=0.5), a_load("b", 100, priority=2)))
    panel.step(0, power_kw(100), CALM)
    panel.step(900, power_kw(655), block(so_far_kw=600))
    assert [event.facts["load_kw"] for event in panel.events(EventKind.RELAY)] == [50.0, 100.0]


def test_no_load_counts_for_more_than_the_site_draws() -> None:
    panel = Panel(a_spec(a_load("huge", 900), a_load("b", 200, priority=2)))
    panel.step(0, power_kw(10), block(so_far_kw=10))
    panel.step(900, power_kw(100), block(so_far_kw=1150, elapsed_s=900))
    assert panel.events(EventKind.RELAY)[0].facts["load_kw"] == 100.0
