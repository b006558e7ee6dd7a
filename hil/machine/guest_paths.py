"""Where things lie in a guest: what image, units of `systemd/` and bench have agreed on."""

from __future__ import annotations

from typing import Final

import msgspec


class GuestPaths(msgspec.Struct, frozen=True):
    """All absolute, but for the name of the service. `unit` is the service's environment file."""

    service: str = "denban.service"
    prefix: str = "/opt/denban"
    site: str = "/etc/denban/site.toml"
    key: str = "/etc/denban/twin.key"
    unit: str = "/etc/denban/unit"
    socket: str = "/run/denban/control"
    store: str = "/var/lib/denban"
    plans: str = "/var/lib/denban/plans"
    # By the place of the port: a number or a serial number would follow the adapter, not the line.
    serial_port: str = "/dev/serial/by-path/pci-0000:00:11.0-usb-0:1:1.0-port0"
    gpio_chip: str = "/dev/gpiochip0"
    watchdog: str = "/sys/class/watchdog/watchdog0"

    @property
    def program(self) -> str:
        return f"{self.prefix}/current/bin/denban"

    @property
    def python(self) -> str:
        return f"{self.prefix}/current/bin/python3"

    @property
    def filler(self) -> str:
        """What fills the disk of the store."""
        return f"{self.store}/filler"


GUEST: Final = GuestPaths()
