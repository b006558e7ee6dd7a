"""Orders in a pair: each is carried out by the unit on duty, once, or ends with a word."""

from __future__ import annotations

import pytest

from edge.model.event import EventKind
from edge.model.order import (
    FROM_JOURNAL,
    Acknowledge,
    Handover,
    Identify,
    Maintenance,
    SetLimit,
    TakePlan,
)
from edge.model.plan import Plan, PlanSlot
from edge.model.scan import AlarmOutputs, HealthSample
from edge.model.twin import Role
from edge.model.units import NS_PER_MIN, NS_PER_S, UWH_PER_KWH
from tests.app.pair_parts import KITA, MINAMI, SITE, START_UTC_NS, override
from tests.app.pair_rig import Plant, Unit
from tests.peer.ends import SCAN_NS

_SLOT_NS = 30 * NS_PER_MIN


def _carried_out(unit: Unit) -> list[str]:
    return [event.subject for event in unit.events if event.kind is EventKind.OVERRIDE]


def test_order_at_the_standbys_desk_is_carried_out_once_by_the_unit_on_duty(plant: Plant) -> None:
    kita, minami = plant.settle()
    minami.orders = [override("chiller"), override("fan")]
    plant.run(6)
    assert (_carried_out(kita), _carried_out(minami)) == (["chiller", "fan"], [])
    assert kita.sheds == minami.sheds == ["chiller", "fan"]


