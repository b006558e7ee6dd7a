"""Ports are found by names that stay, each device once."""

from __future__ import annotations

from pathlib import Path

from edge.adapters.serial_ports import SerialPort, find_serial_ports


def _tree(root: Path) -> None:
    for folder in ("dev/serial/by-path", "dev/serial/by-id"):
        (root / folder).mkdir(parents=True)
    for device in ("ttyUSB0", "ttyUSB1", "ttyAMA0", "ttyS0"):
        (root / "dev" / device).touch()
    by_path = root / "dev/serial/by-path"
    (by_path / "pci-usb-0:1.1:1.0-port0").symlink_to("../../ttyUSB0")
    (by_path / "pci-usbv2-0:1.1:1.0-port0").symlink_to("../../ttyUSB0")  # the newer name
    (by_path / "pci-usb-0:1.2:1.0-port0").symlink_to("../../ttyUSB1")
    (by_path / "pci-usb-0:1.4:1.0-port0").symlink_to("../../ttyUSB9")  # was pulled
    (root / "dev/serial/by-id/usb-FTDI_A50285BI-if00").symlink_to("../../ttyUSB1")
    (root / "dev/serial0").symlink_to("ttyAMA0")


def test_ports_are_named_by_socket_and_each_device_comes_once(tmp_path: Path) -> None:
    _tree(tmp_path)
    assert find_serial_ports(tmp_path) == (
        SerialPort("/dev/serial/by-path/pci-usb-0:1.1:1.0-port0", "ttyUSB0"),
        SerialPort(
            "/dev/serial/by-path/pci-usb-0:1.2:1.0-port0", "ttyUSB1", "usb-FTDI_A50285BI-if00"
        ),
        SerialPort("/dev/serial0", "ttyAMA0"),
    )


def test_ports_of_a_machine_without_any_are_none(tmp_path: Path) -> None:
    assert find_serial_ports(tmp_path) == ()
