"""An imitation of /, with a Pi's USB tree as the kernel shows it: two adapters on one hub."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

CONTROLLER = "devices/platform/scb/pcie/0000:01:00.0"
PORT = "/dev/serial/by-path/pci-0000:01:00.0-usb-0:1.2:1.0-port0"
OTHER_PORT = "/dev/serial/by-path/pci-0000:01:00.0-usb-0:1.3:1.0-port0"
SITE = f'[bus.main]\nport = "{PORT}"\n[bus.other]\nport = "{OTHER_PORT}"\n[bus.net]\nhost = "x"\n'


class UsbPlant:
    """`root` is the imitation; what a rung writes into an attribute is found there after it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sys = root / "sys"
        self.controller = self.sys / CONTROLLER
        self.hub = self.controller / "usb1/1-1"
        self.device = self.hub / "1-1.2"
        self.folder = root / "run/denban/heal"
        self._drivers()
        self.hub_port(self.controller / "usb1", "1-0:1.0", "usb1", 1)
        for number in (1, 2, 3):
            self.hub_port(self.hub, "1-1:1.0", "1-1", number)
        self._link(self.hub / "1-1:1.0/driver", self.sys / "bus/usb/drivers/hub")
        # The same sockets as USB 3 has them.
        for number in (1, 2, 3):
            twin = self.hub_port(self.controller / "usb2/2-1", "2-1:1.0", "2-1", number)
            link = self.hub / f"1-1:1.0/1-1-port{number}/peer"
            link.symlink_to(os.path.relpath(twin, link.parent))
        self.plug("1-1.2", 5, "ttyUSB0", PORT)
        self.plug("1-1.3", 6, "ttyUSB1", OTHER_PORT)
        self.write("etc/denban/site.toml", SITE)
        self.write("proc/sys/kernel/random/boot_id", "boot-1\n")
        self.folder.mkdir(parents=True)
        (root / "var/lib/denban-heal").mkdir(parents=True)
        (self.sys / "class/tty").mkdir(parents=True, exist_ok=True)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def _drivers(self) -> None:
        for kind, name in (
            ("pci", "xhci_hcd"),
            ("usb", "ftdi_sio"),
            ("usb", "hub"),
            ("usb", "usb-storage"),
        ):
            folder = self.sys / "bus" / kind / "drivers" / name
            folder.mkdir(parents=True)
            for switch in ("bind", "unbind"):
                (folder / switch).write_text("")
        self.controller.mkdir(parents=True)
        self._link(self.controller / "driver", self.sys / "bus/pci/drivers/xhci_hcd")

    def hub_port(self, hub: Path, interface: str, name: str, number: int) -> Path:
        port = hub / interface / f"{name}-port{number}"
        port.mkdir(parents=True)
        (port / "disable").write_text("")
        return port

    def plug(self, name: str, number: int, tty: str, port: str) -> None:
        device = self.hub / name
        interface = device / f"{name}:1.0"
        (interface / tty / "tty" / tty).mkdir(parents=True)
        self._link(interface / "driver", self.sys / "bus/usb/drivers/ftdi_sio")
        for attribute, value in {
            "busnum": "1",
            "devnum": str(number),
            "idVendor": "0403",
            "idProduct": "6001",
            "dev": f"189:{number - 1}",
            "authorized": "",
        }.items():
            (device / attribute).write_text(f"{value}\n" if value else "")
        self._link(self.sys / "class/tty" / tty, interface / tty / "tty" / tty)
        link = self.root / port.removeprefix("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../{tty}")
        self.write(f"dev/bus/usb/001/{number:03}", "")

    def unplug(self, name: str = "1-1.2", tty: str = "ttyUSB0", port: str = PORT) -> None:
        (self.root / port.removeprefix("/")).unlink()
        (self.sys / "class/tty" / tty).unlink()
        (self.hub / name).rename(self.root / f"unplugged-{name}")

    def carry(self, kind: str, name: str) -> None:
        """A disk or a network card in the third socket."""
        (self.hub / "1-1.1/1-1.1:1.0" / kind / name).mkdir(parents=True)

    def ask(self, **said: Any) -> None:
        request = {"id": "a1", "bus": "main", "rung": 0} | said
        (self.folder / "request").write_text(json.dumps(request))

    def result(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads((self.folder / "result").read_text())
        return said

    def switches(self, hub: Path) -> dict[str, str]:
        """What was written last to the switch of each port of a hub."""
        return {port.parent.name: port.read_text() for port in hub.glob("*/*-port*/disable")}

    def _link(self, link: Path, target: Path) -> None:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(target, link.parent))
