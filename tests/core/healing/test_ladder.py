"""The ladder from the first silence to a reply, or to its end."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.healing.rules import usb_device
from edge.model.healing import Attempt, HealingMemory, HealingStatus, Rung
from edge.model.units import NS_PER_HOUR
from tests.core.healing.plant import (
    ACTIVE,
    GENTLE,
    LOST,
    OTHER,
    OTHER_PORT,
    PORT,
    SILENT,
    SOUND,
    UP_NS,
    UTC_NS,
    Unit,
)


def test_single_unit_climbs_all_rungs_but_the_reboot_and_says_so() -> None:
    unit = Unit(SILENT)
    unit.turn(300)
    assert unit.done == [*GENTLE, Rung.PORT_POWER, Rung.CONTROLLER]
    assert unit.told == [
        ("began", None, "main"),
        *[("no_reply", rung, "main") for rung in unit.done],
        ("skipped", Rung.REBOOT, "main"),
        ("not_healed", None, "main"),
    ]
    assert "no other unit is on duty" in unit.whys[-2]
    text = "not healed, begins anew by and by; replace the adapter"
    assert unit.outputs.status == (HealingStatus("main", 7, 7, text),)


@pytest.mark.parametrize("rung", [Rung.REOPEN, Rung.RESET, Rung.PORT_POWER])
def test_reply_after_a_rung_ends_the_ladder(rung: Rung) -> None:
    unit = Unit(SILENT)
    unit.turn_until(rung)
    unit.turn(3)
    unit.reply()
    unit.turn()
    assert unit.told[-1] == ("healed", rung, "main")
    assert unit.outputs.status == ()
    tried = [done for done in unit.done if done is not Rung.LOOK]
    unit.turn(10)
    assert [done for done in unit.done if done is not Rung.LOOK] == tried


def test_open_port_without_a_reply_heals_nothing() -> None:
    unit = Unit(SILENT)
    unit.turn_until(Rung.RESET)
    unit.lines["main"] = SOUND
    unit.turn(60)
    assert unit.told[-1] == ("no_reply", Rung.RESET, "main")
    assert unit.done[-1] is Rung.RESET
    unit.reply()
    unit.turn()
    assert unit.told[-1] == ("works_again", None, "main")


def test_moment_of_silence_is_nobody_s_business() -> None:
    unit = Unit(SILENT)
    unit.turn(11)
    unit.lines["main"] = SOUND
    unit.turn(3)
    assert (unit.done, unit.told, unit.outputs.status) == ([], [], ())


def test_rung_that_fails_is_followed_by_the_next_at_once() -> None:
    unit = Unit(SILENT)
    unit.answers[Rung.RESET] = (False, "reset of 1-1.2: no such device")
    unit.turn_until(Rung.RESET)
    unit.turn()
    assert unit.done[-1] is Rung.AUTHORIZE
    assert unit.told[-1] == ("failed", Rung.RESET, "main")
    assert unit.whys[-1] == "reset of 1-1.2: no such device"


def test_root_program_that_does_not_answer_is_not_waited_for() -> None:
    unit = Unit(SILENT)
    unit.is_dumb = True
    unit.turn_until(Rung.AUTHORIZE)
    assert unit.told[-1] == ("failed", Rung.RESET, "main")
    assert unit.whys[-1] == "no answer of the root program"


def test_reply_while_the_root_program_is_at_it_waits_for_its_answer() -> None:
    unit = Unit(SILENT)
    unit.is_dumb = True
    unit.turn_until(Rung.RESET)
    unit.lines["main"] = SOUND
    unit.turn(3)
    assert unit.told[-1] == ("no_reply", Rung.REOPEN, "main")


def test_line_that_is_dead_for_both_gets_no_more_than_the_first_rung() -> None:
    unit = Unit(SOUND, pair=replace(ACTIVE, bus_lost=True, peer_impaired=True, peer_ready=False))
    unit.turn(200)
    assert unit.done == [Rung.REOPEN]
    assert (unit.told[-1], unit.whys[-1]) == (("not_healed", None, "main"), "line")


def test_adapter_that_is_gone_is_left_to_its_owner_for_a_minute_then_its_hub_is_cycled() -> None:
    unit = Unit(LOST)
    unit.gone.add("main")
    unit.turn(60)
    assert unit.done == []
    unit.turn_until(Rung.PORT_POWER)
    assert unit.done == [Rung.PORT_POWER]


def test_port_that_is_no_usb_adapter_is_opened_anew_and_no_more() -> None:
    unit = Unit(replace(SILENT, port="/dev/ttyAMA0"))
    unit.turn(200)
    assert unit.done == [Rung.REOPEN]


def test_line_over_tcp_is_none_of_it() -> None:
    unit = Unit(replace(SILENT, port=""))
    unit.turn(200)
    assert (unit.done, unit.told) == ([], [])


def test_hub_is_not_cycled_where_another_line_works_and_nobody_else_would_poll_it() -> None:
    unit = Unit(SILENT, replace(OTHER, replied_mono_ns=1))
    unit.turn(20)
    unit.turn(300)
    assert [done for done in unit.done if done is not Rung.LOOK] == GENTLE
    skipped = [step for outcome, step, _ in unit.told if outcome == "skipped"]
    assert skipped == [Rung.PORT_POWER, Rung.CONTROLLER, Rung.REBOOT]
    assert any(why.startswith("other works, would be lost") for why in unit.whys)


def test_line_of_the_same_device_counts_as_another_from_the_second_rung_on() -> None:
    twin_port = PORT.replace(":1.0-port0", ":1.1-port0")
    unit = Unit(SILENT, replace(SOUND, line="other", port=twin_port))
    unit.turn(300)
    assert [done for done in unit.done if done is not Rung.LOOK] == [Rung.REOPEN]


def test_hub_may_be_cycled_where_the_other_lines_are_dead_too() -> None:
    unit = Unit(SILENT, replace(SILENT, line="other", port=OTHER_PORT))
    unit.turn_until(Rung.PORT_POWER)
    assert unit.done[-1] is Rung.PORT_POWER


def test_rung_that_hits_others_is_not_tried_where_it_can_not_be_noted() -> None:
    unit = Unit(SILENT)
    unit.can_note = False
    unit.turn(300)
    assert unit.done == GENTLE
    assert "the attempt can not be written to the disk" in unit.whys


def test_ladder_that_ended_begins_anew_after_an_hour_within_its_limits() -> None:
    unit = Unit(SILENT)
    for _ in range(3):
        unit.turn(400)
        unit.later(1)
    assert unit.told.count(("began", None, "main")) == 3
    assert unit.done.count(Rung.PORT_POWER) == 3
    assert unit.done.count(Rung.CONTROLLER) == 2
    assert unit.told.count(("skipped", Rung.REBOOT, "main")) == 1
    assert unit.told.count(("skipped", Rung.CONTROLLER, "main")) == 1


def test_limits_of_a_day_hold_over_a_reboot_and_a_clock_that_was_set_back() -> None:
    hours_ns = (NS_PER_HOUR * 3, NS_PER_HOUR * 5)
    attempts = [
        Attempt(Rung.CONTROLLER, "other", "before", UP_NS, UTC_NS + hour_ns) for hour_ns in hours_ns
    ]
    unit = Unit(SILENT, memory=HealingMemory(attempts), boot_id="after")
    unit.turn(300)
    assert unit.done == [*GENTLE, Rung.PORT_POWER]
    assert "tried 2 times within the day, limit 2" in unit.whys


def test_attempts_that_no_limit_counts_are_forgotten() -> None:
    old = Attempt(Rung.RESET, "main", "boot", UP_NS - 25 * NS_PER_HOUR, UTC_NS)
    unit = Unit(SOUND, memory=HealingMemory([old]))
    unit.turn()
    assert unit.memory.attempts == []


def test_ports_by_id_of_one_device_are_one() -> None:
    names = (
        "/dev/serial/by-id/usb-FTDI_Dual-if00-port0",
        "/dev/serial/by-id/usb-FTDI_Dual-if01-port0",
    )
    assert {usb_device(name) for name in names} == {"/dev/serial/by-id/usb-FTDI_Dual"}
    assert usb_device("/dev/serial/by-id/usb-old") == "/dev/serial/by-id/usb-old"


def test_two_silent_lines_are_healed_one_after_the_other() -> None:
    unit = Unit(SILENT, replace(SILENT, line="other", port=OTHER_PORT))
    unit.turn_until(Rung.RESET)
    assert unit.outputs.request is not None
    assert unit.outputs.request.bus == "main"
    unit.turn(3)
    unit.reply()
    unit.turn(2)
    assert unit.done[-1] is Rung.REOPEN
    assert unit.told[-1] == ("healed", Rung.RESET, "main")


def test_places_are_looked_at_while_they_work_once_a_day() -> None:
    unit = Unit(SOUND, OTHER)
    unit.turn(60)
    assert unit.done == [Rung.LOOK, Rung.LOOK]
    assert unit.told == []
    unit.later(24)
    unit.turn(60)
    assert unit.done == [Rung.LOOK] * 4


@pytest.mark.parametrize("is_dumb", [True, False])
def test_root_program_that_can_not_look_is_told_and_told_again_when_it_can(
    *, is_dumb: bool
) -> None:
    unit = Unit(SOUND)
    unit.is_dumb = is_dumb
    unit.answers[Rung.LOOK] = (False, "bus.main.port: not there")
    unit.turn(90)
    assert unit.told == [("unready", Rung.LOOK, "main")]
    assert unit.whys == ["no answer of the root program" if is_dumb else "bus.main.port: not there"]
    unit.is_dumb, unit.answers = False, {}
    unit.later(24)
    unit.turn(60)
    assert unit.told[1:] == [("ready", Rung.LOOK, "main")]


def test_reopening_the_port_does_not_wait_for_a_look_that_is_not_answered() -> None:
    unit = Unit(SOUND)
    unit.is_dumb = True
    unit.turn_until(Rung.LOOK)
    unit.lines["main"] = SILENT
    unit.turn_until(Rung.REOPEN, 14)
