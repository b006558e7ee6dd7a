"""Grades, swaps, drift, the mirror, standing conditions, and the picture for people."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.twin import Twin
from edge.core.twin.swap import may_swap, note_swap
from edge.model.scan import HealthSample
from edge.model.twin import Grade, Mirror, PathSample, PeerBeat, Role, TwinInputs, TwinMemory
from edge.model.units import NS_PER_HOUR, NS_PER_MIN, NS_PER_MS, NS_PER_S
from tests.core.twin.pair import OWN, UTC_NS, Pair, Unit, beat, spec
from tests.core.twin.scenarios import IMPAIRED, settled


def test_better_peer_gets_the_duty_only_after_it_was_better_for_long() -> None:
    pair = settled()
    pair.first.own = IMPAIRED
    pair.run(4)
    pair.first.own = OWN
    pair.scan(2)
    pair.first.own = IMPAIRED
    pair.run(4.8)
    assert pair.first.role is Role.ACTIVE
    pair.run(1)
    assert pair.second.role is Role.ACTIVE


def test_equal_or_worse_peer_never_gets_the_duty() -> None:
    pair = settled()
    pair.first.own = pair.second.own = IMPAIRED
    pair.run(60)
    assert pair.first.role is Role.ACTIVE


def test_swaps_for_health_wait_ten_minutes_and_twice_as_long_each_time() -> None:
    """The unit on duty is always the worse one, as an enemy would have it."""
    pair = settled()
    for _ in range(18 * 600):
        on_duty = pair.first if pair.first.role is Role.ACTIVE else pair.second
        on_duty.own, pair.other(on_duty).own = IMPAIRED, OWN
        pair.scan()
    swaps = [
        event.mono_ns
        for unit in pair.units
        for event in unit.events
        if event.facts["why"] == "peer is in better health"
    ]
    assert len(swaps) == 2
    assert swaps[1] - swaps[0] >= 10 * NS_PER_MIN


def test_swap_limit_doubles_up_to_four_hours_and_decays() -> None:
    memory, now_ns, waits = TwinMemory(), 0, []
    for _ in range(7):
        assert may_swap(memory, now_ns)
        note_swap(spec(), memory, now_ns)
        waits.append(memory.swap_wait_ns // NS_PER_MIN)
        assert not may_swap(memory, now_ns + memory.swap_wait_ns - 1)
        now_ns += memory.swap_wait_ns
    # The seventh comes 4 h after the sixth: that long without a swap, and it begins anew.
    assert waits == [10, 20, 40, 80, 160, 240, 10]
    note_swap(spec(), memory, now_ns + 5 * NS_PER_HOUR)
    assert memory.swap_wait_ns == 10 * NS_PER_MIN


def test_takeover_from_a_silent_peer_is_not_limited() -> None:
    pair = settled()
    for unit in pair.units:
        note_swap(unit.spec, unit.memory, pair.now_ns)
    pair.first.kill()
    pair.until(pair.second, Role.ACTIVE)


def test_resets_in_the_window_make_a_last_resort_that_claims_later() -> None:
    recent = (UTC_NS + 1000 * NS_PER_S,) * 3
    waits = []
    for resets in ((), recent[:2], recent):
        pair = Pair(Unit(True, TwinMemory(resets_utc_ns=resets)))
        pair.start(pair.first)
        waits.append(round(pair.until(pair.first, Role.ACTIVE), 1))
    assert waits == [3.3, 3.3, 5.3]


def test_resets_long_ago_count_no_more() -> None:
    pair = Pair(Unit(True, TwinMemory(resets_utc_ns=(UTC_NS + 1000 * NS_PER_S,) * 3)))
    pair.start(pair.first)
    pair.run(5)
    assert pair.first.standing["twin resets"].severe
    pair.run(15 * 60)
    assert "twin resets" not in pair.first.standing
    assert pair.first.twin is not None
    assert pair.first.twin.state.grade is Grade.FIT


def test_of_two_without_duty_the_better_one_claims() -> None:
    pair = Pair()
    pair.first.own = IMPAIRED
    pair.start()
    pair.run(10)
    assert (pair.first.role, pair.second.role) == (Role.STANDBY, Role.ACTIVE)
    assert Role.ACTIVE not in pair.first.roles


def test_claim_against_a_better_peer_that_claims_too_is_withdrawn() -> None:
    pair = Pair()
    pair.start(pair.first)
    pair.until(pair.first, Role.CLAIM)
    pair.first.own = IMPAIRED
    pair.say(pair.first, beat(Role.CLAIM))
    pair.scan()
    assert pair.first.role is Role.LISTEN
    assert pair.first.events[-1].facts["why"] == "peer claims too and is ahead"
    pair.say(pair.first, beat(Role.CLAIM))
    pair.scan()
    assert pair.first.role is Role.LISTEN


def test_peer_without_duty_that_can_not_let_go_leaves_the_duty_but_not_the_bus() -> None:
    pair = Pair()
    pair.start(pair.first)
    for scan in range(40):
        pair.say(pair.first, beat(Role.MAINTENANCE, let_go=False))
        pair.scan()
        assert scan > 23 or pair.first.role is Role.LISTEN
    assert pair.first.role is Role.ACTIVE
    assert not pair.first.drives


def test_lost_line_impairs() -> None:
    pair = settled()
    pair.first.own = replace(OWN, bus_lines_lost=("main",))
    pair.scan()
    assert pair.first.twin is not None
    assert pair.first.twin.state.why_grade == "line main"
    pair.run(7)
    assert pair.second.role is Role.ACTIVE


@pytest.mark.parametrize(
    ("drift", "text"),
    [
        ({"site_digest": b"another1"}, "peer has another site file: 616e6f7468657231, here 00"),
        ({"version": (0, 2, 0)}, "peer runs version 0.2.0, this unit 0.0.0"),
    ],
)
def test_drift_is_an_alarm_at_once(drift: dict[str, object], text: str) -> None:
    pair = settled()
    pair.second.own = replace(OWN, **drift)
    pair.scan(2)
    assert pair.first.standing["twin drift"].severe
    assert pair.first.standing["twin drift"].text.startswith(text)
    pair.second.own = OWN
    pair.scan(2)
    assert pair.first.standing == {}


def test_other_plan_is_an_alarm_when_it_lasts() -> None:
    pair = settled()
    pair.second.own = replace(OWN, plan_digest=b"another1")
    pair.run(4)
    assert pair.first.standing == {}
    pair.run(2)
    assert pair.first.standing["twin drift"].text.startswith("peer has another plan: 616e")


def test_mirror_follows_holds_and_releases() -> None:
    pair = settled()
    pair.cut()
    pair.scan(4)
    seen = []
    for _ in range(320):
        pair.scan()
        assert pair.second.outputs is not None
        seen.append(pair.second.outputs.mirror)
    assert seen[0] is Mirror.HOLD
    assert seen.index(Mirror.RELEASE) == pytest.approx(296, abs=3)
    assert seen[-1] is Mirror.RELEASE
    pair.cut(is_cut=False)
    pair.scan(2)
    assert pair.second.outputs is not None
    assert pair.second.outputs.mirror is Mirror.FOLLOW


def test_mirror_with_a_short_hold_still_lasts_until_the_claim() -> None:
    pair = Pair(second=Unit(False, mirror_hold_ns=NS_PER_S))
    pair.settle()
    pair.first.kill()
    while pair.second.role is not Role.ACTIVE:
        assert pair.second.outputs is not None
        assert pair.second.outputs.mirror in (Mirror.FOLLOW, Mirror.HOLD)
        pair.scan()
    assert pair.second.outputs is not None
    assert pair.second.outputs.mirror is Mirror.OWN


def test_mirror_of_a_peer_with_another_site_file_is_released() -> None:
    pair = Pair()
    pair.first.own = replace(OWN, site_digest=b"another1")
    pair.settle()
    assert pair.second.outputs is not None
    assert pair.second.outputs.mirror is Mirror.RELEASE
    assert not pair.second.outputs.follows
    assert pair.first.outputs is not None
    assert not pair.first.outputs.sends_state


def test_mirror_of_an_incompatible_peer_is_released() -> None:
    twin = Twin(spec(is_first=False), TwinMemory(), 0)
    arrived = PeerBeat(beat(Role.ACTIVE), 100 * NS_PER_MS, is_compatible=False)
    told: list[HealthSample] = []
    for scan in (1, 2):
        outputs = twin.step(TwinInputs(scan * 100 * NS_PER_MS, UTC_NS, OWN, beats=(arrived,)))
        told += outputs.health
    assert outputs.role is Role.STANDBY
    assert outputs.mirror is Mirror.RELEASE
    assert [(sample.name, sample.severe) for sample in told] == [("twin drift", True)]


def test_unit_that_was_alone_keeps_its_relays_over_a_restart() -> None:
    for alone, mirror in ((True, Mirror.HOLD), (False, Mirror.RELEASE)):
        pair = Pair(Unit(True, TwinMemory(alone=alone)))
        pair.start(pair.first)
        pair.scan()
        assert pair.first.outputs is not None
        assert pair.first.outputs.mirror is mirror


def test_path_that_is_down_is_told_while_the_peer_is_heard_on_another() -> None:
    twin = Twin(spec(), TwinMemory(), 0)
    health = {}
    for scan in range(1, 40):
        now_ns = scan * 100 * NS_PER_MS
        net1_ns = now_ns if scan < 10 or scan > 25 else 900 * NS_PER_MS
        paths = (PathSample("net0", now_ns, can_send=scan < 30), PathSample("net1", net1_ns))
        said = PeerBeat(beat(Role.ACTIVE), now_ns)
        for sample in twin.step(TwinInputs(now_ns, UTC_NS, OWN, beats=(said,), paths=paths)).health:
            health[scan] = (sample.name, sample.severe, sample.text)
    assert health == {
        19: ("twin path net1", False, "no heartbeat arrives on it"),
        26: ("twin path net1", False, ""),
        30: ("twin path net0", False, "heartbeats can not be sent on it"),
    }


def test_status_tells_the_pair_as_of_the_last_scan() -> None:
    unit = Unit(True)
    unit.start(0)
    assert unit.twin is not None
    assert unit.twin.status().role == "boot"
    assert not unit.twin.status().peer.heard
    pair = settled()
    assert pair.first.twin is not None
    status = pair.first.twin.status()
    assert (status.unit, status.role, status.on_duty, status.holds_bus) == (
        "EG-KITA",
        "active",
        True,
        True,
    )
    assert (status.alone, status.grade, status.mirror) == (False, "fit", "own")
    assert status.why == "nobody objected to the claim"
    assert status.since_s > 4
    peer = status.peer
    assert (peer.unit, peer.heard, peer.role, peer.ready) == ("EG-MINAMI", True, "standby", True)
    assert (peer.version, peer.same_site_file, peer.same_plan) == ("0.0.0", True, True)
    assert [(path.name, path.ok) for path in status.paths] == [("net0", True), ("net1", True)]
    assert pair.second.twin is not None
    assert pair.second.twin.status().epoch == status.epoch
    assert pair.second.twin.status().ear == "proven"
    assert pair.second.twin.status().heard_count == status.sent_count > 0


def test_status_of_a_path_that_was_never_heard_has_no_age() -> None:
    twin = Twin(spec(), TwinMemory(), 0)
    twin.step(TwinInputs(1, UTC_NS, OWN, paths=(PathSample("net0", None),)))
    assert twin.status().paths[0].age_s is None
    assert not twin.status().paths[0].ok
