"""Which machine this is: a serial number that a reinstalled or copied system does not change."""

from __future__ import annotations

# hashlib's own BLAKE2: hashlib itself would bring OpenSSL along, 4 MB for the control process.
from _blake2 import blake2s
from pathlib import Path
from typing import Final

from msgspec import Struct

# What boards say when nobody gave them a number.
_PLACEHOLDERS: Final = frozenset(
    {"", "0", "none", "n/a", "not specified", "default string", "to be filled by o.e.m."}
)
_MACHINE_ID_LABEL: Final = b"denban-unit"


class HardwareIdentity(Struct, frozen=True):
    """`serial` as the site file lists it, in lower case; `source` is where it was found.

    `is_copied_with_disk`: it comes from the disk, so a copy of the disk has the same one.
    """

    serial: str
    source: str
    is_copied_with_disk: bool = False


def read_hardware_identity(root: Path = Path("/")) -> HardwareIdentity | None:
    """The first that there is: the board's serial number, the firmware's UUID (readable by root
    only), the system's machine id (hashed, as machine-id(5) asks). None if there is none.
    """
    sources = (
        ("device tree", _text(root / "proc/device-tree/serial-number")),
        ("cpuinfo", _cpuinfo_serial(_text(root / "proc/cpuinfo"))),
        ("firmware", _text(root / "sys/class/dmi/id/product_uuid")),
    )
    for source, text in sources:
        serial = text.lower()
        if serial not in _PLACEHOLDERS and serial.strip("0-"):
            return HardwareIdentity(serial, source)
    machine_id = _text(root / "etc/machine-id")
    if not machine_id:
        return None
    digest = blake2s(machine_id.encode(), key=_MACHINE_ID_LABEL, digest_size=8)
    return HardwareIdentity(digest.hexdigest(), "machine-id", is_copied_with_disk=True)


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
