"""Which serial ports this machine has, each by a name that stays: its socket, or the board's own.

Reads names only and opens nothing. ttyUSB numbers are never given: they change with the plugging.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from msgspec import Struct

_BY_PATH: Final = "dev/serial/by-path"
_BY_ID: Final = "dev/serial/by-id"
# The UARTs of a Raspberry Pi's header and of its expansion boards.
_ON_BOARD: Final = ("serial0", "ttyAMA*")
_PORTS_MAX: Final = 64  # a hub full of adapters; what is more is not for a person to choose from


class SerialPort(Struct, frozen=True):
    """`path` is what a site file names; `device` what it is now; `maker` as the adapter says it."""

    path: str
    device: str
    maker: str = ""


def find_serial_ports(root: Path = Path("/")) -> tuple[SerialPort, ...]:
    """USB sockets first, then the board's own ports; each device once."""
    makers = {_device(link): link.name for link in sorted((root / _BY_ID).glob("*"))}
    places = sorted((root / _BY_PATH).glob("*"))
    for pattern in _ON_BOARD:
        places += sorted((root / "dev").glob(pattern))
    found: dict[str, SerialPort] = {}
    for place in places:
        device = _device(place)
        path = f"/{place.relative_to(root)}"
        if place.exists() and len(found) < _PORTS_MAX:
            found.setdefault(device, SerialPort(path, device, makers.get(device, "")))
    return tuple(found.values())


def _device(link: Path) -> str:
    return link.resolve().name
