"""A machine with a virtio-gpio driver, as a board sees it: QEMU's messages, two rings in a memfd.

It speaks over the real socket and waits on the real bells with a deadline. What a well-behaved
guest would never do is done by writing into `memory` by hand.
"""

from __future__ import annotations

import mmap
import os
import select
import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from tests.hil.board_rig import DEADLINE_S, Rig

GUEST = 0x4000_0000
_USER = 0x7F00_0000_0000
_FILE_OFFSET = 4096
_BYTES = 1 << 18
SIZE = 64  # entries of each ring: 32 chains of two
_RING_BYTES = 1 << 13
_BUFFERS = 1 << 14
_SLOT_BYTES = 1024
_ANSWER_AT = 512
REQUESTS, EVENTS = 0, 1
GET_NAMES, GET_DIRECTION, SET_DIRECTION, GET_VALUE, SET_VALUE, SET_IRQ = range(1, 7)
NONE, OUT, IN = range(3)
RISING, FALLING, BOTH, HIGH, LOW = 1, 2, 3, 4, 8
INVALID, VALID = b"\0", b"\1"


def make_rig(**unit: Any) -> Rig:
    """A board whose unit `a` is of processes and whose unit `b` is a machine."""
    return Rig(unit_changes={"b": {"kind": "virtio", "lines": 28, **unit}})


def wait_for_state(rig: Rig, **wanted: Any) -> None:
    """Until the machine's state has them: a closed connection is seen a moment later."""
    deadline_ns = rig.order("snapshot")["t_ns"] + int(DEADLINE_S * 1e9)
    while not wanted.items() <= (seen := rig.order("snapshot"))["units"]["b"].items():
        assert seen["t_ns"] < deadline_ns, seen["units"]["b"]


class Used(NamedTuple):
    """A chain that came back: which one, how many bytes the device says, and those bytes."""

    slot: int
    answer: bytes


