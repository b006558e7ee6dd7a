"""Absorb loads: on while the plan's floor is missed, off when it is met or shedding is needed."""

from __future__ import annotations

from edge.core.shedding.loads import Load, first_state
from edge.model.spec import LoadKind
from edge.model.status import Stage
from tests.core.shedding.plant import Panel, a_load, a_spec, block, power_kw

ABSORB = LoadKind.ABSORB
UNDER = block(name="plan", so_far_kw=300, floor_kw=400)
MET = block(name="plan", so_far_kw=500, floor_kw=400)


def test_under_plan_switches_absorb_loads_on_one_at_a_time() -> None:
    panel = Panel(a_spec(a_load("x", kind=ABSORB, priority=2), a_load("y", kind=ABSORB)))
    on = []
    for at_s in range(900, 925):
        panel.step(at_s, power_kw(300), UNDER)
        on += [(at_s, *move) for move in panel.moves()]
    assert on == [(910, "y", True, "under_plan"), (920, "x", True, "under_plan")]
    assert panel.last.stage is Stage.NORMAL


def test_under_plan_restores_shed_loads_before_it_absorbs() -> None:
    panel = Panel(a_spec(a_load("a", safe_shed=True), a_load("x", kind=ABSORB)))
    panel.step(900, power_kw(300), UNDER)
    panel.step(910, power_kw(300), UNDER)
    assert panel.moves() == [("a", False, "under_plan")]
    panel.step(920, power_kw(300), UNDER)
    assert panel.moves() == [("x", True, "under_plan")]


def test_under_plan_does_not_absorb_more_than_fits_under_the_target() -> None:
    panel = Panel(a_spec(a_load("big", 900, kind=ABSORB), a_load("x", 100, kind=ABSORB)))
    panel.step(900, power_kw(300), UNDER)
    panel.step(910, power_kw(300), UNDER)
    assert panel.moves() == [("x", True, "under_plan")]
    panel.step(920, power_kw(300), UNDER)
    assert (panel.moves(), panel.last.why) == ([], "under_plan")


def test_absorb_load_goes_off_when_the_floor_is_kept_without_it() -> None:
    panel = Panel(a_spec(a_load("x", 100, kind=ABSORB, safe_shed=True)))
    panel.step(900, power_kw(350), UNDER)
    panel.step(910, power_kw(399), MET)
    assert panel.moves() == []
    panel.step(911, power_kw(400), MET)
    assert panel.moves() == [("x", False, "plan_met")]


def test_absorb_load_goes_off_first_when_shedding_is_needed() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("x", kind=ABSORB, priority=9, safe_shed=True)))
    panel.step(900, power_kw(500), block(floor_kw=590))
    panel.step(1000, power_kw(650), block(so_far_kw=600, floor_kw=590))
    assert panel.moves() == [("x", False, "projected_over")]


def test_absorb_loads_wait_their_rest_and_their_minimum_times() -> None:
    load = a_load("x", kind=ABSORB, min_run_s=30, min_shed_s=20, rest_s=60)
    panel = Panel(a_spec(load, settle_s=0))
    panel.step(900, power_kw(300), UNDER)
    moves = []
    for at_s in range(901, 1100):
        panel.step(at_s, power_kw(300), UNDER if at_s % 100 < 25 else MET)
        moves += [(at_s, shed) for _, shed, _ in panel.moves()]
    assert moves == [(920, True), (950, False), (1010, True), (1040, False)]


def test_absorb_load_has_neither_max_shed_nor_essential_hours_and_starts_off() -> None:
    spec = a_load("x", kind=ABSORB, max_shed_s=60)
    load = Load(0, spec, first_state(spec), 0)
    assert (load.max_off_ns, load.state.on, load.shed) == (None, False, False)
