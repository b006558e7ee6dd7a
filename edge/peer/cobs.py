"""Frames on a serial line: consistent overhead byte stuffing, so that zero only ends a frame. Pure.

After noise the next zero begins anew; whether a frame is sound is for its keyed hash to say.
"""

from __future__ import annotations

from typing import Final

_RUN_MAX: Final = 254


def encode(frame: bytes) -> bytes:
    """`frame` without a zero, and the zero that ends it."""
    stuffed = bytearray()
    for part in frame.split(b"\0"):
        rest = part
        while len(rest) >= _RUN_MAX:
            stuffed.append(_RUN_MAX + 1)
            stuffed += rest[:_RUN_MAX]
            rest = rest[_RUN_MAX:]
        stuffed.append(len(rest) + 1)
        stuffed += rest
    stuffed.append(0)
    return bytes(stuffed)


def decode(stuffed: bytes) -> bytes | None:
    """The frame of what came between two zeros; None if it is none."""
    frame = bytearray()
    at = 0
    while at < len(stuffed):
        code = stuffed[at]
        run = stuffed[at + 1 : at + code]
        if code == 0 or len(run) != code - 1:
            return None
        frame += run
        at += code
        if code <= _RUN_MAX and at < len(stuffed):
            frame.append(0)
    return bytes(frame)


class Deframer:
    """Cuts what arrives into frames of at most `bytes_max`; longer ones are dropped whole."""

    def __init__(self, bytes_max: int) -> None:
        self._stuffed_max = bytes_max + bytes_max // _RUN_MAX + 1
        self._partial = bytearray()
        self._skips = False

    def feed(self, received: bytes) -> list[bytes]:
        frames = []
        *ended, rest = received.split(b"\0")
        for piece in ended:
            self._add(piece)
            frame = None if self._skips else decode(bytes(self._partial))
            if frame:
                frames.append(frame)
            self._partial.clear()
            self._skips = False
        self._add(rest)
        return frames

    def _add(self, piece: bytes) -> None:
        self._partial += piece
        if len(self._partial) > self._stuffed_max:
            self._partial.clear()
            self._skips = True
