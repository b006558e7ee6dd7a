"""Root's helper of healing on an imitation of sysfs: each rung, devices gone, writes that hang."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from edge.model.healing import HealRequest, Rung
from edge.root import heal_memory, heal_rungs
from edge.root.heal_memory import Now
from edge.root.heal_rungs import Rungs, reset_device
from edge.root.heal_usb import UsbTree
from tests.root.heal_runs import HANG_S, UP_S, memory, refused, run
from tests.root.usb_plant import OTHER_PORT, PORT, UsbPlant


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsbPlant:
    monkeypatch.setattr(Now, "of", staticmethod(lambda _root: Now("boot-1", UP_S, time.time())))
    return UsbPlant(tmp_path)


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
    said = Rungs(tree, off_s=0.001).cycle_hub(plant.hub)
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
    assert "the kernel hangs in it" in refused(plant, write_s_max=HANG_S / 3, rung=6)
    assert "hung since this boot" in refused(plant, rung=6)


def test_hub_whose_switch_hangs_gets_its_other_ports_back(plant: UsbPlant) -> None:
    stuck = plant.hub / "1-1:1.0/1-1-port2/disable"
    stuck.unlink()
    os.mkfifo(stuck)
    assert "the kernel hangs in it" in refused(plant, write_s_max=HANG_S, rung=5)
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
