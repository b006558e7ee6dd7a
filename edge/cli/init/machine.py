"""What a machine tells about itself, so that a person need not type it: proposals, no answers."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from msgspec import Struct

from edge.adapters.hardware import HardwareIdentity, read_hardware_identity
from edge.adapters.serial_ports import SerialPort, find_serial_ports
from edge.config.sections.plant import BoardModel

_BOARDS: Final = {
    "Raspberry Pi 4": BoardModel.PI_4,
    "Raspberry Pi 5": BoardModel.PI_5,
    "Raspberry Pi Compute Module 4": BoardModel.CM4,
}
# An own address in the kernel's table of routes; each comes twice.
_OWN_ADDRESS: Final = re.compile(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL")
_LOOPBACK: Final = "127."
_ZONES: Final = "zoneinfo/"
_ZONE_ELSEWHERE: Final = "UTC"


class Machine(Struct, frozen=True):
    """The machine on which `denban init` runs."""

    hardware: HardwareIdentity | None
    timezone: str
    board: BoardModel
    ports: tuple[SerialPort, ...]
    addresses: tuple[str, ...] = ()


def look_around(root: Path = Path("/"), listed: Collection[str] = ()) -> Machine:
    """Reads files below `root` and changes nothing. Of several numbers of this machine the first
    that is `listed` counts.
    """
    return Machine(
        read_hardware_identity(root, listed),
        _timezone(root),
        _board(root),
        find_serial_ports(root),
        _addresses(root),
    )


def _addresses(root: Path) -> tuple[str, ...]:
    """IPv4 addresses of this machine's networks."""
    try:
        routes = (root / "proc/net/fib_trie").read_text(encoding="ascii")
    except OSError:
        return ()
    own = dict.fromkeys(_OWN_ADDRESS.findall(routes))
    return tuple(address for address in own if not address.startswith(_LOOPBACK))


def _timezone(root: Path) -> str:
    """What /etc/localtime points to, as systemd reads it."""
    try:
        target = str((root / "etc/localtime").readlink())
    except OSError:
        return _ZONE_ELSEWHERE
    return target.partition(_ZONES)[2] or _ZONE_ELSEWHERE


def _board(root: Path) -> BoardModel:
    try:
        model = (root / "proc/device-tree/model").read_text(encoding="ascii", errors="replace")
    except OSError:
        return BoardModel.GENERIC
    return next(
        (board for name, board in _BOARDS.items() if model.startswith(name)), BoardModel.GENERIC
    )
