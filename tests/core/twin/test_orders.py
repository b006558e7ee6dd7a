"""Orders of people: what is carried out, and what is refused with a reason."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.model.twin import Grade, Role, YieldReason
from tests.core.twin.pair import Pair, Unit, beat
from tests.core.twin.scenarios import UNFIT, claiming, settled, yielding


def _refusals(unit: Unit) -> list[tuple[str, object]]:
    return [
        (event.subject, event.facts["why"]) for event in unit.events if "refused" in event.facts
    ]


def _alone() -> Pair:
    pair = Pair()
    pair.start(pair.first)
    pair.until(pair.first, Role.ACTIVE)
    return pair


_NOBODY = "nobody is ready to take over"
_DIFFER = "site file, plan or version differ"


def test_give_without_a_ready_peer_is_refused() -> None:
    pair = _alone()
    pair.first.orders = {"gives_duty": True}
    pair.scan(2)
    assert pair.first.role is Role.ACTIVE
    assert _refusals(pair.first) == [("handover", _NOBODY)]


def test_give_by_a_standby_is_refused() -> None:
    pair = settled()
    pair.second.orders = {"gives_duty": True}
    pair.scan()
    assert _refusals(pair.second) == [("handover", "is standby, not active")]


def test_want_by_the_unit_on_duty_is_refused() -> None:
    pair = settled()
    pair.first.orders = {"wants_duty": True}
    pair.scan()
    assert _refusals(pair.first) == [("handover", "is active already")]


def test_want_by_an_unfit_standby_is_refused() -> None:
    pair = settled()
    pair.second.own = UNFIT
    pair.second.orders = {"wants_duty": True}
    pair.scan()
    assert _refusals(pair.second) == [
        ("handover", "is standby, not a standby that could take over")
    ]


@pytest.mark.parametrize(
    "drift", [{"site_digest": b"another1"}, {"plan_digest": b"another1"}, {"version": (0, 2, 0)}]
)
def test_drift_blocks_handover_at_both_ends(drift: dict[str, object]) -> None:
    pair = Pair()
    pair.second.own = replace(pair.second.own, **drift)
    pair.settle()
    pair.first.orders = {"gives_duty": True}
    pair.second.orders = {"wants_duty": True}
    pair.run(3)
    assert (pair.first.role, pair.second.role) == (Role.ACTIVE, Role.STANDBY)
    assert _refusals(pair.first) == _refusals(pair.second) == [("handover", _DIFFER)]


def test_drift_does_not_block_stop_or_takeover() -> None:
    pair = Pair()
    pair.second.own = replace(pair.second.own, version=(0, 2, 0))
    pair.settle()
    pair.first.leaves = True
    pair.run(1)
    assert pair.second.role is Role.ACTIVE


def test_want_that_the_peer_refuses_ends_with_one_event_at_each_unit() -> None:
    """The peer on duty has no ready standby in its last beat: it was heard by nobody."""
    pair = settled()
    pair.second.orders = {"wants_duty": True}
    pair.first.gets_beats = False
    pair.scan(2)
    assert pair.second.outputs is not None
    assert pair.second.outputs.beat.wants_duty
    pair.run(3)
    assert not pair.second.outputs.beat.wants_duty
    assert _refusals(pair.second) == [("handover", "peer did not hand over")]


def test_wish_of_the_peer_is_answered_once_each_time_it_is_said() -> None:
    pair = settled()
    pair.first.gets_beats = False
    for _ in range(5):
        pair.say(pair.first, beat(Role.SUSPECT, wants_duty=True))
        pair.scan()
    assert _refusals(pair.first) == [("handover", _NOBODY)]
    pair.say(pair.first, beat(Role.SUSPECT))
    pair.scan()
    pair.say(pair.first, beat(Role.SUSPECT, wants_duty=True))
    pair.scan()
    assert len(_refusals(pair.first)) == 2


def test_maintenance_of_the_only_unit_is_refused() -> None:
    pair = _alone()
    pair.first.orders = {"maintenance": True}
    pair.scan()
    assert pair.first.role is Role.ACTIVE
    assert _refusals(pair.first) == [("maintenance", _NOBODY)]


def test_maintenance_of_a_unit_that_may_be_needed_is_refused() -> None:
    pair = claiming()
    pair.second.orders = {"maintenance": True}
    pair.run(2)
    assert pair.second.role is Role.ACTIVE
    assert _refusals(pair.second) == [("maintenance", "is claim, and the peer is not on duty")]


def test_maintenance_said_twice_or_ended_outside_of_it_does_nothing() -> None:
    pair = settled()
    pair.second.orders = {"maintenance": False}
    pair.scan()
    assert pair.second.role is Role.STANDBY
    for _ in range(2):
        pair.second.orders = {"maintenance": True}
        pair.scan()
    assert pair.second.role is Role.MAINTENANCE
    assert _refusals(pair.second) == []


def test_maintenance_unit_is_not_ready_and_follows() -> None:
    pair = settled()
    pair.second.orders = {"maintenance": True}
    pair.run(3)
    assert pair.second.outputs is not None
    assert not pair.second.outputs.beat.ready
    assert pair.second.outputs.follows


def test_order_beside_another_change_is_refused() -> None:
    pair = settled()
    pair.first.orders = {"maintenance": True, "gives_duty": True}
    pair.run(1)
    assert pair.first.role is Role.MAINTENANCE
    assert _refusals(pair.first) == [("handover", "another change came first: maintenance")]


def test_stop_of_a_standby_leaves_after_two_farewells() -> None:
    pair = settled()
    pair.second.leaves = True
    pair.scan()
    assert pair.second.outputs is not None
    assert pair.second.outputs.beat.farewell
    assert not pair.second.outputs.has_left
    pair.scan()
    assert pair.second.outputs.has_left
    assert pair.first.role is Role.ACTIVE


def test_stop_with_a_peer_that_does_not_take_leaves_after_twice_the_wait() -> None:
    pair = settled()
    pair.second.gets_beats = False
    pair.first.leaves = True
    begin_ns = pair.now_ns
    said = []
    while pair.first.outputs is None or not pair.first.outputs.has_left:
        # The peer's last beat says again and again that it were ready.
        pair.say(pair.first, beat(Role.STANDBY, ready=True))
        pair.scan()
        assert pair.first.outputs is not None
        said.append(pair.first.outputs.beat.yield_reason)
    assert YieldReason.STOP in said
    assert 1.0 <= (pair.now_ns - begin_ns) / 1e9 <= 1.6


def test_stop_with_a_line_that_never_ends_its_writing_leaves_all_the_same() -> None:
    pair = _alone()
    pair.first.leaves = pair.first.is_writing = True
    pair.run(1.9)
    assert pair.first.outputs is not None
    assert not pair.first.outputs.has_left
    assert not pair.first.outputs.beat.farewell
    pair.run(0.3)
    assert pair.first.outputs.has_left


def test_stop_that_is_called_off_is_forgotten() -> None:
    pair = settled()
    pair.second.leaves = True
    pair.run(0.5)
    pair.second.leaves = False
    pair.run(3)
    assert pair.second.outputs is not None
    assert pair.second.outputs.beat.ready
    assert not pair.second.outputs.has_left


def test_unit_that_leaves_takes_no_duty() -> None:
    pair = settled()
    pair.second.leaves = True
    pair.first.kill()
    pair.say(pair.second, beat(Role.ACTIVE, farewell=True))
    pair.run(10)
    assert Role.ACTIVE not in pair.second.roles


def test_taker_without_a_beat_of_ours_is_seen_by_its_epoch() -> None:
    pair = yielding()
    pair.first.gets_beats = False
    pair.say(pair.first, beat(Role.ACTIVE, 50, grade=Grade.FIT))
    pair.scan()
    assert pair.first.role is Role.STANDBY
