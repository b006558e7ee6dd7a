"""Descriptors that the service manager keeps for the next run, told until it has taken them.

The messages never wait; what the manager's queue has no room for is said again. Knows names, not
what they stand for.
"""

from __future__ import annotations

from edge.adapters.systemd_notify import SystemdNotify


class FdStore:
    """Speaks for every adapter that has descriptors kept; one a process."""

    def __init__(self, systemd: SystemdNotify) -> None:
        self._systemd = systemd
        self._unsent: dict[str, tuple[int, ...]] = {}

    @property
    def is_there(self) -> bool:
        """Whether there is a service manager to keep anything. That its unit gives room for it is
        not known before the next run.
        """
        return self._systemd.is_there

    def keep(self, name: str, fds: tuple[int, ...]) -> None:
        """Have copies of `fds`, at least one, kept as `name`."""
        assert fds
        self._send(name, fds)

    def forget(self, name: str) -> None:
        """Have the service manager close its copies."""
        if not self._unsent.pop(name, ()):
            self._send(name, ())

    def tend(self) -> None:
        """Say again what the service manager had no room for; call it in each scan."""
        for name, fds in list(self._unsent.items()):
            self._send(name, fds)

    def _send(self, name: str, fds: tuple[int, ...]) -> None:
        systemd = self._systemd
        taken = systemd.keep(name, fds) if fds else systemd.forget(name)
        if taken:
            self._unsent.pop(name, None)
        else:
            self._unsent[name] = fds
