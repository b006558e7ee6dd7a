"""Power, plugging and saved states of a machine, on the real emulator with next to no guest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.launch import BenchProcess
from hil.machine.command_line import USB_ID
from hil.machine.emulator import Emulator
from hil.machine.qmp import QmpError
from hil.waiting import wait_for
from tests.hil.machine.tiny_machine import MISSING, REASON, make_tiny_machine

pytestmark = pytest.mark.skipif(bool(MISSING), reason=REASON)
_SOON_S = 10.0


@pytest.fixture
def line(tmp_path: Path) -> Iterator[socket.socket]:
    """Stands for the hub: the machine's adapter connects to it."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "rs485"))
        listener.listen()
        listener.settimeout(_SOON_S)
        yield listener


@pytest.fixture
def board(tmp_path: Path) -> Iterator[BenchProcess]:
    gpio = {"socket": str(tmp_path / "gpio"), "kind": "virtio"}
    config = {
        "orders": str(tmp_path / "board.sock"),
        "log": str(tmp_path / "board.log"),
        "values": str(tmp_path / "values"),
        "units": {"a": gpio},
    }
    with BenchProcess("hil.board", tmp_path / "board.json", config) as board:
        yield board


@pytest.fixture
def machine(tmp_path: Path, board: BenchProcess) -> Iterator[Emulator]:  # noqa: ARG001 -- it listens
    emulator = make_tiny_machine(tmp_path, tmp_path / "gpio", tmp_path / "rs485")
    yield emulator
    emulator.power_off()


def test_machine_that_is_switched_on_connects_its_adapter_and_its_lines(
    machine: Emulator, line: socket.socket, board: BenchProcess
) -> None:
    assert not machine.is_on
    machine.power_on()
    adapter, _ = line.accept()
    adapter.close()
    assert machine.is_on
    assert machine.qmp.execute("query-status")["running"]
    assert board.order("snapshot")["units"]["a"]["connected"]


def test_machine_whose_power_is_cut_is_gone_and_comes_back(
    machine: Emulator, line: socket.socket
) -> None:
    machine.power_on()
    adapter, _ = line.accept()
    adapter.settimeout(_SOON_S)
    machine.power_off()
    assert not machine.is_on
    assert adapter.recv(1) == b""
    adapter.close()
    with pytest.raises(QmpError, match="the machine is off"):
        machine.qmp.execute("query-status")
    machine.power_on()
    assert machine.is_on
    assert "life 2" in machine.log_text()


def test_adapter_that_is_pulled_hangs_up_and_is_back_when_plugged(
    machine: Emulator, line: socket.socket
) -> None:
    machine.power_on()
    for _ in range(2):
        adapter, _ = line.accept()
        adapter.settimeout(_SOON_S)
        machine.pull(USB_ID)
        assert adapter.recv(1) == b""
        adapter.close()
        assert "port 1" not in machine.qmp.monitor("info usb").lower()
        machine.plug(USB_ID)
    adapter, _ = line.accept()
    adapter.close()
    assert "port 1" in machine.qmp.monitor("info usb").lower()


def test_machine_without_its_adapter_boots_without_it(
    machine: Emulator, line: socket.socket
) -> None:
    machine.pull(USB_ID)
    machine.power_on()
    line.settimeout(0)
    with pytest.raises(BlockingIOError):
        line.accept()


def test_machine_that_does_not_start_says_what_the_emulator_says(
    machine: Emulator, line: socket.socket, tmp_path: Path
) -> None:
    assert line.fileno() >= 0
    (tmp_path / "kernel").unlink()
    with pytest.raises(RuntimeError, match=r"(?s)kernel.*No such file|could not open kernel"):
        machine.power_on()
    assert not machine.is_on


def test_machine_that_is_restored_goes_on_with_nothing_plugged(
    machine: Emulator, line: socket.socket
) -> None:
    machine.prepare_bare()
    machine.power_on()
    machine.save_state()
    assert not machine.is_on
    machine.power_on(restored=True)
    assert machine.qmp.execute("query-status")["running"]
    machine.plug(USB_ID)
    adapter, _ = line.accept()
    adapter.close()


def test_events_of_all_lives_are_kept(machine: Emulator, line: socket.socket) -> None:
    assert line.fileno() >= 0
    machine.power_on()
    machine.qmp.execute("stop")
    machine.qmp.wait_event("STOP", _SOON_S)
    machine.power_off()
    machine.power_on()
    assert [event.name for event in machine.events("STOP")] == ["STOP"]


def test_machine_that_resets_goes_on_in_another_emulator_with_what_was_plugged(
    machine: Emulator, line: socket.socket
) -> None:
    machine.pull(USB_ID)
    machine.power_on()
    machine.plug(USB_ID)
    lives = [machine.pid]
    for _ in range(2):
        adapter, _ = line.accept()
        adapter.settimeout(_SOON_S)
        machine.qmp.execute("system_reset")
        assert adapter.recv(1) == b""
        adapter.close()
        wait_for("the next life", lambda: machine.is_on and machine.pid not in lives, _SOON_S)
        lives.append(machine.pid)
    assert machine.qmp.execute("query-status")["running"]
    assert len(machine.events("SHUTDOWN")) == 2
    assert "life 3" in machine.log_text()


def test_machine_that_was_switched_off_does_not_begin_another_life(
    machine: Emulator, line: socket.socket
) -> None:
    assert line.fileno() >= 0
    machine.power_on()
    followers = [each for each in threading.enumerate() if each.name.startswith("resets of")]
    machine.power_off()
    for follower in followers:
        follower.join(_SOON_S)
        assert not follower.is_alive()
    assert not machine.is_on


def test_devices_that_a_guest_switched_off_are_counted_in_its_emulator_s_log(
    machine: Emulator,
) -> None:
    assert machine.usb_offs_count() == 0
    (machine.folder / "qemu.log").write_text(
        "usb_set_config dev 1, config 1, ret 0\n"
        "usb_set_config dev 1, config 0, ret 0\n"
        "71@1700000000.000001:usb_set_config dev 2, config 0, ret 0\n"
    )
    assert machine.usb_offs_count() == 2


@pytest.mark.usefixtures("line", "board")
def test_machine_is_worn_when_its_translated_code_fills_half_of_its_room(tmp_path: Path) -> None:
    """The firmware's code alone is enough for the smallest room that QEMU makes."""
    paths = (tmp_path / "gpio", tmp_path / "rs485")
    machine = make_tiny_machine(tmp_path, *paths, translated_mib=1)
    try:
        assert not machine.is_worn()  # it is off
        machine.power_on()
        wait_for("half of the room filled", machine.is_worn, _SOON_S)
    finally:
        machine.power_off()


@pytest.mark.usefixtures("line")
def test_machine_with_room_for_its_code_is_not_worn(machine: Emulator) -> None:
    machine.power_on()
    assert not machine.is_worn()
