"""The service manager as a service sees it: its notification socket, its store of descriptors, and
the start of a service that is passed them.

Modelled on src/core/service.c of systemd 252: the newest descriptor comes first, those over the
limit are closed, and those passed to a service stay in the store.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.adapters.inherited import Inherited

DEADLINE_S = 30.0

# What systemd does between fork and exec: the descriptors from 3 on, then the service.
_START = """
import fcntl, json, os, sys
fds, command, environment = json.loads(sys.argv[1])
high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in fds]
for number, fd in enumerate(high, start=3):
    os.dup2(fd, number)
os.closerange(3 + len(fds), 256)
os.execve(command[0], command, {**environment, "LISTEN_PID": str(os.getpid())})
"""


class ServiceManager:
    """`path` is the NOTIFY_SOCKET, `room_count` the unit's FileDescriptorStoreMax."""

    def __init__(self, path: Path, room_count: int = 16) -> None:
        self.path = path
        self.messages: list[str] = []
        self.room_count = room_count
        self._store: list[tuple[str, int]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def attend(self) -> None:
        """Carry out every message that is there."""
        while select.select([self._socket], [], [], 0)[0]:
            self._receive()

    def attend_until(self, message: str) -> None:
        """Wait for a message, carrying out all until then."""
        while message not in self.messages:
            assert select.select([self._socket], [], [], DEADLINE_S)[0], self.messages
            self._receive()

    def _receive(self) -> None:
        raw, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(64 * 4))
        text = raw.decode("ascii")
        fds = [
            fd for _, _, data in ancillary for fd in array.array("i", data[: len(data) // 4 * 4])
        ]
        self.messages.append(text)
        fields = dict(line.split("=", 1) for line in text.split("\n"))
        name = fields.get("FDNAME", "stored")
        if "FDSTORE" in fields:
            for fd in fds:
                self.keep(name, fd)
        if "FDSTOREREMOVE" in fields:
            self._remove(name)

    def keep(self, name: str, fd: int) -> None:
        """Take `fd` into the store, if there is room."""
        if len(self._store) < self.room_count:
            self._store.insert(0, (name, fd))
        else:
            os.close(fd)

    def _remove(self, name: str) -> None:
        for entry in [entry for entry in self._store if entry[0] == name]:
            self._store.remove(entry)
            os.close(entry[1])

    @property
    def names(self) -> list[str]:
        """Names of what is kept, newest first."""
        return [name for name, _ in self._store]

    def inodes(self) -> set[int]:
        return {os.fstat(fd).st_ino for _, fd in self._store}

    def passed(self) -> list[Inherited]:
        """What a service in this process would be passed."""
        return [Inherited(name, os.dup(fd)) for name, fd in self._store]

    def start(
        self, command: Sequence[str], environment: dict[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        """Start a service with what is kept for it. Its standard output is a pipe."""
        fds = [fd for _, fd in self._store]
        service = {
            **os.environ,
            **environment,
            "NOTIFY_SOCKET": str(self.path),
            "LISTEN_FDS": str(len(fds)),
            "LISTEN_FDNAMES": ":".join(self.names),
        }
        return subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps([fds, list(command), service])],
            pass_fds=fds,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def close(self) -> None:
        for _, fd in self._store:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._socket.close()
