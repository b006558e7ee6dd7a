"""How a receiver hands characters to its machine: a USB adapter by a timer, a meter by silence.

Pure: they say when they are due and give the bytes; the owner writes them.
"""

from __future__ import annotations

from typing import Protocol

_FTDI_PACKET_BYTES = 62  # a 64-byte USB packet less two status bytes (FTDI AN232B-04)


class Receiver(Protocol):
    """Bytes heard and not yet handed over. `due_ns` is None while there are none.

    `wants_silence`: nothing is handed over while a character is on the line.
    """

    wants_silence: bool
    due_ns: int | None

    def hear(self, byte: int, end_ns: int) -> None: ...

    def take(self) -> bytes: ...


class LatencyReceiver:
    """A USB adapter: bytes wait for the latency timer or for a full packet, whichever is first."""

    wants_silence = False

    def __init__(self, latency_ns: int) -> None:
        self.latency_ns = latency_ns
        self.due_ns: int | None = None
        self._heard = bytearray()

    def hear(self, byte: int, end_ns: int) -> None:
        self._heard.append(byte)
        if self.due_ns is None:
            self.due_ns = end_ns + self.latency_ns
        if len(self._heard) >= _FTDI_PACKET_BYTES:
            self.due_ns = min(self.due_ns, end_ns)

    def take(self) -> bytes:
        heard, self._heard, self.due_ns = bytes(self._heard), bytearray(), None
        return heard


class SilenceReceiver:
    """A meter's own serial port: a frame comes whole, once the line was silent for `gap_ns`."""

    wants_silence = True

    def __init__(self, gap_ns: int) -> None:
        self._gap_ns = gap_ns
        self.due_ns: int | None = None
        self._heard = bytearray()

    def hear(self, byte: int, end_ns: int) -> None:
        self._heard.append(byte)
        self.due_ns = end_ns + self._gap_ns

    def take(self) -> bytes:
        heard, self._heard, self.due_ns = bytes(self._heard), bytearray(), None
        return heard


def silence_ns(baudrate: int, bits_per_char: int) -> int:
    """t3.5 of Modbus over serial line V1.02, 2.5.1.1: 3.5 characters, 1.75 ms above 19200 bit/s."""
    if baudrate > 19200:
        return 1_750_000
    return 7 * bits_per_char * 1_000_000_000 // (2 * baudrate)
