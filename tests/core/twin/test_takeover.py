"""Who takes the duty, when, and what goes with it: scenarios of a whole pair."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.model.event import Severity
from edge.model.twin import Grade, Mirror, Role, TwinMemory
from tests.core.twin.pair import OWN, Pair, Unit


def test_pair_started_at_once_first_unit_gets_duty_and_bus() -> None:
    pair = Pair()
    pair.settle()
    assert pair.first.roles == [Role.LISTEN, Role.CLAIM, Role.ACTIVE]
    assert pair.second.roles[-1] is Role.STANDBY
    assert pair.first.drives
    assert not pair.second.drives
    assert pair.both_drove == 0
    assert pair.second.outputs is not None
    assert pair.second.outputs.mirror is Mirror.FOLLOW
    assert pair.second.outputs.beat.ready
    assert pair.second.outputs.follows
    assert pair.first.outputs is not None
    assert pair.first.outputs.sends_state


def test_unit_started_alone_takes_duty_after_listening() -> None:
    pair = Pair()
    pair.start(pair.second)
    waited_s = pair.until(pair.second, Role.ACTIVE)
    assert 4.4 <= waited_s <= 4.8
    pair.run(2)
    assert pair.second.standing["twin alone"].severe
    assert pair.second.memory.alone


def test_machine_silent_standby_takes_over_within_the_gap() -> None:
    pair = Pair()
    pair.settle()
    pair.first.kill()
    waited_s = pair.until(pair.second, Role.ACTIVE)
    assert waited_s * 1e9 <= pair.second.spec.gap_ns_max
    assert waited_s * 1e9 >= pair.second.spec.silence_ns
    assert pair.second.drives
    change = pair.second.events[-1]
    assert change.severity is Severity.WARNING
    assert change.facts["from"] == "claim"
    assert change.facts["peer_role"] == "active"


@pytest.mark.parametrize("is_first_on_duty", [True, False])
def test_paths_cut_and_bus_alive_nobody_takes_over(is_first_on_duty: bool) -> None:
    pair = Pair()
    pair.start(pair.first if is_first_on_duty else pair.second)
    pair.run(6)
    pair.start(pair.second if is_first_on_duty else pair.first)
    pair.run(3)
    pair.cut()
    pair.run(120)
    on_duty, other = (pair.units) if is_first_on_duty else reversed(pair.units)
    assert (on_duty.role, other.role) == (Role.ACTIVE, Role.SUSPECT)
    assert other.outputs is not None
    assert other.outputs.mirror is Mirror.RELEASE
    assert "twin peer" in other.standing
    assert pair.both_drove == 0
    pair.cut(is_cut=False)
    pair.run(1)
    assert other.role is Role.STANDBY
    assert other.standing == {}


def test_peer_killed_with_farewell_standby_is_active_in_the_next_scan() -> None:
    pair = Pair()
    pair.settle()
    assert pair.first.outputs is not None
    last = pair.first.outputs.beat
    pair.first.kill()
    pair.say(pair.second, replace(last, farewell=True))
    pair.scan()
    assert pair.second.role is Role.ACTIVE
    assert pair.second.drives
    assert pair.second.twin is not None
    assert pair.second.twin.state.epoch > last.epoch


def test_unit_paused_beyond_its_lease_fences_and_drops() -> None:
    pair = Pair()
    pair.settle()
    pair.first.is_frozen = True
    pair.run(0.6)
    pair.first.is_frozen = False
    pair.scan()
    assert pair.first.role is Role.LISTEN
    assert pair.first.outputs is not None
    assert pair.first.outputs.fence
    assert not pair.first.outputs.may_drive_bus
    assert pair.first.outputs.mirror is Mirror.HOLD
    pair.run(6)
    assert sorted(unit.role for unit in pair.units) == [Role.ACTIVE, Role.STANDBY]
    assert pair.both_drove == 0


def test_handover_moves_the_duty_with_less_than_a_poll_of_gap() -> None:
    pair = Pair()
    pair.settle()
    pair.second.orders = {"wants_duty": True}
    waited_s = pair.until(pair.second, Role.ACTIVE)
    assert waited_s <= 0.6
    pair.run(1)
    assert (pair.first.role, pair.second.role) == (Role.STANDBY, Role.ACTIVE)
    assert pair.second.drives
    assert pair.both_drove == 0
    assert pair.first.standing == pair.second.standing == {}
    pair.run(1)
    pair.second.orders = {"gives_duty": True}
    pair.run(1)
    assert (pair.first.role, pair.second.role) == (Role.ACTIVE, Role.STANDBY)


def test_bus_shorted_costs_at_most_one_swap() -> None:
    pair = Pair()
    pair.settle()
    for unit in pair.units:
        unit.speaks_bus = False
    pair.run(1200)
    actives = sum(unit.roles.count(Role.ACTIVE) for unit in pair.units)
    assert actives == 2
    assert [unit.role for unit in pair.units] == [Role.STANDBY, Role.ACTIVE]
    for unit in pair.units:
        unit.speaks_bus = True
    pair.run(20)
    assert [unit.drives for unit in pair.units] == [False, True]
    assert all(unit.twin is not None and unit.twin.state.grade is Grade.FIT for unit in pair.units)
    assert pair.both_drove == 0


def test_maintenance_hands_over_and_outlasts_a_restart() -> None:
    pair = Pair()
    pair.settle()
    pair.first.orders = {"maintenance": True}
    pair.run(1)
    assert [unit.role for unit in pair.units] == [Role.MAINTENANCE, Role.ACTIVE]
    pair.first.start(pair.now_ns)
    pair.run(1)
    assert pair.first.role is Role.MAINTENANCE
    pair.second.kill()
    pair.run(30)
    assert pair.first.role is Role.MAINTENANCE
    pair.first.orders = {"maintenance": False}
    pair.run(5)
    assert pair.first.role is Role.ACTIVE


def test_stop_with_ready_peer_leaves_when_the_peer_is_active() -> None:
    pair = Pair()
    pair.settle()
    pair.first.leaves = True
    while pair.first.outputs is None or not pair.first.outputs.has_left:
        pair.scan()
    assert pair.second.role is Role.ACTIVE
    assert pair.first.outputs.beat.farewell


def test_stop_without_peer_leaves_at_once() -> None:
    pair = Pair()
    pair.start(pair.first)
    pair.run(5)
    assert pair.first.role is Role.ACTIVE
    pair.first.leaves = True
    pair.run(0.3)
    assert pair.first.outputs is not None
    assert pair.first.outputs.has_left


def test_last_resort_gives_the_duty_to_a_better_peer() -> None:
    now_utc = 1_700_001_000_000_000_000
    pair = Pair(first=Unit(True, TwinMemory(resets_utc_ns=(now_utc, now_utc, now_utc))))
    pair.start()
    pair.run(10)
    assert [unit.role for unit in pair.units] == [Role.STANDBY, Role.ACTIVE]
    assert "twin resets" in pair.first.standing


def test_unfit_unit_never_claims() -> None:
    pair = Pair()
    pair.first.own = type(OWN)(Grade.UNFIT, "no source of energy and no relay")
    pair.start(pair.first)
    pair.run(60)
    assert pair.first.role is Role.LISTEN
