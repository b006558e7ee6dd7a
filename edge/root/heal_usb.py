"""Where a serial adapter sits in the kernel's tree of USB devices, and what else hangs there.

Reads sysfs and the names in /dev/serial only. What it returns lies below /sys/devices, whatever
anybody has linked where.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PORT: Final = re.compile(r"/dev/serial/(by-path|by-id)/(?!\.{1,2}$)[\w:.+,@#=-]{1,200}")
_TTY: Final = re.compile(r"tty(USB|ACM)\d{1,4}")
_DEVICE: Final = re.compile(r"\d{1,3}-\d{1,3}(\.\d{1,3}){0,6}")
_ROOT_HUB: Final = re.compile(r"usb\d{1,3}")
_CONTROLLER_DRIVERS: Final = frozenset(
    {"xhci_hcd", "xhci-hcd", "xhci-pci-renesas", "ehci-pci", "ehci-platform", "dwc2"}
)
_NAMES_SHOWN_MAX: Final = 8
# A Pi with a full hub has some hundred folders below its controller.
_FOLDERS_MAX: Final = 20_000


class RefusedError(Exception):
    """Nothing was done; the text is for the operator."""


@dataclass(frozen=True)
class Place:
    """A USB device: its folder in sysfs, and who it was when it was seen."""

    device: Path
    identity: str

    @property
    def hub(self) -> Path:
        """The hub, maybe the controller's own, whose port it sits in."""
        return self.device.parent


class UsbTree:
    """`root` is /, or a test's imitation of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sys = root / "sys"
        self._devices = Path(os.path.realpath(self.sys / "devices"))

    def find(self, bus: str, port: str) -> Place:
        """The device behind a port's name. Raises RefusedError where there is none."""
        if not _PORT.fullmatch(port):
            raise RefusedError(
                f"bus.{bus}.port: not a steady name of a USB adapter: got {port[:80]!r}, need one"
                " below /dev/serial/by-path or by-id; nothing was done"
            )
        link = self.root / port.removeprefix("/")
        try:
            tty = link.readlink().name
        except OSError:
            raise RefusedError(
                f"bus.{bus}.port: not there: got {self._present(link.parent)}, need {port};"
                " nothing was done; plug the adapter in there, or correct the port"
            ) from None
        if not _TTY.fullmatch(tty):
            raise RefusedError(f"bus.{bus}.port: not a USB adapter: got {tty[:40]!r}, need ttyUSB")
        return self._device_above(self.resolve(self.sys / "class/tty" / tty))

    def again(self, device: str, identity: str) -> Place | None:
        """The device that was at this place when it was last seen, if the same is still there."""
        path = self.below_devices(device)
        if path is None or self._identity(path) != identity:
            return None
        return Place(path, identity)

    def below_devices(self, relative: str) -> Path | None:
        """A remembered folder that is there, whatever the memory says it is."""
        try:
            return self.resolve(self._devices / relative)
        except RefusedError:
            return None

    def relative(self, path: Path) -> str:
        return str(path.relative_to(self._devices))

    def resolve(self, path: Path) -> Path:
        """The real folder. Raises RefusedError unless it is below /sys/devices."""
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self._devices) or real == self._devices or not real.exists():
            raise RefusedError(f"{path}: not a device of this machine; nothing was done")
        return real

    def interfaces(self, place: Place) -> list[tuple[str, Path]]:
        """Names of the device's interfaces and their drivers' folders."""
        name = place.device.name
        found = [
            (path.name, self._driver(path / "driver", "usb"))
            for path in sorted(place.device.glob(f"{name}:*"))
        ]
        return [(interface, driver) for interface, driver in found if driver is not None]

    def hub_ports(self, hub: Path) -> list[Path]:
        """Switches of all ports of the hub, and of the twin ports that share their sockets (USB 3):
        such a socket has power for as long as one of the two has.
        """
        ports = sorted(hub.glob(f"*-*:*/{hub.name}-port*"))
        for peer in [port / "peer" for port in ports]:
            if peer.is_symlink():
                ports.append(self.resolve(peer))
        return [port / "disable" for port in ports if (port / "disable").exists()]

    def children(self, hub: Path) -> list[Path]:
        """Devices in the hub's ports."""
        return [path for path in sorted(hub.glob("*-*")) if _DEVICE.fullmatch(path.name)]

    def hub_interface(self, hub: Path) -> tuple[str, Path] | None:
        """The hub's own interface and its driver's folder."""
        for port in sorted(hub.glob(f"*-*:*/{hub.name}-port*")):
            driver = self._driver(port.parent / "driver", "usb")
            if driver is not None and driver.name == "hub":
                return port.parent.name, driver
        return None

    def controller(self, device: Path) -> Path:
        """The controller above a device. Raises RefusedError."""
        for folder in device.parents:
            if _ROOT_HUB.fullmatch(folder.name):
                return folder.parent
        raise RefusedError(f"{device}: no USB controller above it; nothing was done")

    def controller_driver(self, controller: Path) -> Path | None:
        """Its driver's folder, if it is one of a USB controller; None without any."""
        for kind in ("pci", "platform"):
            driver = self._driver(controller / "driver", kind)
            if driver is not None and driver.name in _CONTROLLER_DRIVERS:
                return driver
        return None

    def driver_named(self, kind: str, name: str) -> Path | None:
        """The folder of a remembered controller's driver."""
        path = self.sys / "bus" / kind / "drivers" / name
        return path if name in _CONTROLLER_DRIVERS and path.is_dir() else None

    def refuse_others(self, folder: Path) -> None:
        """Raises RefusedError where a disk or a network card hangs below `folder`."""
        for count, (path, folders, _) in enumerate(os.walk(folder)):
            for kind in {"block", "net"}.intersection(folders):
                names = sorted(os.listdir(os.path.join(path, kind)))  # noqa: PTH118, PTH208
                if names:
                    raise RefusedError(
                        f"{folder.name}: {', '.join(names[:_NAMES_SHOWN_MAX])} hangs on it too;"
                        " nothing was done; give the adapter a hub of its own"
                    )
            if count >= _FOLDERS_MAX:
                raise RefusedError(f"{folder.name}: too much hangs on it; nothing was done")

    def _driver(self, link: Path, kind: str) -> Path | None:
        if not link.is_symlink():
            return None
        real = Path(os.path.realpath(link))
        drivers = Path(os.path.realpath(self.sys / "bus" / kind / "drivers"))
        return real if real.parent == drivers else None

    def _device_above(self, tty: Path) -> Place:
        for folder in tty.parents:
            if _DEVICE.fullmatch(folder.name) and (folder / "busnum").exists():
                return Place(folder, self._identity(folder))
        raise RefusedError(f"{tty.name}: not a USB device; nothing was done")

    def _identity(self, device: Path) -> str:
        return ":".join(read_word(device / name) for name in ("idVendor", "idProduct"))

    def _present(self, folder: Path) -> str:
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208
        except OSError:
            names = []
        return ", ".join(names[:_NAMES_SHOWN_MAX]) or "no USB adapter at all"


def read_word(path: Path) -> str:
    """A short attribute; empty where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return ""
