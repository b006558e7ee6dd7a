"""The USB port in which a gateway's serial adapter sits: one of a hub that switches its ports.

The hub hangs on the gateway, so `uhubctl` runs there; the cable to the meter line is the bench's.
"""

from __future__ import annotations

from hil.rig.config import UsbHub
from hil.rig.ssh import Remote
from hil.suite.protocol import BusEnd, Unable

_UHUBCTL_S_MAX = 20.0


class RigUsb:
    """A dead adapter is played by its cable off the line until its port was cycled."""

    def __init__(self, unit: str, hub: UsbHub | None, remote: Remote, bus: BusEnd) -> None:
        self._unit = unit
        self._hub = hub
        self._remote = remote
        self._bus = bus

    def pull(self) -> None:
        self._switch("off")

    def plug(self) -> None:
        self._switch("on")

    def die(self) -> None:
        self._bus.cut(on=True)

    def cycle(self) -> None:
        self._switch("cycle")
        self._bus.cut(on=False)

    def hang(self) -> None:
        raise Unable("rig: a cable that is cut can not see its adapter being switched")

    def follow(self) -> bool:
        raise Unable("rig: a cable that is cut can not see its adapter being switched")

    def _switch(self, action: str) -> None:
        if self._hub is None:
            raise Unable(f"rig: {self._unit} has no [gateway.{self._unit}.usb] in the rig file")
        location, port = self._hub.location, self._hub.port
        said = self._remote.run(f"uhubctl -l {location} -p {port} -a {action}", _UHUBCTL_S_MAX)
        if said.code:
            raise RuntimeError(f"{self._unit}: uhubctl {location} port {port}: {said.text.strip()}")
