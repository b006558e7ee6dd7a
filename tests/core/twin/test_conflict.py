"""Two units that both believe to have the duty, or the bus."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.twin.claim import next_epoch
from edge.model.twin import Role
from tests.core.twin.pair import Pair, beat
from tests.core.twin.scenarios import settled


def _both_active() -> Pair:
    """Two segments without a path between them: both claim. Then all is joined again."""
    pair = Pair()
    for unit in pair.units:
        unit.hears_bus = unit.gets_beats = False
    pair.meters_answer = True
    pair.start()
    pair.until(pair.second, Role.ACTIVE)
    assert pair.first.role is Role.ACTIVE
    return pair


def test_two_on_duty_that_meet_the_newer_epoch_stays() -> None:
    pair = _both_active()
    for unit in pair.units:
        unit.hears_bus = unit.gets_beats = True
    pair.run(1)
    assert (pair.first.role, pair.second.role) == (Role.ACTIVE, Role.STANDBY)


def test_two_on_duty_that_meet_raise_an_alarm_that_ends() -> None:
    pair = settled()
    pair.say(pair.first, beat(Role.ACTIVE, 0))
    pair.scan()
    assert pair.first.role is Role.ACTIVE
    assert pair.first.standing["twin conflict"].severe
    pair.run(11)
    assert pair.first.standing == {}


def test_peer_that_does_not_know_yet_that_its_duty_was_taken_is_no_conflict() -> None:
    pair = settled()
    pair.say(pair.first, beat(Role.YIELD, 0))
    pair.scan()
    assert pair.first.role is Role.ACTIVE
    assert "twin conflict" not in pair.first.standing


@pytest.mark.parametrize(("is_first", "stays"), [(True, True), (False, False)])
def test_equal_epochs_the_first_unit_stays(is_first: bool, stays: bool) -> None:
    pair = Pair()
    unit = pair.first if is_first else pair.second
    pair.start(unit)
    pair.until(unit, Role.ACTIVE)
    assert unit.twin is not None
    pair.say(unit, beat(Role.ACTIVE, unit.twin.state.epoch))
    pair.scan()
    assert (unit.role is Role.ACTIVE) is stays


@pytest.mark.parametrize(("is_first", "stays"), [(True, True), (False, False)])
def test_twin_heard_on_the_bus_only_the_second_unit_drops_at_once(
    is_first: bool, stays: bool
) -> None:
    pair = Pair()
    unit = pair.first if is_first else pair.second
    pair.start(unit)
    pair.until(unit, Role.ACTIVE)
    pair.scan(2)
    unit.evidence = replace(unit.evidence, twin_mono_ns=pair.now_ns)
    pair.scan()
    assert unit.drives is stays
    assert "twin conflict" in unit.standing


def test_last_query_of_the_dead_peer_is_no_conflict() -> None:
    """It is on the wire as the duty changes hands."""
    pair = settled()
    pair.first.kill()
    pair.say(pair.second, beat(Role.ACTIVE, farewell=True))
    pair.scan()
    pair.second.evidence = replace(pair.second.evidence, twin_mono_ns=pair.now_ns)
    pair.run(0.6)
    assert pair.second.role is Role.ACTIVE
    assert "twin conflict" not in pair.second.standing


def test_stranger_with_our_polls_is_an_alarm_and_no_reason_to_drop() -> None:
    pair = settled()
    pair.run(1)
    pair.first.evidence = replace(pair.first.evidence, twin_mono_ns=pair.now_ns)
    pair.scan()
    assert pair.first.role is Role.ACTIVE
    assert pair.first.drives
    assert pair.first.standing["twin stranger"].severe
    pair.run(11)
    assert pair.first.standing == {}


def test_stranger_with_other_polls_is_an_alarm_at_both() -> None:
    pair = settled()
    for unit in pair.units:
        unit.evidence = replace(unit.evidence, stranger_mono_ns=pair.now_ns)
    pair.scan()
    for unit in pair.units:
        assert "twin stranger" in unit.standing
    assert pair.first.drives


@pytest.mark.parametrize("highest", range(6))
def test_epoch_is_above_all_seen_and_never_the_peers(highest: int) -> None:
    first, second = next_epoch(highest, is_first=True), next_epoch(highest, is_first=False)
    assert highest < second < first <= highest + 3
    assert (first % 2, second % 2) == (1, 0)


def test_epochs_of_many_handovers_rise() -> None:
    pair = settled()
    epochs = []
    for _ in range(6):
        on_duty = next(unit for unit in pair.units if unit.role is Role.ACTIVE)
        assert on_duty.twin is not None
        epochs.append(on_duty.twin.state.epoch)
        on_duty.orders = {"gives_duty": True}
        pair.run(2)
    assert epochs == sorted(set(epochs))
    assert pair.both_drove == 0


def test_twin_heard_long_ago_is_no_conflict_when_the_link_is_lost() -> None:
    pair = Pair()
    pair.start(pair.second)
    pair.until(pair.second, Role.ACTIVE)
    pair.run(1)
    for _ in range(10):
        pair.say(pair.second, beat(Role.LISTEN))
        pair.second.evidence = replace(pair.second.evidence, twin_mono_ns=pair.now_ns)
        pair.scan()
    for _ in range(10):
        pair.say(pair.second, beat(Role.LISTEN))
        pair.scan()
    pair.run(5)
    assert pair.second.roles.count(Role.ACTIVE) == 1
    assert pair.second.role is Role.ACTIVE


def test_conflict_on_the_bus_is_told_for_ten_seconds_after_the_last_query() -> None:
    pair = Pair()
    pair.start(pair.first)
    pair.until(pair.first, Role.ACTIVE)
    pair.scan(2)
    pair.first.evidence = replace(pair.first.evidence, twin_mono_ns=pair.now_ns)
    pair.run(9)
    assert "twin conflict" in pair.first.standing
    pair.run(2)
    assert "twin conflict" not in pair.first.standing
