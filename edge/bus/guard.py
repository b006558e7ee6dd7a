"""Which received bytes are the reply to the request on the line, and if none is, why not. Pure.

A reply counts only if unit, function, length and check sum (or transaction) fit the request; echo,
noise and other frames around it are skipped. What to do about it is the client's business.
"""

from __future__ import annotations

from typing import Final

from pymodbus.framer import FramerRTU

EXCEPTION_BIT: Final = 0x80
_EXCEPTION_BYTES: Final = 5
_MBAP_BYTES: Final = 6


def crc_is_good(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC of those before (at least one)."""
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def _differences(unit: int, function: int, byte_count: int, pdu: bytes, got_unit: int) -> str:
    """How a whole, sound frame differs from the wanted one; empty if in nothing that is known."""
    if got_unit != unit:
        return f"reply of unit {got_unit}, need unit {unit}"
    if pdu[0] & ~EXCEPTION_BIT != function:
        return f"reply to function {pdu[0]}, need function {function}"
    if len(pdu) > 1 and pdu[1] != byte_count:
        return f"{pdu[1]} bytes of registers, need {byte_count}"
    return ""


class RtuGuard:
    """For RTU frames, on a serial line or through TCP."""

    def __init__(self) -> None:
        self._request = b""
        self._unit = 0
        self._function = 0
        self._byte_count = 0

    def expect(self, request: bytes) -> None:
        """`request` is the frame of a read of registers (function 3 or 4) as it will be sent."""
        self._request = request
        self._unit, self._function = request[0], request[1]
        self._byte_count = 2 * int.from_bytes(request[4:6], "big")

    def find(self, received: bytes) -> bytes:
        """The reply within `received` (all bytes since the request), or nothing (yet)."""
        for start in range(len(received) - _EXCEPTION_BYTES + 1):
            if received[start] != self._unit:
                continue
            end = start + self._length(received[start + 1], received[start + 2])
            if start < end <= len(received) and crc_is_good(received[start:end]):
                return received[start:end]
        return b""

    def _length(self, function: int, byte_count: int) -> int:
        """Length of a frame with this header if it can be the reply, else 0."""
        if function == self._function and byte_count == self._byte_count:
            return _EXCEPTION_BYTES + byte_count
        return _EXCEPTION_BYTES if function == self._function | EXCEPTION_BIT else 0

    def without_echo(self, received: bytes) -> bytes:
        """`received` without our own request at its beginning."""
        return received.removeprefix(self._request)

    def echo_is_garbled(self, received: bytes) -> bool:
        """Whether an adapter that echoes gave back something else than was sent (a collision)."""
        return not received.startswith(self._request)

    def explain(self, received: bytes) -> str:
        """Why `received`, which holds no reply, is none; empty if it is no more than the echo."""
        heard = self.without_echo(received)
        if not heard:
            return ""
        if len(heard) >= _EXCEPTION_BYTES and crc_is_good(heard):
            different = _differences(
                self._unit, self._function, self._byte_count, heard[1:-2], heard[0]
            )
            if different:
                return different
        return f"{len(heard)} bytes that are no sound frame"


class MbapGuard:
    """For Modbus TCP. A late reply carries its own transaction id, so it cannot be mistaken."""

    def __init__(self) -> None:
        self._transaction = b""
        self._unit = 0
        self._function = 0
        self._byte_count = 0

    def expect(self, request: bytes) -> None:
        """`request` is the whole frame of a read of registers as it will be sent."""
        self._transaction = request[0:2]
        self._unit, self._function = request[6], request[7]
        self._byte_count = 2 * int.from_bytes(request[10:12], "big")

    def find(self, received: bytes) -> bytes:
        """The reply within `received` (all bytes since the request), or nothing (yet)."""
        for frame in _mbap_frames(received):
            if self._is_reply(frame):
                return frame
        return b""

    def _is_reply(self, frame: bytes) -> bool:
        if frame[0:2] != self._transaction or frame[6] != self._unit:
            return False
        if frame[7] == self._function | EXCEPTION_BIT:
            return len(frame) == _MBAP_BYTES + 3
        return (
            frame[7] == self._function
            and len(frame) == _MBAP_BYTES + 3 + self._byte_count
            and frame[8] == self._byte_count
        )

    def without_echo(self, received: bytes) -> bytes:
        """TCP has no echo."""
        return received

    def echo_is_garbled(self, received: bytes) -> bool:  # noqa: ARG002 (same shape as RtuGuard's)
        """TCP has no echo."""
        return False

    def explain(self, received: bytes) -> str:
        """Why `received`, which holds no reply, is none."""
        if not received:
            return ""
        for frame in _mbap_frames(received):
            if frame[0:2] != self._transaction:
                return "reply of another transaction"
            different = _differences(
                self._unit, self._function, self._byte_count, frame[7:], frame[6]
            )
            if different:
                return different
        return f"{len(received)} bytes that are no sound frame"


def _mbap_frames(received: bytes) -> list[bytes]:
    """Whole frames from the beginning on; what follows a wrong header cannot be split."""
    frames = []
    start = 0
    while len(received) - start >= _MBAP_BYTES + 3:
        length = int.from_bytes(received[start + 4 : start + 6], "big")
        end = start + _MBAP_BYTES + length
        if received[start + 2 : start + 4] != b"\0\0" or length < 3 or end > len(received):
            break
        frames.append(received[start:end])
        start = end
    return frames


Guard = RtuGuard | MbapGuard
