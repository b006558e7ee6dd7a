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


def _port(root: Path, name: str, address: str, kind: str = "0", where: str = "platform") -> None:
    device = root / f"sys/devices/{where}/{name}"
    put(root, f"sys/devices/{where}/{name}/uevent", "")
    put(root, f"sys/class/net/{name}/address", f"{address}\n")
    put(root, f"sys/class/net/{name}/addr_assign_type", f"{kind}\n")
    (root / f"sys/class/net/{name}/device").symlink_to(device)


def test_hardware_serial_of_the_processor_serves_a_board_without_one(tmp_path: Path) -> None:
    put(tmp_path, "sys/devices/soc0/serial_number", "0B1C2D3E4F506172\n")
    assert read_hardware_identity(tmp_path) == HardwareIdentity("0b1c2d3e4f506172", "processor")


def test_hardware_address_of_a_built_in_port_goes_before_an_adapters(tmp_path: Path) -> None:
    put(tmp_path, "etc/machine-id", MACHINE_ID)
    _port(tmp_path, "eth0", "00:e0:4c:11:22:33", where="platform/usb1")
    _port(tmp_path, "eth1", "DC:A6:32:01:02:03")
    expected = HardwareIdentity("mac:dc:a6:32:01:02:03", "Ethernet port")
    assert read_hardware_identity(tmp_path) == expected


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("dc:a6:32:01:02:03", "3"),
        ("de:a6:32:01:02:03", "0"),
        ("00:00:00:00:00:00", "0"),
        ("", "0"),
        ("not an address", "0"),
    ],
)
def test_hardware_address_that_is_not_the_makers_is_passed_over(
    tmp_path: Path, address: str, kind: str
) -> None:
    _port(tmp_path, "eth0", address, kind)
    put(tmp_path, "sys/class/net/br0/address", "dc:a6:32:01:02:04\n")
    assert read_hardware_identity(tmp_path) is None


def test_hardware_number_that_is_listed_goes_before_a_surer_one(tmp_path: Path) -> None:
    """A service that may not read the UUID and a site file that lists the port agree."""
    put(tmp_path, "sys/class/dmi/id/product_uuid", UUID)
    _port(tmp_path, "eth0", "dc:a6:32:01:02:03")
    port = HardwareIdentity("mac:dc:a6:32:01:02:03", "Ethernet port")
    assert read_hardware_identity(tmp_path, ["x", "MAC:DC:A6:32:01:02:03"]) == port
    firmware = HardwareIdentity(UUID.strip().lower(), "firmware")
    assert read_hardware_identity(tmp_path, ["another"]) == firmware


def test_hardware_uuid_that_many_small_pcs_share_is_no_identity(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/dmi/id/product_uuid", "03000200-0400-0500-0006-000700080009\n")
    assert read_hardware_identity(tmp_path) is None
