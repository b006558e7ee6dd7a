"""Tells systemd how the service is, by sdnotify, without ever waiting for it.

Says only what it is told; whether the service is alive is computed in edge.scan.health.
"""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Mapping, Sequence
from typing import Final

import sdnotify

_NS_PER_US: Final = 1000
# systemd's own advice is half of WatchdogSec; a quarter leaves room for a lost datagram.
_BEATS_PER_TIMEOUT: Final = 4
_STATUS_CHARS_MAX: Final = 200


class SystemdNotify:
    """Without NOTIFY_SOCKET every call does nothing. A datagram that systemd has no room for is
    lost.
    """

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        self._notifier: sdnotify.SystemdNotifier | None = None
        if environment.get("NOTIFY_SOCKET"):
            with warnings.catch_warnings():
                # sdnotify forgets to close its socket when nobody listens.
                warnings.simplefilter("ignore", ResourceWarning)
                notifier = sdnotify.SystemdNotifier()
            if notifier.socket is not None:
                notifier.socket.setblocking(False)  # its queue is short: 11 datagrams
                self._notifier = notifier
        self.watchdog_ns = _watchdog_ns(environment, pid)
        self._next_beat_mono_ns = 0
        self._status = ""

    @property
    def is_there(self) -> bool:
        """Whether anybody hears what is said."""
        return self._notifier is not None

    def ready(self) -> None:
        """The service is up."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The service has begun to stop."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``, sent when it changes; what is not ASCII becomes
        ``?``.
        """
        line = text.encode("ascii", "replace").decode().replace("\n", " ")[:_STATUS_CHARS_MAX]
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def feed(self, now_mono_ns: int) -> None:
        """Feed systemd's watchdog, if it is on for this process; at most four times in its
        time-out.
        """
        if self.watchdog_ns is not None and now_mono_ns >= self._next_beat_mono_ns:
            self._next_beat_mono_ns = now_mono_ns + self.watchdog_ns // _BEATS_PER_TIMEOUT
            self._send("WATCHDOG=1")

    def keep(self, name: str, fds: Sequence[int]) -> bool:
        """Have systemd keep copies of `fds` for the next run, under `name` (printable ASCII without
        a colon, at most 255). False: it has no room for the message; try again.
        """
        return self._send_with(f"FDSTORE=1\nFDNAME={name}", fds)

    def forget(self, name: str) -> bool:
        """Have systemd close what it keeps under `name`. False as for `keep`."""
        return self._send_with(f"FDSTOREREMOVE=1\nFDNAME={name}", ())

    def close(self) -> None:
        """No more is said."""
        if self._notifier is not None:
            self._notifier.socket.close()
            self._notifier = None

    def _send(self, text: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(text)

    def _send_with(self, text: str, fds: Sequence[int]) -> bool:
        """sdnotify knows no descriptors and swallows what went wrong, so its socket is used."""
        if self._notifier is None:
            return True
        message, end = text.encode("ascii"), self._notifier.socket
        try:
            if fds:
                socket.send_fds(end, [message], fds)
            else:
                end.send(message)
        except OSError:
            return False
        return True


def from_environment() -> SystemdNotify:
    """For this process."""
    return SystemdNotify(os.environ, os.getpid())


def _watchdog_ns(environment: Mapping[str, str], pid: int) -> int | None:
    """WATCHDOG_USEC in ns, where it is meant for `pid` (sd_watchdog_enabled(3)); else None."""
    text = environment.get("WATCHDOG_USEC", "")
    if not text.isdecimal() or int(text) == 0:
        return None
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    return int(text) * _NS_PER_US
