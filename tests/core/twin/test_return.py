"""A unit that was on duty, stood, and comes back: nobody waits longer for it than for its death."""

from __future__ import annotations

from edge.model.twin import Role
from tests.core.twin.pair import Pair


def test_claim_stands_when_the_peer_comes_back_without_the_duty() -> None:
    pair = Pair()
    pair.start(pair.second)
    pair.run(6)
    pair.start(pair.first)
    pair.run(3)
    pair.second.is_frozen = True
    pair.until(pair.first, Role.CLAIM)
    pair.second.is_frozen, pair.second.is_writing = False, True
    pair.scan(2)
    pair.second.is_writing = False
    pair.run(1)
    assert pair.first.roles[-2:] == [Role.CLAIM, Role.ACTIVE]
    assert pair.second.role is Role.STANDBY
    assert pair.both_drove == 0


def test_peer_that_comes_back_and_dies_is_followed_within_the_gap() -> None:
    pair = Pair()
    pair.settle()
    pair.first.is_frozen = True
    pair.until(pair.second, Role.SUSPECT)
    pair.run(1.5)
    pair.first.is_frozen = False
    pair.until(pair.second, Role.LISTEN)
    pair.first.kill()
    waited_s = pair.until(pair.second, Role.ACTIVE)
    assert waited_s * 1e9 <= pair.second.spec.gap_ns_max
