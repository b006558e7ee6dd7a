"""What a broken guest or emulator may say to a board's virtio unit: refused, told, survived."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hil.board_rig import Rig
from tests.hil.vhost_front_end import (
    EVENTS,
    GET_VALUE,
    GUEST,
    REQUESTS,
    SIZE,
    VALID,
    FrontEnd,
    Used,
    make_rig,
)

_PULSE = 18
_READ_NEXT, _WRITE, _INDIRECT = 1, 2, 4


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with make_rig() as board:
        yield board


def faults(rig: Rig) -> list[str]:
    return [event["what"] for event in rig.log().events if event["event"] == "vhost_error"]


# Rings. Each breaks the ring of requests; that of events goes on, and a reset mends.


def head_out_of_range(guest: FrontEnd) -> None:
    guest.publish(REQUESTS, SIZE)


def too_many_at_once(guest: FrontEnd) -> None:
    guest.publish(REQUESTS, 0, SIZE + 1)


def chain_in_a_circle(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, GUEST, 8, _READ_NEXT, 0)
    guest.publish(REQUESTS, 0)


def next_out_of_range(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, GUEST, 8, _READ_NEXT, 65535)
    guest.publish(REQUESTS, 0)


def indirect_table(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, GUEST, 16, _INDIRECT, 0)
    guest.publish(REQUESTS, 0)


def request_outside_memory(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, GUEST - 4, 8, _READ_NEXT, 1)
    guest.publish(REQUESTS, 0)


def answer_outside_memory(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, GUEST, 8, _READ_NEXT, 1)
    guest.describe(REQUESTS, 1, GUEST + (1 << 18) - 1, 2, _WRITE, 0)
    guest.publish(REQUESTS, 0)


def address_that_wraps_around(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, (1 << 64) - 4, 8, _READ_NEXT, 1)
    guest.publish(REQUESTS, 0)


def request_as_long_as_memory(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, GUEST, 1 << 17, _READ_NEXT, 1)
    guest.publish(REQUESTS, 0)


def request_after_the_answer(guest: FrontEnd) -> None:
    guest.describe(REQUESTS, 0, GUEST, 8, _WRITE | _READ_NEXT, 1)
    guest.describe(REQUESTS, 1, GUEST, 8, 0, 0)
    guest.publish(REQUESTS, 0)


def request_that_is_cut_off(guest: FrontEnd) -> None:
    guest.offer(REQUESTS, 0, bytes(7), 2)


def request_without_room(guest: FrontEnd) -> None:
    guest.offer(REQUESTS, 0, struct.pack("<HHI", GET_VALUE, 1, 0), 1)


@pytest.mark.parametrize(
    ("break_ring", "told"),
    [
        (head_out_of_range, "got descriptor 64, need < 64"),
        (too_many_at_once, "got 65 offers at once, need <= 64"),
        (chain_in_a_circle, "a circle"),
        (next_out_of_range, "got descriptor 65535, need < 64"),
        (indirect_table, "an indirect table"),
        (request_outside_memory, "guest address 0x3ffffffc: got no region"),
        (answer_outside_memory, "guest address 0x4003ffff: got no region"),
        (address_that_wraps_around, "guest address 0xfffffffffffffffc: got no region"),
        (request_as_long_as_memory, "got a request > 4096 bytes"),
        (request_after_the_answer, "a readable part after a writable one"),
        (request_that_is_cut_off, "got 7 bytes with room for 2"),
        (request_without_room, "got 8 bytes with room for 1"),
    ],
)
def test_vhost_ring_that_a_guest_breaks_stands_still_until_its_reset(
    rig: Rig, break_ring: Callable[[FrontEnd], None], told: str
) -> None:
    with FrontEnd(rig.path / "b.sock") as guest:
        guest.listen(_PULSE, 2)
        before = len(faults(rig))
        break_ring(guest)
        guest.flush()
        (fault,) = faults(rig)[before:]
        assert told in fault
        guest.offer(REQUESTS, 1, struct.pack("<HHI", GET_VALUE, 1, 0), 2)
        guest.flush()
        assert guest.used(REQUESTS) is None
        rig.order("pulses", line="contact", count=1, rate_hz=0)
        assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)
        guest.reset()
        guest.start()
        assert guest.do(GET_VALUE, _PULSE) == 1


def test_vhost_answer_into_memory_that_was_taken_away_breaks_the_ring_only(rig: Rig) -> None:
    with FrontEnd(rig.path / "b.sock") as guest:
        guest.listen(_PULSE, 2)
        before = len(faults(rig))
        guest.share_memory(1 << 14)  # the rings without the buffers
        rig.order("pulses", line="contact", count=1, rate_hz=0)
        (fault,) = faults(rig)[before:]
        assert "got no region" in fault
    assert rig.order("pins")["a"] == []


def test_vhost_memory_told_again_while_running_is_used_from_then_on(rig: Rig) -> None:
    with FrontEnd(rig.path / "b.sock") as guest:
        guest.listen(_PULSE, 2)
        guest.share_memory()
        rig.order("pulses", line="contact", count=1, rate_hz=0)
        assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)
        assert guest.do(GET_VALUE, _PULSE) == 0


# Messages. Each ends the connection; the next one is served.

_REGION = struct.pack("<QQQQ", GUEST, 4096, 0, 0)


@pytest.mark.parametrize(
    ("request_number", "payload", "told"),
    [
        (99, b"", "got request 99"),
        (2, struct.pack("<Q", 1 << 28), "got 0x10000000 beside those offered"),
        (5, b"", "memory table: got 0 bytes"),
        (5, struct.pack("<I4x", 9) + 9 * _REGION, "got 9 regions and 0 files"),
        (5, struct.pack("<I4x", 1) + _REGION, "got 1 regions and 0 files"),
        (8, struct.pack("<II", 2, 64), "ring: got number 2"),
        (8, struct.pack("<II", 0, 65), "got 65 entries"),
        (8, struct.pack("<II", 0, 2048), "got 2048 entries"),
        (8, b"\0", "unpack requires"),
        (9, struct.pack("<IIQQQQ", 0, 0, 1, 2, 3, 0), "ring address 0x1"),
        (12, struct.pack("<Q", 7), "ring: got number 7"),
        (12, struct.pack("<Q", 0), "got [], need one anon_inode:[eventfd]"),
        (24, struct.pack("<III", 0, 1 << 30, 0), "got 1073741824 bytes wanted"),
    ],
)
def test_vhost_message_that_cannot_be_ends_the_connection_and_not_the_board(
    rig: Rig, request_number: int, payload: bytes, told: str
) -> None:
    before = len(faults(rig))
    with FrontEnd(rig.path / "b.sock", starts=False) as guest:
        guest.ask(8, struct.pack("<II", 0, SIZE))
        with pytest.raises(EOFError):
            guest.ask(request_number, payload)
    (fault,) = faults(rig)[before:]
    assert told in fault
    with FrontEnd(rig.path / "b.sock") as guest:
        assert guest.do(GET_VALUE, _PULSE) == 1


def test_vhost_message_longer_than_any_ends_the_connection(rig: Rig) -> None:
    with FrontEnd(rig.path / "b.sock", starts=False) as guest:
        guest.socket.sendall(struct.pack("<III", 5, 1, 1 << 31))
        assert guest.socket.recv(1) == b""


def test_vhost_message_in_pieces_is_put_together(rig: Rig) -> None:
    with FrontEnd(rig.path / "b.sock", starts=False) as guest:
        guest.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        for piece in struct.pack("<III", 17, 1, 0):
            guest.socket.sendall(bytes([piece]))
        assert guest.socket.recv(20, socket.MSG_WAITALL)[12:] == struct.pack("<Q", 2)


@pytest.mark.parametrize("size", [8192, 1 << 40])
def test_vhost_region_beyond_its_file_is_refused(rig: Rig, tmp_path: Path, size: int) -> None:
    path = tmp_path / "short"
    path.write_bytes(bytes(4096))
    with FrontEnd(rig.path / "b.sock", starts=False) as guest, path.open("r+b") as file:
        region = struct.pack("<QQQQ", GUEST, size, 0, 0)
        with pytest.raises(EOFError):
            guest.ask(5, struct.pack("<I4x", 1) + region, [file.fileno()])
    assert f"got {size} bytes from 0, need some within the file's 4096" in faults(rig)[-1]


def test_vhost_bell_that_is_no_eventfd_is_refused(rig: Rig) -> None:
    reader, writer = os.pipe()
    with FrontEnd(rig.path / "b.sock", starts=False) as guest, pytest.raises(EOFError):
        guest.ask(12, struct.pack("<Q", 0), [reader])
    os.close(reader)
    os.close(writer)


def test_vhost_board_keeps_no_descriptor_of_those_who_have_gone(rig: Rig) -> None:
    def count() -> int:
        return len(list(Path(f"/proc/{rig.process.pid}/fd").iterdir()))

    with FrontEnd(rig.path / "b.sock") as guest:
        guest.flush()
        while_one = count()
    for _ in range(5):
        with FrontEnd(rig.path / "b.sock") as guest:
            guest.reset()
            guest.start()
            guest.flush()
            assert count() == while_one
