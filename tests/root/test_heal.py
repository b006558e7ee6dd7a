"""Root's helper of healing on an imitation of sysfs: each rung, and everything that it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edge.model.healing import HealRequest, Rung
from edge.root import heal_memory, heal_rungs
from edge.root.heal import Helper
from edge.root.heal_memory import DAY_S, Memory, Now, load_memory
from edge.root.heal_rungs import Rungs, reset_device
from edge.root.heal_usb import UsbTree
from tests.root.usb_plant import OTHER_PORT, PORT, SITE, UsbPlant

HANG_S = 0.2
UP_S = 10 * 3600.0


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsbPlant:
    monkeypatch.setattr(Now, "of", staticmethod(lambda _root: Now("boot-1", UP_S, time.time())))
    return UsbPlant(tmp_path)


def run(plant: UsbPlant, **said: Any) -> dict[str, Any]:
    """The result of one request."""
    plant.ask(**said)
    assert helper(plant).run()
    assert not (plant.folder / "request").exists()
    return plant.result()


def helper(plant: UsbPlant) -> Helper:
    tree = UsbTree(plant.root)
    resets = plant.root / "resets"

    def reset(node: Path, number: str) -> None:
        resets.write_text(f"{node.relative_to(plant.root)} {number}")

    rungs = Rungs(tree, off_s=0.0, reset=reset, write_s_max=HANG_S)
    return Helper(plant.root, rungs, tree, os.getuid())


def memory(plant: UsbPlant) -> Memory:
    return load_memory(plant.root / "var/lib/denban-heal/memory.json")


def refused(plant: UsbPlant, **said: Any) -> str:
    result = run(plant, **said)
    assert not result["ok"]
    return str(result["text"])


def test_rungs_are_numbered_as_the_controller_numbers_them() -> None:
    assert set(heal_memory.RUNGS) == set(Rung) - {Rung.REOPEN}
    names = ("LOOK", "RESET", "AUTHORIZE", "REBIND", "PORT_POWER", "CONTROLLER", "REBOOT")
    assert all(getattr(heal_memory, name) == Rung[name] for name in names)
    assert set(HealRequest.__struct_fields__) == {"id", "bus", "rung"}


def test_look_remembers_the_place_and_changes_nothing(plant: UsbPlant) -> None:
    result = run(plant, rung=0)
    assert (result["id"], result["rung"], result["ok"]) == ("a1", 0, True)
    assert result["text"] == "1-1.2 0403:6001"
    assert memory(plant).places == {
        PORT: {
            "device": "platform/scb/pcie/0000:01:00.0/usb1/1-1/1-1.2",
            "identity": "0403:6001",
            "controller": "platform/scb/pcie/0000:01:00.0",
            "driver": "xhci_hcd",
            "kind": "pci",
        }
    }
    assert set(plant.switches(plant.hub).values()) == {""}


def test_reset_goes_to_the_node_of_the_device(plant: UsbPlant) -> None:
    assert run(plant, rung=2)["text"] == "1-1.2 reset"
    assert (plant.root / "resets").read_text() == "dev/bus/usb/001/005 189:4"


def test_authorize_leaves_the_device_on(plant: UsbPlant) -> None:
    assert run(plant, rung=3)["ok"]
    assert (plant.device / "authorized").read_text().startswith("1")


def test_rebind_names_the_interface_to_its_own_driver(plant: UsbPlant) -> None:
    assert run(plant, rung=4)["text"] == "1-1.2:1.0: ftdi_sio off and on"
    driver = plant.sys / "bus/usb/drivers/ftdi_sio"
    assert (driver / "unbind").read_text() == (driver / "bind").read_text() == "1-1.2:1.0"


def test_rebind_of_a_driver_that_is_none_of_a_serial_adapter_is_refused(plant: UsbPlant) -> None:
    link = plant.device / "1-1.2:1.0/driver"
    link.unlink()
    plant._link(link, plant.sys / "bus/usb/drivers/usb-storage")
    assert "no driver of a serial adapter" in refused(plant, rung=4)
    assert (plant.sys / "bus/usb/drivers/usb-storage/unbind").read_text() == ""


def test_port_power_switches_every_port_of_the_hub_and_their_twins_on_again(
    plant: UsbPlant,
) -> None:
    assert run(plant, rung=5)["text"] == "6 ports of 1-1 off and on"
    for hub in (plant.hub, plant.controller / "usb2/2-1"):
        assert set(plant.switches(hub).values()) == {"0"}
    assert plant.switches(plant.controller / "usb1") == {"usb1-port1": ""}


@pytest.mark.parametrize("is_bound", [True, False])
def test_device_that_does_not_come_back_by_itself_is_looked_for_anew(
    plant: UsbPlant, monkeypatch: pytest.MonkeyPatch, *, is_bound: bool
) -> None:
    """As on a hub that has switches and no power behind them."""
    tree = UsbTree(plant.root)
    monkeypatch.setattr(tree, "children", lambda hub: [hub / "1-1.9"])
    if not is_bound:
        (plant.hub / "1-1:1.0/driver").unlink()
    said = Rungs(tree, off_s=0.001, write_s_max=HANG_S).cycle_hub(plant.hub)
    assert said.endswith("its devices found anew" if is_bound else "not all devices are back")
    written = [(plant.sys / f"bus/usb/drivers/hub/{way}").read_text() for way in ("unbind", "bind")]
    assert written == (["1-1:1.0"] * 2 if is_bound else ["", ""])


def test_devices_in_a_hub_are_its_children(plant: UsbPlant) -> None:
    tree = UsbTree(plant.root)
    assert [path.name for path in tree.children(plant.hub)] == ["1-1.2", "1-1.3"]
    assert [path.name for path in tree.children(plant.controller / "usb1")] == ["1-1"]


def test_controller_is_unbound_and_bound(plant: UsbPlant) -> None:
    assert run(plant, rung=6)["text"] == "0000:01:00.0: xhci_hcd off and on"
    driver = plant.sys / "bus/pci/drivers/xhci_hcd"
    assert (driver / "unbind").read_text() == (driver / "bind").read_text() == "0000:01:00.0"


def test_controller_that_was_left_unbound_is_bound(plant: UsbPlant) -> None:
    run(plant, rung=0)
    (plant.controller / "driver").unlink()
    plant.unplug()
    assert run(plant, rung=6)["ok"]
    driver = plant.sys / "bus/pci/drivers/xhci_hcd"
    assert ((driver / "unbind").read_text(), (driver / "bind").read_text()) == ("", "0000:01:00.0")


def test_reboot_is_ordered_from_systemd(plant: UsbPlant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heal_rungs, "_SYSTEMCTL", "/bin/true")
    assert run(plant, rung=7)["text"] == "reboot ordered"


def test_reboot_that_systemd_refuses_is_told(
    plant: UsbPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heal_rungs, "_SYSTEMCTL", "/bin/false")
    assert refused(plant, rung=7).startswith("reboot:")


# A device that is gone.


@pytest.mark.parametrize("rung", [5, 6])
def test_device_that_is_gone_is_healed_by_its_remembered_place(plant: UsbPlant, rung: int) -> None:
    run(plant, rung=0)
    plant.unplug()
    assert run(plant, rung=rung)["ok"]


@pytest.mark.parametrize("rung", [2, 3, 4])
def test_device_that_is_gone_can_not_be_reset(plant: UsbPlant, rung: int) -> None:
    run(plant, rung=0)
    plant.unplug()
    assert f"not there: got {Path(OTHER_PORT).name}, need {PORT}" in refused(plant, rung=rung)


@pytest.mark.parametrize("rung", [0, 2, 5, 6])
def test_device_that_was_never_seen_has_no_place(plant: UsbPlant, rung: int) -> None:
    plant.unplug()
    assert "not there" in refused(plant, rung=rung)


def test_device_without_its_tty_is_found_by_its_place(plant: UsbPlant) -> None:
    """As after a rung that was cut off between off and on."""
    run(plant, rung=0)
    (plant.root / PORT.removeprefix("/")).unlink()
    assert run(plant, rung=3)["text"] == "1-1.2 off and on"


def test_another_device_at_the_remembered_place_is_left_alone(plant: UsbPlant) -> None:
    run(plant, rung=0)
    (plant.root / PORT.removeprefix("/")).unlink()
    (plant.device / "idProduct").write_text("7523\n")
    assert "not there" in refused(plant, rung=3)
    assert (plant.device / "authorized").read_text() == ""


def test_changed_path_says_which_there_are(plant: UsbPlant) -> None:
    link = plant.root / PORT.removeprefix("/")
    link.rename(link.with_name("pci-0000:01:00.0-usbv2-0:1.2:1.0-port0"))
    text = refused(plant, rung=0)
    assert "pci-0000:01:00.0-usbv2-0:1.2:1.0-port0" in text
    assert "correct the port" in text


def test_hub_that_is_gone_is_told(plant: UsbPlant) -> None:
    run(plant, rung=0)
    plant.unplug()
    plant.hub.rename(plant.root / "hub-away")
    assert "its hub is gone too" in refused(plant, rung=5)


# What else hangs there.


@pytest.mark.parametrize(("kind", "name"), [("block", "sda"), ("net", "eth1")])
@pytest.mark.parametrize("rung", [5, 6])
def test_hub_with_a_disk_or_a_network_card_is_left_alone(
    plant: UsbPlant, kind: str, name: str, rung: int
) -> None:
    plant.carry(kind, name)
    assert f"{name} hangs on it too" in refused(plant, rung=rung)
    assert set(plant.switches(plant.hub).values()) == {""}


def test_hub_without_switches_is_refused(plant: UsbPlant) -> None:
    for hub in (plant.hub, plant.controller / "usb2/2-1"):
        for port in hub.glob("*/*-port*/disable"):
            port.unlink()
    assert "no switch: need a kernel of 6.0" in refused(plant, rung=5)


# Writes that hang or fail.


def test_write_that_hangs_is_killed_told_and_not_repeated_in_this_boot(plant: UsbPlant) -> None:
    unbind = plant.sys / "bus/pci/drivers/xhci_hcd/unbind"
    unbind.unlink()
    os.mkfifo(unbind)  # its opening waits for a reader for ever
    assert "the kernel hangs in it" in refused(plant, rung=6)
    assert "hung since this boot" in refused(plant, rung=6)


def test_hub_whose_switch_hangs_gets_its_other_ports_back(plant: UsbPlant) -> None:
    stuck = plant.hub / "1-1:1.0/1-1-port2/disable"
    stuck.unlink()
    os.mkfifo(stuck)
    assert "the kernel hangs in it" in refused(plant, rung=5)
    stuck.unlink()
    assert plant.switches(plant.hub) == {"1-1-port1": "0", "1-1-port3": ""}


def test_write_that_fails_is_told_with_its_error(plant: UsbPlant) -> None:
    (plant.device / "authorized").unlink()
    assert "No such file or directory" in refused(plant, rung=3)


def test_reset_of_a_node_that_is_not_the_device_is_refused(tmp_path: Path) -> None:
    node = tmp_path / "005"
    node.write_text("")
    with pytest.raises(OSError, match="not device 189:4"):
        reset_device(node, "189:4")


# Limits.


def test_limits_hold_over_runs_and_a_clock_set_back(plant: UsbPlant) -> None:
    assert run(plant, rung=6)["ok"]
    assert "done 1 times within 1 h, limit 1" in refused(plant, rung=6)
    ago_s = time.time() + 5 * 3600
    kept = memory(plant)
    kept.attempts = [(6, "earlier", 1.0, ago_s)] * 3
    kept.save()
    assert "done 3 times within 24 h, limit 3" in refused(plant, rung=6)


def test_attempts_older_than_a_day_are_forgotten(plant: UsbPlant) -> None:
    kept = memory(plant)
    kept.attempts = [(2, "earlier", 1.0, time.time() - DAY_S - 1)] * 99
    kept.save()
    assert run(plant, rung=2)["ok"]
    assert len(memory(plant).attempts) == 1


def test_machine_that_has_just_come_up_is_not_rebooted(
    plant: UsbPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heal_rungs, "_SYSTEMCTL", "/bin/true")
    monkeypatch.setattr(Now, "of", staticmethod(lambda _root: Now("boot-1", 60.0, time.time())))
    assert "up for 1 min, need 360 min" in refused(plant, rung=7)


@pytest.mark.parametrize("torn", ["", "[]", '{"attempts": [[1]], "places": {}, "hung": {}}'])
def test_torn_memory_counts_as_if_all_had_just_been_done(plant: UsbPlant, torn: str) -> None:
    plant.write("var/lib/denban-heal/memory.json", torn)
    assert "limit 1" in refused(plant, rung=6)
    assert run(plant, rung=2)["ok"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_rung_that_hits_others_is_refused_where_it_can_not_be_counted(plant: UsbPlant) -> None:
    folder = plant.root / "var/lib/denban-heal"
    folder.chmod(0o500)
    try:
        assert "can not be written" in refused(plant, rung=5)
        assert run(plant, rung=2)["ok"]
    finally:
        folder.chmod(0o700)


def test_disk_that_takes_nothing_refuses_what_hits_others(
    plant: UsbPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_memory: Memory) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Memory, "save", full)
    assert "can not be written: got No space left" in refused(plant, rung=5)
    assert set(plant.switches(plant.hub).values()) == {""}
    assert run(plant, rung=2)["ok"]


# Forged requests.


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[" * 400,
        b"null",
        b'{"id": "a1", "bus": "main"}',
        b'{"id": "a1", "bus": "main", "rung": 2, "path": "/sys/x"}',
        b'{"id": "../x", "bus": "main", "rung": 2}',
        b'{"id": "a1", "bus": 7, "rung": 2}',
        b'{"id": "a1", "bus": "", "rung": 2}',
        b'{"id": "a1", "bus": "' + b"m" * 65 + b'", "rung": 2}',
        b'{"id": "a1", "bus": "main", "rung": 1}',
        b'{"id": "a1", "bus": "main", "rung": true}',
        b'{"id": "a1", "bus": "main", "rung": 8}',
        b'{"id": "a1", "bus": "main", "rung": "2"}',
        b'{"id": "a1", "bus": "main", "rung": 2}' + b" " * 500,
    ],
)
def test_request_of_another_shape_is_refused_and_removed(plant: UsbPlant, raw: bytes) -> None:
    (plant.folder / "request").write_bytes(raw)
    assert helper(plant).run()
    assert plant.result()["text"].startswith("request: ")
    assert not plant.result()["ok"]
    assert not (plant.folder / "request").exists()
    assert not (plant.root / "resets").exists()


@pytest.mark.parametrize("bus", ["net", "none", "../main"])
def test_line_without_a_port_in_the_site_file_is_refused(plant: UsbPlant, bus: str) -> None:
    assert f"no port of bus.{bus}" in refused(plant, bus=bus, rung=2)


@pytest.mark.parametrize(
    "port",
    [
        "/dev/ttyUSB0",
        "/dev/serial/by-path/../../../etc/passwd",
        "/dev/serial/by-path/..",
        "/dev/serial/by-path/a b",
        "/dev/null",
    ],
)
def test_port_that_is_no_steady_name_is_refused(plant: UsbPlant, port: str) -> None:
    plant.write("etc/denban/site.toml", f'[bus.main]\nport = "{port}"\n')
    assert "not a steady name" in refused(plant, rung=2)


def test_name_that_leads_out_of_the_usb_tree_is_refused(plant: UsbPlant) -> None:
    link = plant.root / PORT.removeprefix("/")
    link.unlink()
    link.symlink_to("../../ttyS0")
    assert "not a USB adapter" in refused(plant, rung=2)
    link.unlink()
    link.symlink_to("../../ttyUSB7")
    (plant.sys / "class/tty/ttyUSB7").symlink_to("/etc")
    assert "not a device of this machine" in refused(plant, rung=2)


def test_site_file_that_others_may_write_is_not_believed(plant: UsbPlant) -> None:
    (plant.root / "etc/denban/site.toml").chmod(0o666)
    assert "not root's alone" in refused(plant, rung=2)


def test_site_file_that_is_a_link_or_torn_is_not_believed(plant: UsbPlant) -> None:
    site = plant.root / "etc/denban/site.toml"
    site.write_text("[bus")
    assert "no port of bus.main" in refused(plant, rung=2)
    site.unlink()
    other = plant.write("tmp/site.toml", SITE)
    site.symlink_to(other)
    assert "failed: " in refused(plant, rung=2)


def test_request_that_is_a_link_a_pipe_or_a_folder_is_none(plant: UsbPlant) -> None:
    request = plant.folder / "request"
    secret = plant.write("etc/secret", json.dumps({"id": "a1", "bus": "main", "rung": 2}))
    request.symlink_to(secret)
    for make in (lambda: None, lambda: os.mkfifo(request), request.mkdir):
        make()
        assert helper(plant).run()
        assert plant.result()["text"].startswith("request: ")
        assert not os.path.lexists(request)
    assert secret.exists()
    assert not (plant.root / "resets").exists()


def test_result_that_is_a_link_is_replaced_not_written_through(plant: UsbPlant) -> None:
    target = plant.write("etc/passwd", "root")
    for name in ("result", "result.new"):
        (plant.folder / name).symlink_to(target)
    assert run(plant, rung=0)["ok"]
    assert target.read_text() == "root"
    assert not (plant.folder / "result").is_symlink()


def test_folder_that_is_a_link_is_not_entered(plant: UsbPlant) -> None:
    elsewhere = plant.root / "elsewhere"
    plant.folder.rename(elsewhere)
    plant.folder.symlink_to(elsewhere)
    plant.ask(rung=2)
    with pytest.raises(OSError, match="heal"):
        helper(plant).run()
    assert (elsewhere / "request").exists()


def test_program_answers_a_request_and_says_that_there_is_none(plant: UsbPlant) -> None:
    command = [sys.executable, "-m", "edge.root.heal", str(plant.root), "0"]
    plant.ask(rung=5)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "'main' rung 5: 6 ports of 1-1 off and on\n")
    assert plant.result()["ok"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_program_needs_the_standard_library_alone() -> None:
    code = (
        "import sys, edge.root.heal\n"
        "print(sorted({'msgspec', 'pymodbus', 'click', 'rich', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
