"""One split virtqueue, the device's side: takes what the guest offers, gives it back used.

Modelled on the Virtual I/O Device specification 1.2, chapter 2.7, without indirect descriptors and
event indices, which are not offered. It reads nothing outside the ring's own parts and trusts no
number found in them.
"""

from __future__ import annotations

import contextlib
import os
import struct
from typing import NamedTuple

from hil.board.vhost_memory import GuestMemory, Span, VhostError

SIZE_MAX = 1024  # QEMU's VIRTQUEUE_MAX_SIZE
_CHAIN_COUNT_MAX = 8  # a request and its answer take two
_REQUEST_BYTES_MAX = 4096
_DESCRIPTOR = struct.Struct("<QIHH")  # guest address, size, flags, next
_NEXT, _WRITE, _INDIRECT = 1, 2, 4
_INDEX = struct.Struct("<H")
_USED = struct.Struct("<II")  # head of the chain, bytes written
_INDEX_AT, _ENTRIES_AT = 2, 4  # in the offered and in the used part alike


class Chain(NamedTuple):
    """Buffers of one request: what the guest wrote, and where an answer of `room` bytes may go."""

    head: int
    request: bytes
    room: int
    writable: list[tuple[int, int]]  # guest address and size: memory may move until the answer


class _Parts(NamedTuple):
    descriptors: Span
    offered: Span
    used: Span


class Ring:
    """`kick` and `call` are the descriptors of its two bells; the ring owns them."""

    def __init__(self) -> None:
        self.size = 0
        self.next_offered = 0
        self.enabled = False
        self.kick: int | None = None
        self.call: int | None = None
        self.addresses: tuple[int, int, int] | None = None  # descriptors, used, offered
        self._memory = GuestMemory()
        self._parts: _Parts | None = None

    @property
    def runs(self) -> bool:
        return self.enabled and self.kick is not None and self._parts is not None

    def resize(self, size: int) -> None:
        if not 0 < size <= SIZE_MAX or size & (size - 1):
            raise VhostError(f"ring: got {size} entries, need a power of two <= {SIZE_MAX}")
        self.size = size
        self._parts = None

    def place(self, memory: GuestMemory) -> None:
        """Find its parts in `memory`, at the addresses that it was told, if it was."""
        self._memory = memory
        self._parts = None
        if self.addresses is None:
            return
        descriptors, used, offered = self.addresses
        self._parts = _Parts(
            memory.at_user(descriptors, self.size * _DESCRIPTOR.size),
            memory.at_user(offered, _ENTRIES_AT + self.size * _INDEX.size),
            memory.at_user(used, _ENTRIES_AT + self.size * _USED.size),
        )

    def take(self) -> Chain | None:
        """What the guest has offered next. Raises VhostError when that can't be."""
        assert self._parts is not None
        offered = self._parts.offered
        (newest,) = offered.unpack(_INDEX, _INDEX_AT)
        ahead_count = (newest - self.next_offered) & 0xFFFF
        if not ahead_count:
            return None
        if ahead_count > self.size:
            raise VhostError(f"ring: got {ahead_count} offers at once, need <= {self.size}")
        at = _ENTRIES_AT + self.next_offered % self.size * _INDEX.size
        (head,) = offered.unpack(_INDEX, at)
        self.next_offered = (self.next_offered + 1) & 0xFFFF
        return self._follow(head)

    def _follow(self, head: int) -> Chain:
        request = b""
        writable: list[tuple[int, int]] = []
        for address, size, is_writable in self._walk(head):
            if is_writable:
                self._memory.at_guest(address, size)
                writable.append((address, size))
            elif writable:
                raise VhostError(f"chain {head}: got a readable part after a writable one")
            elif len(request) + size > _REQUEST_BYTES_MAX:
                raise VhostError(f"chain {head}: got a request > {_REQUEST_BYTES_MAX} bytes")
            else:
                request += self._memory.at_guest(address, size).read()
        return Chain(head, request, sum(size for _, size in writable), writable)

    def _walk(self, head: int) -> list[tuple[int, int, bool]]:
        assert self._parts is not None
        found: list[tuple[int, int, bool]] = []
        index = head
        for _ in range(_CHAIN_COUNT_MAX):
            if index >= self.size:
                raise VhostError(f"chain {head}: got descriptor {index}, need < {self.size}")
            at = index * _DESCRIPTOR.size
            address, size, flags, following = self._parts.descriptors.unpack(_DESCRIPTOR, at)
            if flags & _INDIRECT:
                raise VhostError(f"chain {head}: got an indirect table, which was not offered")
            found.append((address, size, bool(flags & _WRITE)))
            if not flags & _NEXT:
                return found
            index = following
        raise VhostError(f"chain {head}: got more than {_CHAIN_COUNT_MAX} parts, or a circle")

    def give_back(self, chain: Chain, answer: bytes) -> None:
        """Write `answer`, mark the chain used, ring the guest's bell."""
        if self._parts is None or len(answer) > chain.room:
            raise VhostError(f"chain {chain.head}: got room for {chain.room}, need {len(answer)}")
        left = answer
        for address, size in chain.writable:
            self._memory.at_guest(address, size).write(left[:size])
            left = left[size:]
        used = self._parts.used
        (index,) = used.unpack(_INDEX, _INDEX_AT)
        used.pack(_USED, _ENTRIES_AT + index % self.size * _USED.size, chain.head, len(answer))
        used.pack(_INDEX, _INDEX_AT, (index + 1) & 0xFFFF)  # last: stores keep their order on x86
        self.ring_bell()

    def ring_bell(self) -> None:
        if self.call is not None:
            with contextlib.suppress(BlockingIOError):  # it is ringing already
                os.eventfd_write(self.call, 1)

    def hear_bell(self) -> None:
        if self.kick is not None:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self.kick)

    def close(self) -> None:
        for bell in (self.kick, self.call):
            if bell is not None:
                os.close(bell)
        self.kick = self.call = None
        self.enabled = False
