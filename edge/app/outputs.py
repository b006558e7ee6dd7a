"""Relays and alarm contacts together, as the scan writes them and leaves them at its end."""

from __future__ import annotations

from edge.adapters.alarms import Alarms
from edge.adapters.relays import Ending, Relays
from edge.adapters.systemd_notify import SystemdNotify
from edge.adapters.watchdog import Watchdog
from edge.model.scan import ScanOutputs


class GatewayOutputs:
    """Relays first: an alarm lamp can wait for them."""

    def __init__(self, relays: Relays, alarms: Alarms) -> None:
        self._relays = relays
        self._alarms = alarms

    def write(self, outputs: ScanOutputs, valid_until_mono_ns: int) -> None:
        self._relays.write(outputs.relays, valid_until_mono_ns)
        self._alarms.write(outputs.alarms)

    def stop(self) -> None:
        self._rest(Ending.STOP)

    def crash(self) -> None:
        self._rest(Ending.CRASH)

    def _rest(self, ending: Ending) -> None:
        self._relays.rest(ending)
        self._alarms.rest(ending)


class Watchdogs:
    """The hardware watchdog and systemd's, fed together and only when the scan is healthy."""

    def __init__(self, hardware: Watchdog | None, systemd: SystemdNotify) -> None:
        self._hardware = hardware
        self._systemd = systemd

    def feed(self, now_mono_ns: int) -> None:
        if self._hardware is not None:
            self._hardware.feed()
        self._systemd.feed(now_mono_ns)

    def disarm(self) -> None:
        self._systemd.stopping()
        if self._hardware is not None:
            self._hardware.disarm()
