"""The ladder of one of two units: who takes the duty first, and when a machine is rebooted."""

from __future__ import annotations

from msgspec.structs import replace

from edge.model.healing import Attempt, HealingMemory, Rung
from edge.model.units import NS_PER_MIN
from tests.core.healing.plant import (
    ACTIVE,
    DEAF,
    GENTLE,
    LOST,
    SILENT,
    SOUND,
    STANDBY,
    TWIN,
    UP_NS,
    UTC_NS,
    Unit,
)


def test_standby_climbs_to_the_reboot_while_its_twin_polls() -> None:
    unit = Unit(DEAF, pair=STANDBY)
    unit.turn_until(Rung.REBOOT)
    assert unit.done == [*GENTLE, Rung.PORT_POWER, Rung.CONTROLLER, Rung.REBOOT]
    assert unit.memory.rebooting == "main"


def test_standby_is_not_rebooted_while_its_twin_does_not_poll() -> None:
    pair = replace(STANDBY, peer_holds_bus=False)
    unit = Unit(SILENT, pair=pair)
    unit.turn(300)
    assert Rung.REBOOT not in unit.done
    assert Rung.CONTROLLER in unit.done


def test_duty_goes_to_the_twin_before_the_hub_is_cycled() -> None:
    unit = Unit(SILENT, pair=ACTIVE)
    unit.turn_until(TWIN)
    assert unit.done == [*GENTLE, TWIN]
    assert unit.outputs.status[0].text == "hands over first: power of the hub off and on"
    unit.pair = STANDBY
    unit.turn(3)
    assert unit.done[-1] == TWIN  # not before the twin has shown that it gets replies
    unit.turn_until(Rung.PORT_POWER, 3)


def test_twin_that_gets_no_replies_either_ends_the_ladder() -> None:
    unit = Unit(SOUND, pair=replace(ACTIVE, bus_lost=True))
    unit.turn_until(TWIN)
    unit.pair = replace(STANDBY, bus_lost=True, peer_holds_bus=False, peer_impaired=True)
    unit.turn(3)
    assert unit.done[-1] == TWIN
    assert (unit.told[-1], unit.whys[-1]) == (("not_healed", None, "main"), "line")


def test_twin_that_does_not_take_the_duty_keeps_the_hub_from_being_cycled() -> None:
    unit = Unit(SILENT, pair=ACTIVE)
    unit.turn(400)
    assert unit.done == [*GENTLE, TWIN, TWIN, TWIN]
    assert unit.whys.count("the twin did not take over in time") == 3


def test_unit_on_duty_alone_cycles_its_hub_where_nothing_on_it_works() -> None:
    unit = Unit(SILENT, pair=replace(ACTIVE, peer_ready=False))
    unit.turn(300)
    assert unit.done == [*GENTLE, Rung.PORT_POWER, Rung.CONTROLLER]


def test_reboot_that_healed_is_told_after_it() -> None:
    memory = HealingMemory([Attempt(Rung.REBOOT, "main", "before", UP_NS, UTC_NS)], "main")
    unit = Unit(SOUND, pair=STANDBY, memory=memory, boot_id="after", up_ns=NS_PER_MIN)
    unit.turn(5)
    unit.reply()
    unit.turn()
    assert unit.told == [("healed", Rung.REBOOT, "main")]
    assert memory.rebooting == ""


def test_reboot_that_did_not_heal_is_told_after_it_and_not_repeated() -> None:
    memory = HealingMemory([Attempt(Rung.REBOOT, "main", "before", UP_NS, UTC_NS)], "main")
    unit = Unit(DEAF, pair=STANDBY, memory=memory, boot_id="after", up_ns=NS_PER_MIN)
    unit.turn(602)
    assert unit.told[0] == ("no_reply", Rung.REBOOT, "main")
    unit.later(1)
    unit.turn(600)
    assert Rung.REBOOT not in unit.done


def test_machine_that_has_just_come_up_is_not_rebooted() -> None:
    unit = Unit(DEAF, pair=STANDBY, up_ns=NS_PER_MIN)
    unit.turn(400)
    assert Rung.REBOOT not in unit.done
    assert any(why.endswith("min, need 360 min") for why in unit.whys)


def test_port_that_is_back_while_the_twin_is_asked_awaits_its_first_reply() -> None:
    unit = Unit(LOST, pair=ACTIVE)
    unit.gone.add("main")
    unit.turn_until(TWIN)
    unit.gone.clear()
    unit.lines["main"] = SOUND
    unit.turn(60)
    assert unit.done == [TWIN]
    unit.reply()
    unit.turn()
    assert unit.told[-1] == ("works_again", None, "main")
