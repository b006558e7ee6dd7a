"""A table for tests: two emulated Picos on pseudo-terminals, and what is wired to their pins.

The observer's inputs are moved by :meth:`Table.conduct`; the stimulus's outputs are kept with time.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

from hil.boottime import boottime_ns
from hil.waiting import wait_for

EMULATED = Path(__file__).with_name("emulated_pico.py")
AHEAD_PPM = {"stimulus": -40.0, "observer": 60.0}


class Terminal:
    """A pseudo-terminal: `path` is for the bench, `fd` is the device's own end."""

    def __init__(self):
        self.fd, self._kept_fd = os.openpty()
        tty.setraw(self._kept_fd)
        self.path = os.ttyname(self._kept_fd)

    def read(self, within_s=2.0):
        return os.read(self.fd, 4096) if select.select([self.fd], [], [], within_s)[0] else b""

    def close(self):
        os.close(self.fd)
        os.close(self._kept_fd)


class Table:
    """Enter it; `ports` are the Picos' USB ports by role. `outputs`: `(t_ns, pin, level)`."""

    def __init__(self, folder: Path):
        self._path = str(folder / "pins")
        self._devices = []
        self._terminals = []
        self.ports = {}
        self.outputs = []

    def __enter__(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        threading.Thread(target=self._listen, daemon=True).start()
        for role, ahead_ppm in AHEAD_PPM.items():
            self.ports[role] = self._start(role, ahead_ppm)
        for role in AHEAD_PPM:
            wait_for(f"{role} up", Path(f"{self._path}.{role}").exists, 30.0)
        return self

    def _start(self, role, ahead_ppm):
        """The Pico has one end of a pseudo-terminal, the bench the other."""
        terminal, device = Terminal(), Terminal()
        self._terminals += [terminal, device]
        threading.Thread(target=_join, args=(terminal.fd, device.fd), daemon=True).start()
        words = [sys.executable, str(EMULATED), role, device.path, self._path, str(ahead_ppm)]
        self._devices.append(subprocess.Popen(words))
        return terminal.path

    def _listen(self):
        while True:
            said = self._socket.recv(64)
            if not said:
                return
            pin, level = map(int, said.split())
            self.outputs.append((boottime_ns(), pin, level))

    def conduct(self, pin, on, ahead_ns=0):
        """Current flows through the opto-coupler of an observed channel, or will. When it does."""
        at_ns = time.monotonic_ns() + ahead_ns
        t_ns = boottime_ns() + ahead_ns
        said = f"{pin} {int(not on)} {at_ns}"
        self._socket.sendto(said.encode(), f"{self._path}.observer")
        return t_ns

    def output(self, pin):
        """Times and levels of an output, after its first."""
        return [(t_ns, level) for t_ns, number, level in list(self.outputs) if number == pin][1:]

    def __exit__(self, *_):
        for device in self._devices:
            device.kill()
            device.wait()


def _join(one, other):
    """Bytes both ways, for as long as both are there."""
    ways = {one: other, other: one}
    while True:
        for fd in select.select([one, other], [], [])[0]:
            os.write(ways[fd], os.read(fd, 4096))
