"""Modbus frames as bytes: where one ends, whose it is, and how it is put together again.

Only the envelope is read here; what is asked and answered belongs to the server that is not ours.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from hil.crc import has_good_crc, with_crc


class Frame(NamedTuple):
    """`transaction` is the two bytes of MBAP that a reply repeats; empty on a serial line."""

    unit_id: int
    pdu: bytes
    transaction: bytes = b""


class Codec(Protocol):
    """`split` gives the frames at the start of what was received, and drops what is none."""

    def split(self, received: bytes) -> list[Frame]: ...

    def join(self, frame: Frame) -> bytes: ...


class Rtu:
    """Frames with a checksum. Two frames that came in one piece are told apart by their lengths."""

    def split(self, received: bytes) -> list[Frame]:
        frames: list[Frame] = []
        while len(received) >= 4:
            lengths = (len(received), 8, 5 + received[2], 5)
            length = next((n for n in lengths if has_good_crc(received[:n])), 0)
            if not length:
                break
            frames.append(Frame(received[0], received[1 : length - 2]))
            received = received[length:]
        return frames

    def join(self, frame: Frame) -> bytes:
        return with_crc(bytes([frame.unit_id]) + frame.pdu)


class Mbap:
    """Frames of Modbus TCP: transaction, protocol 0, length, unit, PDU."""

    def split(self, received: bytes) -> list[Frame]:
        frames: list[Frame] = []
        while len(received) >= 8:
            length = 6 + int.from_bytes(received[4:6], "big")
            if received[2:4] != b"\0\0" or length < 8 or len(received) < length:
                break
            frames.append(Frame(received[6], received[7:length], received[:2]))
            received = received[length:]
        return frames

    def join(self, frame: Frame) -> bytes:
        length = (1 + len(frame.pdu)).to_bytes(2, "big")
        return frame.transaction + b"\0\0" + length + bytes([frame.unit_id]) + frame.pdu
