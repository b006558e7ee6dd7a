"""The traps of demand control that concern shedding."""

from __future__ import annotations

import msgspec

from edge.core.shedding.state import SheddingState
from edge.model.event import EventKind
from edge.model.status import Stage
from tests.core.shedding.plant import Panel, a_load, a_spec, block, power_kw


def test_trap_13_early_in_the_interval_only_the_optimistic_bound_sheds() -> None:
    """640 kW ± 60 may still be 580: no alarm and no action; ± 30 is over in any case."""
    early = block(elapsed_s=60, so_far_kw=640)
    panel = Panel(a_spec(a_load("a"), mask_s=600))
    panel.step(0, power_kw(100), block(elapsed_s=10, so_far_kw=100))
    step = panel.step(60, power_kw(640, 60), early)
    assert (panel.shed, step.stage) == ([], Stage.NORMAL)
    step = panel.step(61, power_kw(640, 30), early)
    assert (panel.moves(), step.stage) == ([("a", True, "optimistic_over")], Stage.SHED)


def test_trap_13_near_the_end_adjustable_power_is_capped_at_what_can_be_shed() -> None:
    panel = Panel(a_spec(a_load("a"), a_load("b", 50, min_run_s=10_000)))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    panel.step(1790, power_kw(650), block(elapsed_s=1790, so_far_kw=601))
    assert panel.moves() == [("a", True, "projected_over")]
    assert panel.events(EventKind.RELAY)[0].facts["adjustable_kw"] == -150.0


def test_trap_13_with_no_time_left_nothing_is_shed_for_the_interval_that_ends() -> None:
    panel = Panel(a_spec(a_load("a")))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    panel.step(1796, power_kw(650), block(elapsed_s=1796, so_far_kw=601))
    assert panel.moves() == []


def test_trap_13_near_the_end_nothing_is_restored_until_the_next_interval() -> None:
    panel = Panel(a_spec(a_load("a"), no_restore_s=120))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    panel.step(900, power_kw(650), block(so_far_kw=600))
    assert panel.shed == ["a"]
    panel.step(1680, power_kw(100), block(elapsed_s=1680, so_far_kw=400))
    assert panel.shed == ["a"]
    panel.step(1801, power_kw(100), block(elapsed_s=1, so_far_kw=100))
    assert panel.moves() == [("a", False, "restored")]


def test_trap_14_a_load_whose_contact_is_open_is_not_counted_as_shed_power() -> None:
    panel = Panel(a_spec(a_load("idle", has_feedback=True), a_load("busy", has_feedback=True)))
    panel.step(0, power_kw(100), block(so_far_kw=100), closed={"idle": False, "busy": True})
    panel.step(900, power_kw(650), block(so_far_kw=600))
    assert panel.moves() == [("busy", True, "projected_over")]
    panel.step(1000, power_kw(650), block(so_far_kw=600, elapsed_s=1000))
    assert (panel.shed, panel.last.stage) == (["busy"], Stage.LIMIT)


def test_trap_14_a_load_that_did_not_respond_is_not_counted_again() -> None:
    panel = Panel(a_spec(a_load("dead"), a_load("live", priority=2), settle_s=20))
    panel.step(0, power_kw(100), block(so_far_kw=100))
    over = block(so_far_kw=600)
    panel.step(900, power_kw(640), over)
    assert panel.shed == ["dead"]
    panel.step(920, power_kw(640), over)
    assert panel.last.alarms_active == ("load:dead:no_response",)
    assert panel.moves() == [("live", True, "projected_over")]
    for at_s, kw in ((1000, 100), (1020, 100), (1040, 100)):
        panel.step(at_s, power_kw(kw), block(so_far_kw=kw))
    assert panel.shed == []
    panel.step(1100, power_kw(640), over)
    assert panel.moves() == [("live", True, "projected_over")]


def test_trap_14_min_shed_survives_the_change_of_interval_and_a_restart() -> None:
    spec = a_spec(a_load("a", min_shed_s=300))
    panel = Panel(spec)
    panel.step(0, power_kw(100), block(so_far_kw=100))
    panel.step(1700, power_kw(650), block(elapsed_s=1700, so_far_kw=605))
    assert panel.shed == ["a"]
    panel.step(1900, power_kw(100), block(elapsed_s=100, so_far_kw=100))
    assert panel.shed == ["a"]
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(panel.state), type=SheddingState)
    again = Panel(spec, state)
    again.step(1999, power_kw(100), block(elapsed_s=199, so_far_kw=100))
    assert again.shed == ["a"]
    again.step(2000, power_kw(100), block(elapsed_s=200, so_far_kw=100))
    assert again.moves() == [("a", False, "restored")]