def _is_late(unit: Unit, at_ns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives for the scan at `at_ns` arrives after it."""
    receive = unit.link.receive
    monkeypatch.setattr(
        unit.link, "receive", lambda now_ns: () if now_ns == at_ns else receive(now_ns)
    )


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("scans", range(8))
def test_order_that_meets_a_handover_is_carried_out_then_and_never_again_later(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, scans: int, is_late: bool
) -> None:
    """What is on its way when the duty changes must not lie in wait for the next handover."""
    kita, minami = plant.settle()
    orders = [(0, minami, override("chiller")), (scans, kita, Handover(MINAMI, "kim"))]
    if scans >= 4:
        orders = [(0, kita, Handover(MINAMI, "kim")), (scans - 4, minami, override("chiller"))]
    offered_ns = plant.now_ns + (2 + (scans if scans < 4 else 0)) * SCAN_NS
    if is_late:
        _is_late(kita, offered_ns, monkeypatch)
    for scan in range(10):
        for at, unit, order in orders:
            if at == scan:
                unit.orders = [order]
        plant.scan()
        assert plant.now_ns != offered_ns or kita.role is Role.YIELD
    plant.run(10)
    done = _carried_out(kita), _carried_out(minami)
    # Twice where the duty changed before the acknowledgement was here.
    assert done in ((["chiller"], []), ([], ["chiller"]), (["chiller"], ["chiller"]))
    assert minami.role is Role.ACTIVE
    minami.orders = [Handover(KITA, "kim")]
    plant.until(kita, Role.ACTIVE)
    plant.run(10)
    assert (_carried_out(kita), _carried_out(minami)) == done
    assert kita.sheds == minami.sheds == ["chiller"]


def test_order_while_the_duty_is_offered_is_the_peers(plant: Plant) -> None:
    kita, minami = plant.settle()
    kita.orders = [Handover(MINAMI, "kim")]
    plant.scan()
    kita.orders = [override("fan")]
    plant.scan()
    assert kita.role is Role.YIELD
    plant.run(6)
    assert (_carried_out(kita), _carried_out(minami)) == ([], ["fan"])
    assert kita.sheds == minami.sheds == ["fan"]


def test_order_is_not_lost_with_the_unit_that_took_it(plant: Plant) -> None:
    """Its state goes out at once, not with the next second."""
    for phase in range(10):
        kita, minami = plant.settle()
        plant.scan(phase)
        kita.orders = [SetLimit(300e3, START_UTC_NS, START_UTC_NS + 10 * _SLOT_NS, "kim")]
        plant.run(0.8)
        plant.kill(kita)
        assert minami.duty.controller.state.demand.limit.order is not None, phase
        plant.kill(minami)


def test_order_that_the_peer_took_no_more_is_carried_out_by_the_survivor(plant: Plant) -> None:
    kita, minami = plant.settle()
    plant.kill(kita)
    minami.orders = [override("chiller")]
    plant.until(minami, Role.ACTIVE)
    plant.run(6)
    assert _carried_out(minami) == ["chiller"]
    assert minami.sheds == ["chiller"]


def test_order_that_nobody_takes_ends_with_a_word_and_is_not_carried_out_later(
    plant: Plant,
) -> None:
    kita, minami = plant.settle()
    minami.orders = [Maintenance(begin=True, who="kim")]
    plant.run(1)
    plant.kill(kita)
    minami.orders = [override("chiller"), override("fan")]
    plant.run(29)
    assert minami.refusals() == []
    plant.run(2)
    assert minami.refusals() == ["no unit on duty has taken it in time"] * 2
    kita = plant.start(KITA)
    plant.until(kita, Role.ACTIVE)
    plant.run(6)
    assert (_carried_out(kita), kita.sheds) == ([], [])


def test_order_that_finds_the_box_full_is_refused_with_a_word(plant: Plant) -> None:
    kita, minami = plant.settle()
    plant.kill(kita)
    minami.orders = [override("fan")] * 17
    plant.scan()
    assert minami.refusals() == ["too many wait for the peer, or it is too large"]


@pytest.mark.parametrize("data", [b"\x81\xa4type\xa6reboot", b"\xc1"])
def test_order_of_a_newer_release_is_refused_and_ends_no_scan(plant: Plant, data: bytes) -> None:
    kita, minami = plant.settle()
    assert minami.link.post_order(data)
    minami.orders = [override("fan")]
    plant.run(6)
    (why,) = kita.refusals()
    assert str(why).startswith("the peer's order is not known here: ")
    assert _carried_out(kita) == ["fan"]


def test_acknowledge_at_the_standby_silences_the_unit_on_duty(plant: Plant) -> None:
    kita, minami = plant.settle()
    kita.health = (HealthSample("wiring", severe=True, text="fan: GPIO12 does not follow"),)
    plant.run(1)
    assert kita.lamps == AlarmOutputs(fault=True, buzzer=True)
    minami.orders = [Acknowledge("kim")]
    plant.run(1)
    assert kita.lamps == AlarmOutputs(fault=True)


def test_acknowledge_at_the_standby_is_for_its_own_alarms_too(plant: Plant) -> None:
    """They would sound once it is on duty."""
    kita, minami = plant.settle()
    minami.health = (HealthSample("wiring", severe=True, text="fan: GPIO12 does not follow"),)
    plant.run(1)
    minami.orders = [Acknowledge("kim")]
    plant.run(1)
    kita.orders = [Handover(MINAMI, "kim")]
    plant.until(minami, Role.ACTIVE)
    assert minami.lamps == AlarmOutputs(fault=True)


def _plan(who: str) -> TakePlan:
    slots = tuple(PlanSlot(START_UTC_NS + n * _SLOT_NS, 200 * UWH_PER_KWH) for n in range(2))
    return TakePlan(Plan("2026-04-01", 1, START_UTC_NS, "digest", _SLOT_NS, slots), who)


@pytest.mark.parametrize(("who", "days"), [(FROM_JOURNAL, []), ("kim", ["2026-04-01"])])
def test_plan_that_the_standby_remembers_stays_there_and_a_new_one_is_carried(
    plant: Plant, who: str, days: list[str]
) -> None:
    kita, minami = plant.settle(SITE + '[plan]\ndirectory = "plans"\n')
    minami.orders = [_plan(who)]
    plant.run(3)
    for unit, wanted in ((kita, days), (minami, ["2026-04-01"])):
        assert [plan.day for plan in unit.duty.controller.state.demand.plans.plans] == wanted


def test_maintenance_takes_the_unit_on_duty_out_and_back(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    before = len(kita.scans)
    kita.orders = [Maintenance(begin=True, who="kim")]
    plant.run(3)
    assert (kita.role, minami.role) == (Role.MAINTENANCE, Role.ACTIVE)
    kita.orders = [Maintenance(begin=False, who="kim")]
    plant.run(3)
    assert (kita.role, minami.role) == (Role.STANDBY, Role.ACTIVE)
    assert kita.moves(before) == minami.moves(before) == [["chiller", "fan"]]


def test_order_to_blink_reaches_the_other_unit_from_either_desk(plant: Plant) -> None:
    kita, minami = plant.settle()
    for here, there in ((kita, minami), (minami, kita)):
        here.orders = [Identify(5 * NS_PER_S, "anna")]
        plant.scan(3)
        statuses = [unit.duty.status() for unit in (here, there)]
        assert [status.identify_s for status in statuses if status is not None] == [0, 5]
        plant.run(6)
        status = there.duty.status()
        assert status is not None
        assert status.identify_s == 0
    assert (kita.role, minami.role) == (Role.ACTIVE, Role.STANDBY)
