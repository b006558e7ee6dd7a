"""What the roles mean for leases, relays, watchdog, lamps and state, scan by scan."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from edge.model.event import EventKind
from edge.model.order import Handover
from edge.model.scan import AlarmOutputs, HealthSample, RelayCommand
from edge.model.twin import RelayState, Role
from edge.model.units import NS_PER_MS, NS_PER_S
from edge.peer.fragments import Fragment
from tests.app.pair_parts import KITA, MINAMI, FakeEnable, FakeWorker
from tests.app.pair_rig import Plant

BOTH = ["chiller", "fan"]


def test_scan_renews_the_lease_on_duty_and_withdraws_it_off_duty(plant: Plant) -> None:
    kita, minami = plant.settle()
    assert kita.worker.lease_until_ns == plant.now_ns + 250 * NS_PER_MS
    assert minami.worker.lease_until_ns == 0


def test_scan_after_a_pause_ends_the_workers_before_any_lease(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    kita, _ = plant.settle()
    done: list[str] = []
    monkeypatch.setattr(FakeWorker, "fence", lambda _: done.append("fence"))
    monkeypatch.setattr(FakeWorker, "renew", lambda _, _until: done.append("renew"))
    monkeypatch.setattr(FakeWorker, "withdraw", lambda _: done.append("withdraw"))
    plant.units = {KITA: kita}
    plant.clock.now_ns += NS_PER_S
    plant.scan()
    assert kita.role is Role.LISTEN
    assert done == ["fence", "withdraw"]


def test_enable_line_is_triggered_by_the_end_of_a_scan_and_not_by_one_that_fences(
    plant: Plant,
) -> None:
    enable = FakeEnable()
    kita = plant.start(KITA, enable=enable)
    plant.until(kita, Role.ACTIVE)
    enable.done.clear()
    plant.scan()
    assert enable.done == ["rearm", "trigger"]
    enable.done.clear()
    plant.clock.now_ns += NS_PER_S
    plant.scan()
    assert enable.done == ["rearm"]


def test_enable_line_that_is_down_shortens_the_takeover(plant: Plant) -> None:
    enable = FakeEnable()
    kita, minami = plant.start(KITA), plant.start(MINAMI, enable=enable)
    plant.run(6)
    plant.kill(kita)
    enable.peer = False
    assert plant.until(minami, Role.ACTIVE) <= 1.3


def test_watchdog_is_not_fed_while_a_query_may_come_on_to_a_line_that_was_given_up(
    plant: Plant,
) -> None:
    kita, minami = plant.settle()
    assert kita.duty.may_feed
    assert minami.duty.may_feed
    minami.worker.seen = replace(minami.worker.seen, is_writing=True)
    plant.scan()
    assert not minami.duty.may_feed
    minami.worker.seen = replace(minami.worker.seen, is_writing=False)
    plant.scan()
    assert minami.duty.may_feed


def test_end_of_the_duty_parts_from_what_was_known_of_the_last_leader(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    kita, minami = plant.settle()
    parted: list[int] = []
    monkeypatch.setattr(kita.duty._following, "part", lambda: parted.append(plant.now_ns))
    kita.orders = [Handover(MINAMI, "kim")]
    plant.until(minami, Role.ACTIVE)
    plant.run(2)
    assert len(parted) == 1


def test_unit_that_starts_beside_one_on_duty_moves_its_relays_once(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    plant.kill(minami)
    plant.run(1)
    minami = plant.start(MINAMI)
    plant.run(5)
    assert minami.moves() == [[], BOTH]
    assert minami.scans[9][1] == kita.scans[-1][1]
    assert kita.roles() == [Role.LISTEN, Role.CLAIM, Role.ACTIVE]


def test_cold_start_leaves_its_relays_as_they_are_until_somebody_has_the_duty(
    plant: Plant,
) -> None:
    relays = (RelayCommand("chiller", shed=False), RelayCommand("fan", shed=True))
    kita, minami = (plant.start(name, relays=relays) for name in (KITA, MINAMI))
    plant.until(kita, Role.ACTIVE)
    assert [moves for unit in (kita, minami) for moves in unit.moves()[:1]] == [["fan"], ["fan"]]
    assert all(role is Role.ACTIVE for role, given, _ in kita.scans if given != relays)


def test_start_beside_a_peer_on_the_bus_only_sheds_nothing(plant: Plant) -> None:
    _, minami = plant.settle()
    plant.kill(minami)
    relays = (RelayCommand("chiller", shed=False), RelayCommand("fan", shed=True))
    minami = plant.start(MINAMI, relays=relays)
    minami.is_cut = True
    plant.until(minami, Role.SUSPECT)
    assert minami.sheds == []


def test_commands_that_are_no_more_in_force_are_not_revived_by_a_takeover(plant: Plant) -> None:
    """The mirror was released long since: minutes-old commands are history."""
    kita, minami = plant.settle_shed(60)
    minami.is_cut = True
    plant.power_w = 100e3
    plant.run(100)
    assert (minami.role, kita.sheds) == (Role.SUSPECT, [])
    before = len(minami.scans)
    plant.kill(kita)
    plant.until(minami, Role.ACTIVE)
    plant.run(5)
    assert minami.moves(before) == [[]]


def test_relays_of_a_peer_that_is_on_the_bus_only_are_held_then_released(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    minami.is_cut = True
    plant.run(29)
    assert (minami.role, minami.sheds) == (Role.SUSPECT, BOTH)
    plant.run(3)
    assert (minami.sheds, kita.sheds) == ([], BOTH)


def test_pause_leaves_one_unit_on_duty_and_every_relay_where_it_was(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    before = len(kita.scans), len(minami.scans)
    kita.is_frozen = True
    plant.run(1)
    kita.is_frozen = False
    plant.run(8)
    assert kita.worker.fenced == 1
    assert sorted((kita.role, minami.role)) == [Role.ACTIVE, Role.STANDBY]
    assert (kita.moves(before[0]), minami.moves(before[1])) == ([BOTH], [BOTH])


def test_standby_shows_its_own_severe_fault_and_sounds_nothing(plant: Plant) -> None:
    kita, minami = plant.settle()
    minami.health = (HealthSample("wiring", severe=True, text="fan: GPIO12 does not follow"),)
    plant.scan()
    assert minami.lamps == AlarmOutputs(fault=True)
    assert kita.lamps == AlarmOutputs()
    minami.health = ()
    plant.kill(kita)
    plant.until(minami, Role.ACTIVE)
    assert minami.lamps == AlarmOutputs(fault=True, buzzer=True)


def test_standby_tells_nothing_that_the_unit_on_duty_has_done(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    duty = {EventKind.RELAY, EventKind.OVERRIDE}
    assert {event.kind for event in kita.events} >= duty
    assert {event.kind for event in minami.events} & duty == set()


def test_state_of_the_unit_on_duty_is_taken_over_each_second(plant: Plant) -> None:
    kita, minami = plant.settle()
    minami.adoptions.clear()
    plant.run(10)
    apart_ns = [after - before for before, after in itertools.pairwise(minami.adoptions)]
    assert len(apart_ns) >= 8
    assert max(apart_ns) <= 1200 * NS_PER_MS
    assert kita.adoptions == []


def test_state_that_comes_while_on_duty_is_not_found_at_the_next_following(plant: Plant) -> None:
    """Of a conflict of two on duty, say; hours later it would be the first one to be followed."""
    kita, _ = plant.settle()
    kita.link._state_in.offer(Fragment(2**31, 0, 1, 0x98E21C66, plant.now_ns, b"long ago"))
    assert kita.link._state_in._state is not None
    plant.scan()
    assert kita.link.take_state() is None
    assert kita.adoptions == []


def test_divergence_is_shown_with_the_pair(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    kita, minami = plant.settle()
    stuck = RelayState(shed=True, age_ns=0)
    monkeypatch.setattr(
        kita.duty._following.controller.__class__, "relay_states", lambda *_: (stuck, stuck)
    )
    plant.run(10)
    status = minami.duty.status()
    assert status is not None
    assert status.diverges.startswith("decision: here ")
    assert minami.standing["twin divergence"].text == f"twin: {status.diverges}"


def test_handover_brings_the_duty_to_the_named_unit_from_either_desk(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    before = len(kita.scans)
    for desk, taker in ((kita, minami), (kita, kita), (minami, minami), (minami, kita)):
        desk.orders = [Handover(taker.name, "kim"), Handover("EG-HIGASHI", "kim")]
        plant.until(taker, Role.ACTIVE)
        plant.run(3)
    assert kita.refusals("handover") + minami.refusals("handover") == []
    assert kita.moves(before) == minami.moves(before) == [BOTH]
    assert kita.worker.fenced == minami.worker.fenced == 0
    relay_events = [[e for e in u.events if e.kind is EventKind.RELAY] for u in (kita, minami)]
    assert [len(events) for events in relay_events] == [2, 0]
