"""What a gateway's driver asks of its guest and of its emulator, neither of which is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from hil.boottime import boottime_ns
from hil.machine.agent import AgentError
from hil.machine.gateway import MachineGateway
from hil.suite.protocol import OwnEvent, Said
from tests.hil.machine.scripted_guest import Guest, ok

DONE = {"code": 0, "text": ""}
_DEAD = ("order", "dead", "EG-KITA", True)
_ALIVE = ("order", "dead", "EG-KITA", False)


class Ordered:
    """Takes the place of what is told to do something: keeps what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[Any] = []
        self.is_on = True

    def __getattr__(self, verb: str) -> Any:
        return lambda *words, **fields: self.told.append((verb, *words, *fields.values()))


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    guest = Guest(tmp_path / "agent")
    yield guest
    guest.close()


@pytest.fixture
def machine(guest: Guest, tmp_path: Path) -> Iterator[MachineGateway]:
    guest.answers = ok(DONE)
    ordered = Ordered(tmp_path)
    gateway = MachineGateway(
        "EG-KITA", cast("Any", ordered), cast("Any", ordered), cast("Any", ordered)
    )
    yield gateway
    gateway.agent.close()


def _told(gateway: MachineGateway) -> list[Any]:
    return cast("Ordered", cast("object", gateway.emulator)).told


def _commands(guest: Guest) -> list[str]:
    return [str(asked["command"]) for asked in guest.asked]


def test_gateway_that_hangs_has_all_processes_of_its_service_stopped(
    guest: Guest, machine: MachineGateway
) -> None:
    machine.hang()
    machine.wake()
    kill = "systemctl kill --kill-who=all --signal="
    assert _commands(guest) == [f"{kill}STOP denban.service", f"{kill}CONT denban.service"]


def test_power_key_is_the_emulators(machine: MachineGateway) -> None:
    qmp = Ordered(Path())
    cast("Any", machine.emulator).qmp = qmp
    machine.press_power_key()
    assert qmp.told == [("execute", "system_powerdown")]


def test_gateway_whose_kernel_crashes_has_nothing_that_restarts_it(
    guest: Guest, machine: MachineGateway
) -> None:
    guest.answers = lambda _: guest.hang_up()
    machine.crash_kernel()
    (command,) = _commands(guest)
    assert command.startswith("echo 0 >/proc/sys/kernel/panic;")


def test_gateway_that_refuses_a_step_raises_what_it_said(
    guest: Guest, machine: MachineGateway
) -> None:
    guest.answers = ok({"code": 1, "text": "Unit denban.service not loaded."})
    with pytest.raises(AgentError, match=r"(?s)EG-KITA: systemctl stop .*not loaded"):
        machine.stop_service()


def test_start_of_a_service_on_a_gateway_without_power_is_its_boot(
    guest: Guest, machine: MachineGateway
) -> None:
    cast("Any", machine.emulator).is_on = False
    machine.start_service()
    assert _told(machine) == [("power_on",)]
    assert guest.asked == []


def test_command_line_is_quoted_for_the_guest(guest: Guest, machine: MachineGateway) -> None:
    guest.answers = ok({"code": 3, "text": "no such load"})
    assert machine.denban("override", "boiler 2") == Said(3, "no such load")
    (command,) = _commands(guest)
    assert command.endswith("/bin/denban override 'boiler 2'")


def test_status_is_of_the_scan_on_the_benchs_clock(guest: Guest, machine: MachineGateway) -> None:
    said = {"ok": True, "status": {"mono_ns": 4_000_000}, "twin": {"role": "active"}}
    guest.answers = lambda asked: [{"id": asked["id"], "ok": said, "boottime_ns": 9_000_000}]
    before_ns = boottime_ns()
    status = machine.status()
    after_ns = boottime_ns()
    assert status is not None
    assert status.twin == {"role": "active"}
    assert before_ns - 5_000_000 <= status.scanned_ns <= after_ns - 5_000_000


@pytest.mark.parametrize("said", [{"ok": False}, {"ok": False, "reason": "starting"}])
def test_status_without_a_scan_is_none(
    guest: Guest, machine: MachineGateway, said: dict[str, Any]
) -> None:
    guest.answers = ok(said)
    assert machine.status() is None


def test_status_of_a_gateway_that_does_not_answer_is_none(
    guest: Guest, machine: MachineGateway
) -> None:
    guest.answers = lambda _: guest.hang_up()
    assert machine.status() is None


def test_events_are_given_once_though_a_reset_gives_their_numbers_again(
    guest: Guest, machine: MachineGateway
) -> None:
    row = {"kind": "role", "subject": "twin", "severity": "info", "facts": {"to": 1}}
    event = OwnEvent("role", "twin", "info", {"to": 1})
    before = [{**row, "number": number, "utc_ns": number} for number in (150, 151)]
    guest.answers = ok(before)
    assert machine.fresh_events() == [event, event]
    guest.answers = ok([before[0], {**row, "number": 151, "utc_ns": 900}])
    assert machine.fresh_events() == [event]
    assert machine.fresh_events() == []
    assert [asked["after_number"] for asked in guest.asked] == [0, 51, 51]


def test_clock_that_is_stepped_is_set_apart_from_the_benchs(
    guest: Guest, machine: MachineGateway
) -> None:
    before_ns = time.time_ns()
    machine.step_clock(-3600.0)
    apart_ns = guest.asked[0]["utc_ns"] - before_ns
    assert -3_600_000_000_000 <= apart_ns < -3_500_000_000_000


def test_adapter_that_died_lives_again_when_its_port_was_cycled(machine: MachineGateway) -> None:
    machine.usb.die()
    machine.usb.cycle()
    assert _told(machine) == [_DEAD, _DEAD, ("pull", "rs485"), _ALIVE, ("plug", "rs485")]


def test_line_is_silent_for_an_adapter_while_it_is_pulled(machine: MachineGateway) -> None:
    machine.usb.pull()
    assert _told(machine) == [_DEAD, ("pull", "rs485"), _ALIVE]


def test_adapter_that_is_dead_stays_so_when_it_is_pulled_and_put_back(
    machine: MachineGateway,
) -> None:
    machine.usb.die()
    machine.usb.pull()
    machine.usb.plug()
    assert _told(machine)[-3:] == [("pull", "rs485"), _DEAD, ("plug", "rs485")]


def test_adapter_that_hangs_is_revived_once_by_its_machine_s_switch(
    machine: MachineGateway,
) -> None:
    offs = iter([2, 2, 3, 3])
    told = _told(machine)
    machine.emulator.usb_offs_count = lambda: next(offs)  # type: ignore[method-assign]
    assert not machine.usb.follow()
    machine.usb.hang()
    assert not machine.usb.follow()
    assert machine.usb.follow()
    assert not machine.usb.follow()
    assert told == [_DEAD, _ALIVE]
