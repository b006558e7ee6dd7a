"""Which machine this is: a serial number that a reinstalled or copied system does not change."""

from __future__ import annotations

# hashlib's own BLAKE2: hashlib itself would bring OpenSSL along, 4 MB for the control process.
from _blake2 import blake2s
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

# What boards say when nobody gave them a number.
_PLACEHOLDERS: Final = frozenset(
    {
        "",
        "0",
        "none",
        "n/a",
        "not specified",
        "default string",
        "to be filled by o.e.m.",
        "03000200-0400-0500-0006-000700080009",  # of a firmware kit, on many a small PC
    }
)
# Interfaces that are looked at; a gateway has a few, a machine with containers has many more.
_INTERFACES_MAX: Final = 64
_MAC_LOCAL: Final = 0x02
_MACHINE_ID_LABEL: Final = b"denban-unit"


class HardwareIdentity(Struct, frozen=True):
    """`serial` as the site file lists it, in lower case; `source` is where it was found.

    `is_copied_with_disk`: it comes from the disk, so a copy of the disk has the same one.
    """

    serial: str
    source: str
    is_copied_with_disk: bool = False


def read_hardware_identity(
    root: Path = Path("/"), listed: Collection[str] = ()
) -> HardwareIdentity | None:
    """The first of this machine's numbers that is `listed` in a site file, else the surest that it
    has, else None. In order: the board's serial number, the processor's, the firmware's UUID (root
    and the service's group may read it), an Ethernet port's own address (``mac:...``), the
    system's machine id (hashed, as machine-id(5) asks).
    """
    known = {serial.lower() for serial in listed}
    surest = None
    for identity in _identities(root):
        if identity.serial in known:
            return identity
        surest = surest or identity
    return surest


def _identities(root: Path) -> Iterator[HardwareIdentity]:
    sources = (
        ("device tree", root / "proc/device-tree/serial-number"),
        ("cpuinfo", root / "proc/cpuinfo"),
        ("processor", root / "sys/devices/soc0/serial_number"),
        ("firmware", root / "sys/class/dmi/id/product_uuid"),
    )
    for source, path in sources:
        text = _text(path)
        serial = (_cpuinfo_serial(text) if source == "cpuinfo" else text).lower()
        if serial not in _PLACEHOLDERS and serial.strip("0-") and serial.strip("f-"):
            yield HardwareIdentity(serial, source)
    for address in _ethernet_addresses(root / "sys/class/net"):
        yield HardwareIdentity(f"mac:{address}", "Ethernet port")
    machine_id = _text(root / "etc/machine-id")
    if machine_id:
        digest = blake2s(machine_id.encode(), key=_MACHINE_ID_LABEL, digest_size=8)
        yield HardwareIdentity(digest.hexdigest(), "machine-id", is_copied_with_disk=True)


def _ethernet_addresses(folder: Path) -> list[str]:
    """Addresses that a port was made with; those of adapters that can be unplugged come last."""
    found = []
    try:
        ports = sorted(folder.iterdir())[:_INTERFACES_MAX]
    except OSError:
        return []
    for port in ports:
        address = _text(port / "address").lower()
        # Type 0: it is the port's own, not drawn or set by anybody (sysfs-class-net).
        is_own = (port / "device").exists() and _text(port / "addr_assign_type") == "0"
        if is_own and _is_given_by_maker(address):
            found.append(("/usb" in str((port / "device").resolve()), address))
    return [address for _, address in sorted(found)]


def _is_given_by_maker(address: str) -> bool:
    try:
        octets = bytes.fromhex(address.replace(":", ""))
    except ValueError:
        return False
    return len(octets) == 6 and any(octets) and not octets[0] & _MAC_LOCAL


def _text(path: Path) -> str:
    """The file's text without the device tree's closing NUL; empty when it cannot be read."""
    try:
        return path.read_bytes().decode("ascii", "replace").strip("\0 \n\t")
    except OSError:
        return ""


def _cpuinfo_serial(cpuinfo: str) -> str:
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "Serial":
            return value.strip()
    return ""
