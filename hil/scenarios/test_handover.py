"""Planned handovers, maintenance, and orders that are given at either gateway."""

from __future__ import annotations

import pytest

from hil.suite.protocol import Gateway
from hil.suite.scene import CALM_S, Scene

_ROW_COUNT = 10
_LONG_ROW_COUNT = 50
# Runs, and is not one of the loads that are held.
_LOAD = "chiller-2"
_OVERRIDE_S = 600


@pytest.mark.covers("S13")
@pytest.mark.parametrize("at", ["active", "standby"])
def test_handover_by_command_leaves_no_gap_and_moves_no_load(scene: Scene, at: str) -> None:
    """`denban handover` to the standby, given at either gateway. Expected: the standby has the
    duty; the line rests no longer than in quiet times; no load moves.
    """
    old, new = scene.begin()
    told = (old if at == "active" else new).denban("handover", new.unit, "--yes", new.unit)
    assert told.code == 0, told.text
    taken = scene.takeover(old, new)
    scene.measure("handover", taken.gap_s, "s", at_most=scene.allowed.rest_s)
    assert scene.settled() == (new, old)
    assert scene.witness.load_moves(scene.since_ns) == []


@pytest.mark.covers("S13")
def test_handover_to_the_one_on_duty_or_to_nobody_changes_nothing(scene: Scene) -> None:
    """`denban handover` to the gateway on duty, then to one that does not exist. Expected: the
    first is done already, the second is refused with its name; no role changes.
    """
    active, standby = scene.begin()
    assert active.denban("handover", active.unit, "--yes", active.unit).code == 0
    told = active.denban("handover", "EG-NISHI", "--yes", "EG-NISHI")
    assert told.code == 2
    assert "EG-NISHI" in told.text
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


@pytest.mark.covers("S14")
def test_ten_handovers_in_a_row_are_all_clean(scene: Scene) -> None:
    """Ten handovers one after the other. Expected: each as a single one, and no other swap."""
    _hand_over_in_a_row(scene, _ROW_COUNT)


@pytest.mark.soak
@pytest.mark.covers("S14")
def test_fifty_handovers_in_a_row_are_all_clean(scene: Scene) -> None:
    """Fifty handovers one after the other. Expected: each as a single one, and no other swap."""
    _hand_over_in_a_row(scene, _LONG_ROW_COUNT)


def _hand_over_in_a_row(scene: Scene, count: int) -> None:
    old, new = scene.begin()
    epoch = scene.epoch()
    for _ in range(count):
        ordered_ns = scene.bench.now_ns()
        assert new.order("handover", to=new.unit)["ok"]
        first = scene.await_query(new, ordered_ns)
        assert scene.settled(first.start_ns) == (new, old)
        old, new = new, old
    takeovers = scene.witness.takeovers(scene.since_ns)
    assert len(takeovers) == count
    worst_s = max(each.gap_s for each in takeovers)
    scene.measure("longest of the gaps", worst_s, "s", at_most=scene.allowed.rest_s)
    scene.assert_safe()
    for gateway in (old, new):
        assert not scene.is_told(gateway, "twin conflict")
    # An epoch's parity is its unit's, so two on average for each.
    assert epoch + 2 * count - 1 <= scene.epoch() <= epoch + 2 * count + 1


@pytest.mark.covers("S13")
def test_gateway_in_maintenance_hands_over_first_and_takes_no_duty(scene: Scene) -> None:
    """Maintenance of the gateway on duty begins; then its control process is killed, then the
    other one's. Expected: the duty is handed over without a gap; the one in maintenance stays so
    over its restart, and does not take the duty; at the end of maintenance it stands by.
    """
    out, other = scene.begin()
    told = out.denban("maintenance", "begin", out.unit, "--yes", out.unit)
    assert told.code == 0, told.text
    taken = scene.takeover(out, other)
    scene.measure("handover", taken.gap_s, "s", at_most=scene.allowed.rest_s)
    scene.await_role(out, "maintenance")
    _kill_and_await_back(scene, out)
    scene.await_role(out, "maintenance")
    scene.wait("its relays follow again", lambda: scene.twin(out).get("mirror") == "follow")
    _kill_and_await_back(scene, other)
    scene.await_query(other, scene.bench.now_ns())
    assert scene.twin(out)["role"] == "maintenance"
    told = out.denban("maintenance", "end", out.unit, "--yes", out.unit)
    assert told.code == 0, told.text
    assert scene.settled() == (other, out)
    scene.assert_safe()
    assert len(scene.witness.takeovers(scene.since_ns)) == 1


def _kill_and_await_back(scene: Scene, gateway: Gateway) -> None:
    lives_count = len(scene.events(gateway, "started"))
    gateway.kill_control()
    scene.wait("its next life", lambda: len(scene.events(gateway, "started")) > lives_count)
    scene.wait("its answer", gateway.status)


@pytest.mark.covers("ORDER")
def test_order_at_the_standbys_desk_is_carried_out_once(scene: Scene) -> None:
    """A load is shed by hand at the standby's desk. Expected: it moves once, by the one on duty,
    and no role changes.
    """
    active, standby = scene.begin()
    answer = standby.order("override", load=_LOAD, mode="shed", duration_s=_OVERRIDE_S)
    assert answer["ok"], answer
    scene.wait(f"{_LOAD} shed", lambda: _moves(scene))
    scene.watch(CALM_S)
    assert _moves(scene) == [True]
    answer = standby.order("override", load=_LOAD, mode="auto", duration_s=_OVERRIDE_S)
    assert answer["ok"], answer
    scene.wait(f"{_LOAD} runs", lambda: _moves(scene) == [True, False])
    assert scene.settled() == (active, standby)
    scene.assert_undisturbed()


def _moves(scene: Scene) -> list[bool]:
    """What the load saw, both gateways' contacts together."""
    return [move.shed for move in scene.witness.load_moves(scene.since_ns) if move.load == _LOAD]
