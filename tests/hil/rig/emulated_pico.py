"""A Raspberry Pi Pico for tests: the real firmware under CPython, over fake MicroPython modules.

`python emulated_pico.py ROLE TTY PINS AHEAD_PPM`: the firmware's standard input and output are TTY;
what it puts on its outputs goes as datagrams to the Unix socket PINS, from where its inputs move.
"""

from __future__ import annotations

import os
import runpy
import socket
import sys
import threading
import time
import types
from pathlib import Path

FIRMWARE = Path(__file__).parents[3] / "hil" / "rig" / "firmware" / "main.py"
_WRAP = 1 << 30  # as on a Pico
# Shortly before the counter wraps, so that every test sees it wrap.
_START_US = _WRAP - 300_000


class RawInput:
    """MicroPython's standard input keeps nothing back."""

    def fileno(self):
        return 0

    def read(self, count):
        return os.read(0, count).decode()


class Pins:
    """The outer world of one Pico."""

    def __init__(self, path, role):
        self.strap_level = 0 if role == "observer" else 1
        self.levels = {}
        self.hearers = {}
        self.interrupt = threading.local()
        self._table = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._table.bind(f"{path}.{role}")
        self._table.connect(path)
        threading.Thread(target=self._listen, daemon=True).start()

    def show(self, number, level):
        self._table.send(f"{number} {level}".encode())

    def _listen(self):
        while True:
            number, level, self.interrupt.at_ns = map(int, self._table.recv(64).split())
            if self.levels.get(number, 1) != level:
                self.levels[number] = level
                if number in self.hearers:
                    self.hearers[number](None)


def fake_machine(pins):
    class Pin:
        IN, OUT, PULL_UP, IRQ_RISING, IRQ_FALLING = range(5)

        def __init__(self, number, mode, pull=None, value=None):  # noqa: ARG002
            self._number = number
            self._level = value
            if mode == Pin.OUT:
                pins.show(number, value)

        def value(self, level=None):
            if level is not None and level != self._level:
                self._level = level
                pins.show(self._number, level)
            if self._level is not None:
                return self._level
            if self._number == 22:
                return pins.strap_level
            return pins.levels.get(self._number, 1)

        def irq(self, handler, trigger, hard=False):  # noqa: ARG002
            assert hard
            pins.hearers[self._number] = handler

    module = types.ModuleType("machine")
    module.Pin = Pin
    module.unique_id = lambda: b"\xe6\x61\x01"
    return module


def main():
    role, terminal, path, ahead_ppm = sys.argv[1:]
    fd = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    os.dup2(fd, 0)
    os.dup2(fd, 1)
    begun_ns = time.monotonic_ns()
    pins = Pins(path, role)

    def ticks_us():
        """In an interrupt the time of its edge, however late this computer is."""
        passed_ns = getattr(pins.interrupt, "at_ns", time.monotonic_ns()) - begun_ns
        return (int(passed_ns * (1 + float(ahead_ppm) * 1e-6)) // 1000 + _START_US) % _WRAP

    def ticks_diff(new, old):
        return (new - old + _WRAP // 2) % _WRAP - _WRAP // 2

    time.ticks_us, time.ticks_diff = ticks_us, ticks_diff
    sys.modules["machine"] = fake_machine(pins)
    sys.stdin = RawInput()
    runpy.run_path(str(FIRMWARE), run_name="__main__")


if __name__ == "__main__":
    main()
