"""Relays and alarm contacts together, as the scan writes them and leaves them at its end."""

from __future__ import annotations

from collections.abc import Callable

from edge.adapters.alarms import Alarms
from edge.adapters.relays import Ending, Relays
from edge.adapters.systemd_notify import SystemdNotify
from edge.adapters.watchdog import Watchdog
from edge.app.duty import Duty
from edge.model.scan import ScanOutputs


class GatewayOutputs:
    """Relays first: an alarm lamp can wait for them."""

    def __init__(
        self, relays: Relays, alarms: Alarms, duty: Duty, restarts: Callable[[], bool]
    ) -> None:
        """`restarts()`: an ordered end is to be followed by the next run at once."""
        self._duty = duty
        self._restarts = restarts
        self._relays = relays
        self._alarms = alarms

    def write(self, outputs: ScanOutputs, valid_until_mono_ns: int) -> None:
        self._relays.write(outputs.relays, valid_until_mono_ns)
        self._alarms.write(outputs.alarms)

    def stop(self) -> None:
        self._rest(Ending.RESTART if self._restarts() else Ending.STOP)

    def crash(self) -> None:
        self._rest(Ending.CRASH)

    def _rest(self, ending: Ending) -> None:
        if self._duty.releases and ending is not Ending.RESTART:
            self._relays.release()
        else:
            self._relays.rest(ending)
        self._alarms.rest(ending)


class Watchdogs:
    """The hardware watchdog and systemd's, fed together, only when the scan is healthy and nothing
    of it may still come on to a line that was given up.
    """

    def __init__(self, hardware: Watchdog | None, systemd: SystemdNotify, duty: Duty) -> None:
        self._duty = duty
        self._hardware = hardware
        self._systemd = systemd

    def feed(self, now_mono_ns: int) -> None:
        if not self._duty.may_feed:
            return
        if self._hardware is not None:
            self._hardware.feed()
        self._systemd.feed(now_mono_ns)

    def disarm(self) -> None:
        self._systemd.stopping()
        if self._hardware is not None:
            self._hardware.disarm()
