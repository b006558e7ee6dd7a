"""Which machine this is, from every place that knows, the surest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters.hardware import HardwareIdentity, read_hardware_identity

CPUINFO = "processor\t: 0\nRevision\t: c03114\nSerial\t\t: 10000000A1B2C3D4\n"
UUID = "4C4C4544-0042-3510-8051-B4C04F4E3732\n"
MACHINE_ID = "0123456789abcdef0123456789abcdef\n"


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_hardware_serial_of_the_device_tree_comes_first(tmp_path: Path) -> None:
    put(tmp_path, "proc/device-tree/serial-number", "10000000d4c3b2a1\0")
    put(tmp_path, "proc/cpuinfo", CPUINFO)
    assert read_hardware_identity(tmp_path) == HardwareIdentity("10000000d4c3b2a1", "device tree")


def test_hardware_serial_of_cpuinfo_is_in_lower_case(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", CPUINFO)
    put(tmp_path, "sys/class/dmi/id/product_uuid", UUID)
    assert read_hardware_identity(tmp_path) == HardwareIdentity("10000000a1b2c3d4", "cpuinfo")


def test_hardware_uuid_of_the_firmware_serves_a_pc(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", "processor\t: 0\n")
    put(tmp_path, "sys/class/dmi/id/product_uuid", UUID)
    assert read_hardware_identity(tmp_path) == HardwareIdentity(UUID.strip().lower(), "firmware")


@pytest.mark.parametrize(
    "placeholder",
    ["0000000000000000", "To Be Filled By O.E.M.", "00000000-0000-0000-0000-000000000000", ""],
)
def test_hardware_serial_that_is_a_placeholder_is_passed_over(
    tmp_path: Path, placeholder: str
) -> None:
    put(tmp_path, "proc/device-tree/serial-number", placeholder)
    put(tmp_path, "sys/class/dmi/id/product_uuid", UUID)
    identity = read_hardware_identity(tmp_path)
    assert identity is not None
    assert identity.source == "firmware"


def test_hardware_machine_id_is_hashed_and_marked_as_copied_with_the_disk(tmp_path: Path) -> None:
    put(tmp_path, "etc/machine-id", MACHINE_ID)
    identity = read_hardware_identity(tmp_path)
    assert identity is not None
    assert (identity.source, identity.is_copied_with_disk) == ("machine-id", True)
    assert len(identity.serial) == 16
    assert identity.serial not in MACHINE_ID
    assert read_hardware_identity(tmp_path) == identity


def test_hardware_without_any_number_is_none(tmp_path: Path) -> None:
    assert read_hardware_identity(tmp_path) is None