class FrontEnd:
    """Connects and sets the queues going; `lines` are the device's by its configuration."""

    def __init__(self, path: Path, *, starts: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(str(path))
        self._file = os.memfd_create("guest")
        os.ftruncate(self._file, _FILE_OFFSET + _BYTES)
        self.memory = mmap.mmap(self._file, _FILE_OFFSET + _BYTES)
        self._kicks = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(2)]
        self._calls = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(2)]
        self._offered = [0, 0]
        self._seen = [0, 0]
        if starts:
            self.start()

    # What QEMU says.

    def ask(self, request: int, payload: bytes = b"", files: list[int] | None = None) -> bytes:
        """Send, wait for the reply or the acknowledgement. Raises EOFError when it hangs up."""
        header = struct.pack("<III", request, 1 | 8, len(payload))
        socket.send_fds(self.socket, [header + payload], files or [])
        try:
            raw = self.socket.recv(12, socket.MSG_WAITALL)
        except ConnectionResetError:
            raw = b""
        if not raw:
            raise EOFError("the board has closed the connection")
        answered, _, size = struct.unpack("<III", raw)
        assert answered == request
        return self.socket.recv(size, socket.MSG_WAITALL)

    def ask_number(self, request: int) -> int:
        return int(struct.unpack("<Q", self.ask(request))[0])

    def start(self) -> None:
        self.features = self.ask_number(1)
        self.ask(2, struct.pack("<Q", self.features))
        self.ask(16, struct.pack("<Q", self.ask_number(15)))
        self.ask(3)
        self.queues_count = self.ask_number(17)
        raw = self.ask(24, struct.pack("<III", 0, 8, 0) + bytes(8))[12:]
        self.lines_count, self.names_bytes = struct.unpack("<HxxI", raw)
        self.share_memory()
        for ring in (REQUESTS, EVENTS):
            self.start_ring(ring)

    def share_memory(self, size: int = _BYTES) -> None:
        region = struct.pack("<QQQQ", GUEST, size, _USER, _FILE_OFFSET)
        self.ask(5, struct.pack("<I4x", 1) + region, [self._file])

    def start_ring(self, ring: int, size: int = SIZE) -> None:
        descriptors = _USER + ring * _RING_BYTES
        offered, used = descriptors + 0x800, descriptors + 0x1000
        self.ask(8, struct.pack("<II", ring, size))
        self.ask(10, struct.pack("<II", ring, self._offered[ring]))
        self.ask(9, struct.pack("<IIQQQQ", ring, 0, descriptors, used, offered, 0))
        self.ask(12, struct.pack("<Q", ring), [self._kicks[ring]])
        self.ask(13, struct.pack("<Q", ring), [self._calls[ring]])
        self.ask(18, struct.pack("<II", ring, 1))

    def reset(self) -> None:
        """What QEMU does when the driver or the machine is reset; `start` follows the next boot."""
        for ring in (REQUESTS, EVENTS):
            self.take_back(ring)
            start = _FILE_OFFSET + ring * _RING_BYTES
            self.memory[start : start + _RING_BYTES] = bytes(_RING_BYTES)
        self._offered = [0, 0]
        self._seen = [0, 0]

    def take_back(self, ring: int) -> None:
        self.ask(11, struct.pack("<II", ring, 0))

    def flush(self) -> None:
        """The board has heard every kick until now: those of the turn that the first reply was of,
        when the second comes.
        """
        for _ in range(2):
            self.ask(15)

    # What the driver does with its rings.

    def at(self, ring: int, part: int, offset: int) -> int:
        """Where in `memory`: part 0 descriptors, 1 offered, 2 used."""
        return _FILE_OFFSET + ring * _RING_BYTES + part * 0x800 + offset

    def _buffer(self, ring: int, slot: int) -> int:
        return _BUFFERS + (ring * 32 + slot) * _SLOT_BYTES

    def describe(self, ring: int, index: int, *fields: int) -> None:
        """One descriptor: guest address, size, flags, next."""
        struct.pack_into("<QIHH", self.memory, self.at(ring, 0, 16 * index), *fields)

    def offer(self, ring: int, slot: int, request: bytes, room: int) -> None:
        """A chain of a request and of room for its answer, and a kick."""
        at = self._buffer(ring, slot)
        self.memory[_FILE_OFFSET + at : _FILE_OFFSET + at + len(request)] = request
        self.describe(ring, 2 * slot, GUEST + at, len(request), 1, 2 * slot + 1)
        self.describe(ring, 2 * slot + 1, GUEST + at + _ANSWER_AT, room, 2, 0)
        self.publish(ring, 2 * slot)

    def publish(self, ring: int, head: int, ahead: int = 1) -> None:
        at = self.at(ring, 1, 4 + 2 * (self._offered[ring] % SIZE))
        struct.pack_into("<H", self.memory, at, head)
        self._offered[ring] = (self._offered[ring] + ahead) & 0xFFFF
        struct.pack_into("<H", self.memory, self.at(ring, 1, 2), self._offered[ring])
        os.eventfd_write(self._kicks[ring], 1)

    def used(self, ring: int) -> Used | None:
        """The next chain that has come back, or None."""
        (index,) = struct.unpack_from("<H", self.memory, self.at(ring, 2, 2))
        if index == self._seen[ring]:
            return None
        at = self.at(ring, 2, 4 + 8 * (self._seen[ring] % SIZE))
        head, count = struct.unpack_from("<II", self.memory, at)
        self._seen[ring] = (self._seen[ring] + 1) & 0xFFFF
        at = _FILE_OFFSET + self._buffer(ring, head // 2) + _ANSWER_AT
        return Used(head // 2, self.memory[at : at + count])

    def wait_used(self, ring: int) -> Used:
        while (found := self.used(ring)) is None:
            assert select.select([self._calls[ring]], [], [], DEADLINE_S)[0], "no call came"
            os.eventfd_read(self._calls[ring])
        return found

    def request(self, kind: int, line: int = 0, value: int = 0, room: int = 2) -> bytes:
        """Status and value."""
        self.offer(REQUESTS, 0, struct.pack("<HHI", kind, line, value), room)
        return self.wait_used(REQUESTS).answer

    def do(self, kind: int, line: int, value: int = 0) -> int:
        status, answer = self.request(kind, line, value)
        assert status == 0, f"request {kind} of line {line}: refused"
        return answer

    def drive(self, line: int, level: int) -> None:
        """As Linux makes an output: the value first."""
        self.do(SET_VALUE, line, level)
        self.do(SET_DIRECTION, line, OUT)

    def listen(self, line: int, kind: int) -> None:
        """As Linux requests an input with edges."""
        self.do(SET_DIRECTION, line, IN)
        self.do(SET_IRQ, line, kind)
        self.arm(line)

    def arm(self, line: int) -> None:
        self.offer(EVENTS, line, struct.pack("<H", line), 1)

    def close(self) -> None:
        """The machine has gone, as when its emulator is killed."""
        self.socket.close()
        for descriptor in (self._file, *self._kicks, *self._calls):
            os.close(descriptor)
        self.memory.close()

    def __enter__(self) -> FrontEnd:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
