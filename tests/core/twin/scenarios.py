"""Short lives of a pair that together walk every row of the table of roles."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from edge.model.twin import Grade, OwnState, Role, YieldReason
from tests.core.twin.pair import Pair, beat

UNFIT = OwnState(Grade.UNFIT, "no source of energy and no relay")
IMPAIRED = OwnState(Grade.IMPAIRED, "relay of chiller")


def settled() -> Pair:
    pair = Pair()
    pair.settle()
    return pair


def suspecting() -> Pair:
    """The second unit hears no beat any more, but the first one on the bus."""
    pair = settled()
    pair.cut()
    pair.until(pair.second, Role.SUSPECT)
    return pair


def claiming() -> Pair:
    """The first unit has gone, the second has begun to claim."""
    pair = settled()
    pair.first.kill()
    pair.until(pair.second, Role.CLAIM)
    return pair


def yielding() -> Pair:
    """The first unit offers the duty, and nobody hears it."""
    pair = settled()
    pair.first.orders = {"gives_duty": True}
    pair.second.gets_beats = False
    pair.scan()
    assert pair.first.role is Role.YIELD
    return pair


def _alone() -> Pair:
    pair = Pair()
    pair.start(pair.first)
    pair.until(pair.first, Role.ACTIVE)
    return pair


def _started_with_paths_cut() -> Pair:
    pair = _alone()
    pair.cut()
    pair.start(pair.second)
    pair.run(3)
    return pair


def _handed_over() -> Pair:
    pair = settled()
    pair.first.orders = {"gives_duty": True}
    pair.run(1)
    return pair


def _farewell() -> Pair:
    pair = settled()
    pair.first.kill()
    pair.say(pair.second, beat(Role.ACTIVE, farewell=True))
    pair.scan()
    return pair


def _paused() -> Pair:
    pair = settled()
    pair.first.is_frozen = True
    pair.run(0.3)
    pair.first.is_frozen = False
    pair.run(1)
    return pair


def _standby_taken_out() -> Pair:
    pair = settled()
    pair.second.orders = {"maintenance": True}
    pair.scan()
    return pair


def _active_taken_out_and_back() -> Pair:
    pair = settled()
    pair.first.orders = {"maintenance": True}
    pair.run(1)
    pair.first.start(pair.now_ns)
    pair.run(1)
    pair.first.orders = {"maintenance": False}
    pair.scan()
    return pair


def _suspect_is_offered() -> Pair:
    pair = suspecting()
    pair.say(pair.second, beat(Role.YIELD, yield_reason=YieldReason.STOP))
    pair.scan()
    return pair


def _suspect_hears_farewell() -> Pair:
    pair = suspecting()
    pair.say(pair.second, beat(Role.ACTIVE, farewell=True))
    pair.scan()
    return pair


def _suspect_hears_peer_again() -> Pair:
    pair = suspecting()
    pair.cut(is_cut=False)
    pair.run(1)
    return pair


def _suspect_hears_idle_peer() -> Pair:
    pair = suspecting()
    pair.say(pair.second, beat(Role.LISTEN))
    pair.scan()
    return pair


def _claimed() -> Pair:
    pair = claiming()
    pair.run(1)
    return pair


def _claim_meets_active() -> Pair:
    pair = claiming()
    pair.say(pair.second, beat(Role.ACTIVE))
    pair.scan()
    return pair


def _claim_meets_claim() -> Pair:
    pair = claiming()
    pair.say(pair.second, beat(Role.CLAIM))
    pair.scan()
    return pair


def _claim_and_unfit() -> Pair:
    pair = claiming()
    pair.second.own = UNFIT
    pair.scan()
    return pair


def _claim_and_bus_alive() -> Pair:
    pair = claiming()
    pair.second.evidence = replace(pair.second.evidence, twin_mono_ns=pair.now_ns)
    pair.scan()
    return pair


def _claim_paused() -> Pair:
    pair = claiming()
    pair.second.is_frozen = True
    pair.run(0.3)
    pair.second.is_frozen = False
    pair.scan()
    return pair


def _outranked() -> Pair:
    pair = settled()
    pair.say(pair.first, beat(Role.ACTIVE, 100))
    pair.first.gets_beats = False
    pair.scan()
    return pair


def _second_hears_first_on_bus() -> Pair:
    pair = Pair()
    pair.start(pair.second)
    pair.until(pair.second, Role.ACTIVE)
    pair.scan(2)
    pair.second.evidence = replace(pair.second.evidence, twin_mono_ns=pair.now_ns)
    pair.scan()
    return pair


def _stopped_alone() -> Pair:
    pair = _alone()
    pair.first.leaves = True
    pair.scan()
    return pair


def _stopped_with_peer() -> Pair:
    pair = settled()
    pair.first.leaves = True
    pair.run(1)
    return pair


def _health() -> Pair:
    pair = settled()
    pair.first.own = IMPAIRED
    pair.run(7)
    return pair


def _yield_paused() -> Pair:
    pair = yielding()
    pair.first.is_frozen = True
    pair.run(0.3)
    pair.first.is_frozen = False
    pair.scan()
    return pair


def _no_taker() -> Pair:
    pair = yielding()
    pair.run(1)
    return pair


SCENARIOS: tuple[Callable[[], Pair], ...] = (
    settled,
    _started_with_paths_cut,
    _handed_over,
    _farewell,
    _paused,
    _standby_taken_out,
    _active_taken_out_and_back,
    _suspect_is_offered,
    _suspect_hears_farewell,
    _suspect_hears_peer_again,
    _suspect_hears_idle_peer,
    _claimed,
    _claim_meets_active,
    _claim_meets_claim,
    _claim_and_unfit,
    _claim_and_bus_alive,
    _claim_paused,
    _outranked,
    _second_hears_first_on_bus,
    _stopped_alone,
    _stopped_with_peer,
    _health,
    _yield_paused,
    _no_taker,
)
