"""The bench's listening adapter on the meter line; it can also speak as a stranger."""

from __future__ import annotations

import contextlib
from pathlib import Path

import serial

_READ_BYTES = 4096
_LATENCY_MS = 1  # an FTDI adapter keeps bytes back for 16 ms unless told otherwise


class Tap:
    """Raises serial.SerialException when the port can't be had."""

    def __init__(self, port: str, baudrate: int) -> None:
        name = Path(port).resolve().name
        timer = Path(f"/sys/bus/usb-serial/devices/{name}/latency_timer")
        with contextlib.suppress(OSError):  # another make has none, or it is not ours to set
            timer.write_text(str(_LATENCY_MS))
        self._serial = serial.Serial(
            port, baudrate, stopbits=serial.STOPBITS_TWO, timeout=0, exclusive=True
        )

    def fileno(self) -> int:
        return int(self._serial.fileno())

    def read(self) -> bytes:
        return bytes(self._serial.read(_READ_BYTES))

    def write(self, sent: bytes) -> None:
        self._serial.write(sent)

    def close(self) -> None:
        self._serial.close()
