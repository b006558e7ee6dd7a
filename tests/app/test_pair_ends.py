"""How a unit of two ends, and what stays of it: stop, crash, death, restart."""

from __future__ import annotations

import pytest

from edge.model.event import EventKind
from edge.model.order import Maintenance
from edge.model.twin import Role, TwinMemory
from edge.model.units import NS_PER_MS
from tests.app.pair_parts import KITA, override
from tests.app.pair_rig import Plant

BOTH = ["chiller", "fan"]


def test_death_of_the_unit_on_duty_moves_no_relay_of_the_other(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    plant.kill(kita)
    before = len(minami.scans)
    assert plant.until(minami, Role.ACTIVE) == pytest.approx(2.9, abs=0.3)
    plant.run(5)
    assert minami.moves(before) == [BOTH]


@pytest.mark.parametrize("last_word", ["beat", "farewell"])
def test_move_a_scan_before_the_death_stays_at_the_takeover(plant: Plant, last_word: str) -> None:
    """No state can have told of it."""
    kita, minami = plant.settle()
    plant.run(6)
    if last_word == "farewell":
        for path in kita.link._paths:
            path.send = lambda _datagram: None  # type: ignore[method-assign]
    kita.orders = [override("fan")]
    plant.scan()
    assert kita.sheds == ["fan"]
    plant.scan()
    if last_word == "farewell":
        plant.crash(kita)
    else:
        plant.kill(kita)
    plant.until(minami, Role.ACTIVE)
    loads = [unit.duty.controller.state.shedding.loads["fan"] for unit in (kita, minami)]
    assert [load.on for load in loads] == [False, False]
    assert loads[0].since_mono_ns == pytest.approx(loads[1].since_mono_ns, abs=100 * NS_PER_MS)
    assert minami.sheds == ["fan"]


def test_crash_is_taken_over_at_once(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    assert kita.herald.worker_pids == (kita.worker.pid,)
    before = len(minami.scans)
    plant.crash(kita)
    assert plant.until(minami, Role.ACTIVE) <= 0.2
    plant.run(3)
    assert minami.moves(before) == [BOTH]


def test_restart_of_a_unit_that_was_alone_keeps_its_relays(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    plant.kill(minami)
    plant.run(1)
    assert kita.duty.memory.alone
    plant.kill(kita)
    memory = TwinMemory(epoch=3, alone=True)
    relays = kita.scans[-1][1]
    again = plant.start(KITA, controller=kita.duty.controller, relays=relays, memory=memory)
    plant.until(again, Role.ACTIVE)
    assert again.moves() == [BOTH]


def test_relays_that_a_takeover_moves_are_told_with_that_reason(plant: Plant) -> None:
    """The mirror was let go long since; the survivor's own decisions come into force."""
    kita, minami = plant.settle()
    minami.is_cut = True
    plant.run(100)
    plant.power_w = 20e6
    plant.run(20)
    assert (minami.role, minami.sheds) == (Role.SUSPECT, [])
    plant.kill(kita)
    minami.events.clear()
    plant.until(minami, Role.ACTIVE)
    told = [event for event in minami.events if event.kind is EventKind.RELAY]
    assert [(event.subject, event.facts["reason"]) for event in told] == [
        ("chiller", "duty_begins"),
        ("fan", "duty_begins"),
    ]
    assert minami.sheds == BOTH


def test_stop_of_the_unit_on_duty_hands_over_and_then_lets_go_of_its_relays(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    before = len(kita.scans)
    scans = plant.stop(kita)
    assert kita.roles()[-3:] == [Role.ACTIVE, Role.YIELD, Role.STANDBY]
    assert scans <= 8
    assert kita.duty.releases
    assert minami.role is Role.ACTIVE
    assert (kita.moves(before), minami.moves(before)) == ([BOTH], [BOTH])


def test_stop_of_a_unit_with_nobody_to_take_over_ends_soon_and_follows_the_policy(
    plant: Plant,
) -> None:
    kita = plant.start(KITA)
    plant.until(kita, Role.ACTIVE)
    assert plant.stop(kita) <= 3
    assert not kita.duty.releases


def test_stop_of_the_standby_ends_soon_and_lets_go_of_its_relays(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    scans = plant.stop(minami)
    assert scans <= 3
    assert minami.duty.releases
    assert (kita.role, kita.sheds) == (Role.ACTIVE, BOTH)


def test_process_without_a_whole_scan_may_not_end_feed_or_release(plant: Plant) -> None:
    duty = plant.start(KITA).duty
    assert (duty.may_end(True), duty.may_feed, duty.releases) == (False, False, False)


def test_end_lets_go_of_the_relays_only_while_somebody_keeps_the_loads(plant: Plant) -> None:
    kita, minami = plant.settle_shed()
    assert kita.duty.releases
    minami.orders = [Maintenance(begin=True, who="kim")]
    plant.run(1)
    assert (minami.role, kita.duty.releases) == (Role.MAINTENANCE, False)
    minami.orders = [Maintenance(begin=False, who="kim")]
    plant.run(5)
    assert (minami.role, kita.duty.releases) == (Role.STANDBY, True)
    plant.kill(minami)
    plant.run(1)
    assert kita.duty.releases
    plant.scan()
    assert not kita.duty.releases
