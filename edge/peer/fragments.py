"""Bulk between the gateways in pieces that fit into a beat: the state, and operators' orders.

The latest state wins; orders arrive exactly once and in order within one pair of sessions. Nothing
here knows a clock or a path: a lost piece is sent again because its turn comes again.
"""

from __future__ import annotations

import zlib
from collections import deque
from typing import Final

from msgspec import Struct

CHUNK_BYTES: Final = 600
# A site's state is some kilobytes; past this it is not sent at all (see docs/heartbeat.md).
BULK_BYTES_MAX: Final = 64 * 1024
CHUNKS_MAX: Final = -(-BULK_BYTES_MAX // CHUNK_BYTES)
ORDERS_WAITING_MAX: Final = 16
# A state is repeated for what was lost of it, until the next one is posted.
_PASSES_MAX: Final = 3
_TRANSFER_MAX: Final = 2**32 - 1


class Fragment(Struct, frozen=True, gc=False):
    """Piece `index` of `count` of transfer `number` (from 1 in each session). `crc` is the CRC-32
    of the whole, `mono_ns` the sender's instant of it. All pieces but the last are full.
    """

    number: int
    index: int
    count: int
    crc: int
    mono_ns: int
    chunk: bytes

    @property
    def is_sound(self) -> bool:
        """Whether these numbers can be those of a piece at all."""
        is_last = self.index == self.count - 1
        fits = 0 < len(self.chunk) <= CHUNK_BYTES if is_last else len(self.chunk) == CHUNK_BYTES
        return self.number > 0 and 0 <= self.index < self.count <= CHUNKS_MAX and fits


class ReceivedState(Struct, frozen=True):
    """The peer's state. `mono_ns`, the instant it is of, is on the clock of whoever holds this."""

    data: bytes
    mono_ns: int


class _Transfer:
    """One whole on its way out, cut in pieces that are given in turn."""

    def __init__(self, data: bytes, mono_ns: int) -> None:
        self.data = data
        self._mono_ns = mono_ns
        self._crc = zlib.crc32(data)
        self._count = -(-len(data) // CHUNK_BYTES)
        self._given = 0

    @property
    def passes(self) -> int:
        """How often each of the pieces has been given."""
        return self._given // self._count

    def again(self) -> None:
        self._given = 0

    def piece(self, number: int) -> Fragment:
        index = self._given % self._count
        self._given += 1
        chunk = self.data[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
        return Fragment(number, index, self._count, self._crc, self._mono_ns, chunk)


class _Assembly:
    """One whole on its way in. A piece of another number begins it anew."""

    def __init__(self) -> None:
        self._first: Fragment | None = None
        self._chunks: dict[int, bytes] = {}

    def offer(self, piece: Fragment) -> bytes | None:
        """The whole, with the piece that completes it."""
        first = self._first
        if first is None or (piece.number, piece.count, piece.crc) != (
            first.number,
            first.count,
            first.crc,
        ):
            self._first = piece
            self._chunks = {}
        self._chunks[piece.index] = piece.chunk
        if len(self._chunks) < piece.count:
            return None
        whole = b"".join(self._chunks[index] for index in range(piece.count))
        self._first = None
        return whole if zlib.crc32(whole) == piece.crc else None


class StateSender:
    """A newer state waits until the one on its way has been given whole once, so that a large one
    that is posted often still arrives.
    """

    def __init__(self) -> None:
        self._number = 0
        self._current: _Transfer | None = None
        self._next: _Transfer | None = None

    def post(self, data: bytes, mono_ns: int) -> bool:
        """False: empty or too large, nothing is sent of it."""
        if not 0 < len(data) <= BULK_BYTES_MAX:
            return False
        self._next = _Transfer(data, mono_ns)
        return True

    def restart(self) -> None:
        """Another peer process: it has nothing of what was given so far."""
        if self._current is not None:
            self._current.again()

    def piece(self) -> Fragment | None:
        """The piece for the next beat, if any is due."""
        if self._next is not None and (self._current is None or self._current.passes):
            self._number = self._number % _TRANSFER_MAX + 1
            self._current, self._next = self._next, None
        if self._current is None or self._current.passes >= _PASSES_MAX:
            return None
        return self._current.piece(self._number)


class StateReceiver:
    """Holds the newest whole state until it is taken."""

    def __init__(self) -> None:
        self._assembly = _Assembly()
        self._done = 0
        self._state: ReceivedState | None = None

    def restart(self) -> None:
        """Another peer process: its numbers begin anew, and what came before is not its state."""
        self._assembly = _Assembly()
        self._done = 0
        self._state = None

    def offer(self, piece: Fragment) -> None:
        if not piece.is_sound or piece.number <= self._done:
            return
        whole = self._assembly.offer(piece)
        if whole is not None:
            self._done = piece.number
            self._state = ReceivedState(whole, piece.mono_ns)

    def take(self) -> ReceivedState | None:
        """The newest state that was not taken yet; `mono_ns` is still the sender's."""
        state, self._state = self._state, None
        return state


class OrderSender:
    """The oldest order is given until the peer acknowledges its number; then the next one."""

    def __init__(self) -> None:
        self._waiting: deque[_Transfer] = deque()
        self._number = 1

    def post(self, data: bytes) -> bool:
        """False: it is not taken, because it is empty or too large, or too many wait."""
        if not 0 < len(data) <= BULK_BYTES_MAX or len(self._waiting) >= ORDERS_WAITING_MAX:
            return False
        self._waiting.append(_Transfer(data, 0))
        return True

    def restart(self) -> None:
        """Another peer process: what it did not acknowledge goes out again, numbered from 1."""
        self._number = 1
        if self._waiting:
            self._waiting[0].again()

    def acknowledge(self, number: int) -> None:
        """The peer has all orders up to `number`."""
        if self._waiting and number == self._number:
            self._waiting.popleft()
            self._number += 1

    def withdraw(self) -> list[bytes]:
        """Take back what was not acknowledged; the peer may still have got the first of them."""
        orders = [order.data for order in self._waiting]
        if orders:
            self._waiting.clear()
            self._number += 1  # the first one's number is used up, whether it arrived or not
        return orders

    def piece(self) -> Fragment | None:
        return self._waiting[0].piece(self._number) if self._waiting else None


class OrderReceiver:
    """Whole orders, each once and in order, until they are taken."""

    def __init__(self) -> None:
        self._assembly = _Assembly()
        self._orders: list[bytes] = []
        self._taken = 0
        self.acknowledged = 0

    def restart(self) -> None:
        """Another peer process numbers from 1. What has arrived whole stays to be taken."""
        self._assembly = _Assembly()
        self._taken = self.acknowledged = 0

    def offer(self, piece: Fragment) -> None:
        """An order that finds the box full is not acknowledged, so that it comes again."""
        if not piece.is_sound or len(self._orders) >= ORDERS_WAITING_MAX:
            return
        if piece.number <= self.acknowledged:
            return
        whole = self._assembly.offer(piece)
        if whole is not None:
            self._orders.append(whole)
            self.acknowledged = piece.number

    def take(self) -> list[bytes]:
        orders, self._orders = self._orders, []
        self._taken = self.acknowledged
        return orders

    def refuse(self) -> None:
        """Forget what was not taken, before it is acknowledged: it stays with the sender."""
        self._orders.clear()
        self.acknowledged = self._taken
