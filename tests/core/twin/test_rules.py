"""Single rules, each by what would go wrong without it."""

from __future__ import annotations

from msgspec.structs import replace

from edge.model.twin import Grade, LineEvidence, Role, TwinInputs, TwinMemory
from edge.model.units import NS_PER_HOUR, NS_PER_MS
from tests.core.twin.pair import OWN, UTC_NS, Pair, Unit, beat
from tests.core.twin.scenarios import IMPAIRED, UNFIT, settled, suspecting


def _alone(**values: object) -> Pair:
    pair = Pair(Unit(True, **values))
    pair.start(pair.first)
    pair.until(pair.first, Role.ACTIVE)
    return pair


def test_peer_that_held_the_bus_in_its_last_beat_counts_as_heard_on_it() -> None:
    """Its next query may be due, or be frozen with it until the watchdog's reset."""
    pair = Pair()
    pair.start(pair.second)
    for _ in range(60):
        pair.say(pair.second, beat(Role.ACTIVE, let_go=False, holds_bus=True))
        pair.scan()
    assert pair.second.role is Role.STANDBY
    waited_s = pair.until(pair.second, Role.ACTIVE)
    assert waited_s * 1e9 >= pair.second.spec.silence_ns + pair.second.spec.claim_ns


def test_peer_that_let_go_long_ago_need_not_be_awaited() -> None:
    pair = Pair()
    pair.start(pair.second)
    for _ in range(60):
        pair.say(pair.second, beat(Role.ACTIVE))
        pair.scan()
    assert pair.until(pair.second, Role.ACTIVE) < 1.2


def test_peer_that_says_it_is_not_on_duty_must_say_so_for_a_while() -> None:
    """A process before it may have left a worker with a lease."""
    pair = suspecting()
    begin_ns = pair.now_ns
    while pair.second.role is not Role.CLAIM:
        pair.say(pair.second, beat(Role.LISTEN))
        pair.scan()
    assert pair.now_ns - begin_ns >= pair.second.spec.quiet_ns


def test_farewell_of_long_ago_proves_nothing() -> None:
    pair = settled()
    pair.second.own = UNFIT
    pair.cut()
    pair.say(pair.second, beat(Role.ACTIVE, farewell=True))
    pair.run(3)
    pair.second.own = OWN
    pair.run(3)
    assert pair.second.role is Role.SUSPECT


def test_meter_that_is_dead_for_one_long_query_costs_no_bus() -> None:
    pair = _alone(query_gap_ns=900 * NS_PER_MS)
    pair.meters_answer = False
    pair.run(1.6)
    assert pair.first.drives
    pair.run(0.5)
    assert not pair.first.drives


def test_late_proof_of_the_first_query_does_not_cover_those_after_it() -> None:
    pair = _alone()
    pair.run(1)
    twin = pair.first.twin
    assert twin is not None
    begin_ns = pair.now_ns

    def step(after_ms: int, asked_ms: int, proof_ms: int) -> bool:
        line = LineEvidence(
            "main",
            asked_mono_ns=begin_ns + asked_ms * NS_PER_MS,
            proof_mono_ns=begin_ns + proof_ms * NS_PER_MS,
        )
        now_ns = begin_ns + after_ms * NS_PER_MS
        return twin.step(TwinInputs(now_ns, UTC_NS, OWN, lines=(line,))).may_drive_bus

    assert all(step(ms, ms - 10, 50) for ms in range(100, 1000, 100))
    assert all(step(ms, ms - 10, 910) for ms in range(1000, 2000, 100))
    assert not step(2000, 1990, 910)


def test_swap_for_health_is_remembered_by_both() -> None:
    pair = settled()
    pair.first.own = IMPAIRED
    pair.run(8)
    assert pair.second.role is Role.ACTIVE
    assert all(unit.memory.swap_mono_ns is not None for unit in pair.units)


def test_swap_for_health_needs_a_ready_peer_without_drift() -> None:
    for fault in ("drift", "maintenance"):
        pair = settled()
        pair.first.own = IMPAIRED
        if fault == "drift":
            pair.second.own = replace(OWN, version=(9, 0, 0))
        else:
            pair.second.orders = {"maintenance": True}
        pair.run(20)
        assert Role.YIELD not in pair.first.roles


def test_standby_that_has_just_come_is_not_ready() -> None:
    """It does not have the state of the unit on duty yet."""
    pair = _alone()
    pair.start(pair.second)
    pair.until(pair.second, Role.STANDBY)
    pair.scan(3)
    pair.first.orders = {"gives_duty": True}
    pair.scan()
    assert pair.first.role is Role.ACTIVE
    pair.run(1)
    pair.first.orders = {"gives_duty": True}
    pair.scan()
    assert pair.first.role is Role.YIELD


def test_standby_says_the_newest_epoch_that_it_knows() -> None:
    pair = settled()
    assert pair.first.outputs is not None
    assert pair.second.outputs is not None
    assert pair.second.outputs.beat.epoch == pair.first.outputs.beat.epoch > 0


def test_unit_with_a_peer_is_not_alone() -> None:
    pair = settled()
    assert not pair.first.memory.alone
    pair.second.kill()
    pair.run(1.5)
    assert pair.first.memory.alone
    assert list(pair.first.standing) == ["twin alone"]


def test_listener_leaves_the_claim_to_a_peer_that_is_ahead() -> None:
    pair = Pair()
    pair.start(pair.second)
    for _ in range(30):
        pair.say(pair.second, beat(Role.CLAIM))
        pair.scan()
    assert pair.second.roles == [Role.LISTEN]


def test_paused_unit_does_not_take_an_old_query_for_a_living_peer() -> None:
    pair = _alone()
    assert pair.first.twin is not None
    pair.first.twin.state.twin_mono_ns = pair.now_ns - 10_000 * NS_PER_MS
    pair.first.is_frozen = True
    pair.run(0.5)
    pair.first.is_frozen = False
    pair.until(pair.first, Role.CLAIM)
    assert Role.SUSPECT not in pair.first.roles


def test_deaf_unit_on_duty_is_not_impaired_by_what_it_did_not_hear_before() -> None:
    pair = settled()
    pair.second.hears_bus = False
    pair.run(1.5)
    pair.first.kill()
    pair.until(pair.second, Role.ACTIVE)
    pair.scan()
    assert pair.second.outputs is not None
    assert pair.second.outputs.beat.grade is Grade.FIT


def test_resets_after_which_the_wall_clock_was_set_back_do_not_count_for_ever() -> None:
    later = UTC_NS + 100 * NS_PER_HOUR
    pair = Pair(Unit(True, TwinMemory(resets_utc_ns=(later,) * 3)))
    pair.start(pair.first)
    pair.scan()
    assert pair.first.standing == {}
