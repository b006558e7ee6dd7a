"""A fake RS-485 line on a pseudo-terminal: a thread answers requests as a script says.

It has its own check sum and frames, so that it cannot share a defect with the product.
"""

from __future__ import annotations

import os
import pty
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge.model.bus import BusPlan, LineKind, Parity, PolledMeter
from edge.model.registers import Quantity, Register, RegisterMap, WordOrder, WordType

# What a script makes of a request: pieces to send, each after a pause in seconds.
Pieces = list[tuple[float, bytes]]
Script = Callable[[bytes], Pieces]

POWER = Register(Quantity.POWER, 4, 0x000C, WordType.F32, WordOrder.BIG)
POWER_MAP = RegisterMap("test-power", (POWER,), source="test")


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS, bit by bit, low byte first as on the wire."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def framed(text: str) -> bytes:
    """Bytes given in hexadecimal, with their check sum."""
    data = bytes.fromhex(text)
    return data + crc(data)


def registers(unit: int, function: int, *words: int) -> bytes:
    """A good reply."""
    data = bytes([unit, function, 2 * len(words)]) + b"".join(w.to_bytes(2, "big") for w in words)
    return data + crc(data)


def at_once(*replies: bytes) -> Script:
    """Answer the first request with the first reply, and so on; the last one stays."""
    left = list(replies)

    def answer(_request: bytes) -> Pieces:
        reply = left.pop(0) if len(left) > 1 else left[0]
        return [(0.0, reply)] if reply else []

    return answer


def plan_for(port: Path | str, **changes: object) -> BusPlan:
    """One SDM630-like meter, unit 1, on a fast line; a loaded machine keeps these times."""
    settings: dict[str, object] = {
        "name": "main",
        "kind": LineKind.RTU,
        "meters": (PolledMeter("incomer", 1, POWER_MAP, response_ms_max=60),),
        "timeout_ms": 300,
        "poll_ms_min": 0,
        "port": str(port),
        "baudrate": 115200,
        "parity": Parity.NONE,
    }
    return BusPlan(**{**settings, **changes})  # type: ignore[arg-type]


class FakeLine:
    """The line behind `link` (a symbolic link to the pty). `requests` are what was written."""

    def __init__(self, link: Path, script: Script) -> None:
        self.requests: list[bytes] = []
        self.times_s: list[float] = []
        self._script = script
        self._arrived = threading.Condition()
        self._master, slave = pty.openpty()
        self.device = os.ttyname(slave)
        os.close(slave)
        link.unlink(missing_ok=True)
        link.symlink_to(self.device)
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, data: bytes) -> None:
        """Put bytes on the line that nobody asked for."""
        os.write(self._master, data)

    def wait_requests(self, count: int, deadline_s: float = 10.0) -> None:
        """Return once `count` requests have come in all."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, deadline_s)

    def wait_quiet(self, quiet_s: float = 0.05, deadline_s: float = 10.0) -> None:
        """Return once no request has come for `quiet_s`."""
        end_s = time.monotonic() + deadline_s
        with self._arrived:
            while self._arrived.wait(quiet_s):
                assert time.monotonic() < end_s

    def close(self) -> None:
        """The adapter is unplugged."""
        os.write(self._stopper, b"x")
        self._thread.join()
        for fd in (self._master, self._stop, self._stopper):
            os.close(fd)

    def __enter__(self) -> FakeLine:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _serve(self) -> None:
        poller = select.poll()
        poller.register(self._master, select.POLLIN)
        poller.register(self._stop, select.POLLIN)
        received = b""
        while True:
            ready = dict(poller.poll())
            if self._stop in ready:
                return
            if not ready[self._master] & select.POLLIN:  # nobody has the port open
                if select.select([self._stop], [], [], 0.002)[0]:
                    return
                continue
            received += os.read(self._master, 256)
            while len(received) >= 8:
                self._answer(received[:8])
                received = received[8:]

    def _answer(self, request: bytes) -> None:
        pieces = self._script(request)
        with self._arrived:
            self.requests.append(request)
            self.times_s.append(time.monotonic())
            self._arrived.notify_all()
        for pause_s, piece in pieces:
            if pause_s:
                time.sleep(pause_s)
            os.write(self._master, piece)
