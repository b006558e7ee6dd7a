"""What libmodbus, a master and a slave in C, says on a line: recorded between two pseudo-terminals.

Debian: libmodbus5. Its structures are not needed; the mapping is made and used by the library.
"""

from __future__ import annotations

import ctypes
import os
import pty
import select
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

LIBRARY = "libmodbus.so.5"
UNIT = 17
_ADU_BYTES_MAX = 260
_PATIENCE_US = 20_000
_P = ctypes.c_void_p


def load() -> ctypes.CDLL:
    """Raises OSError where it is not installed."""
    library = ctypes.CDLL(LIBRARY, use_errno=True)
    library.modbus_new_rtu.restype = _P
    library.modbus_new_rtu.argtypes = [
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char,
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.modbus_mapping_new.restype = _P
    library.modbus_reply.argtypes = [_P, ctypes.c_char_p, ctypes.c_int, _P]
    return library


class Record:
    """Bytes in the order in which they went over, and the frames as they were written."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []


@contextmanager
def _relay(record: Record) -> Iterator[tuple[str, str]]:
    """Two ends of a line; what one says, the other hears, and is recorded."""
    ends = [pty.openpty() for _ in range(2)]
    for _, slave in ends:
        tty.setraw(slave)
    stop, stopper = os.pipe()
    masters = [master for master, _ in ends]

    def carry() -> None:
        last = -1
        while True:
            ready = select.select([*masters, stop], [], [])[0]
            if stop in ready:
                return
            for master in ready:
                said = os.read(master, 300)
                if master == last:
                    record.frames[-1] += said
                else:
                    record.frames.append(said)
                last = master
                os.write(masters[1 - masters.index(master)], said)

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        os.write(stopper, b"x")
        thread.join()
        for fd in (*masters, *(slave for _, slave in ends), stop, stopper):
            os.close(fd)


def _open(library: ctypes.CDLL, device: str) -> _P:
    context = _P(library.modbus_new_rtu(device.encode(), 115200, b"N", 8, 1))
    assert library.modbus_set_slave(context, UNIT) == 0
    assert library.modbus_connect(context) == 0
    # The slave sleeps for its own patience before it refuses.
    library.modbus_set_response_timeout(context, 0, _PATIENCE_US * 10)
    return context


def _serve(library: ctypes.CDLL, slave: _P, count: int) -> None:
    mapping = _P(library.modbus_mapping_new(64, 64, 64, 64))
    library.modbus_set_response_timeout(slave, 0, _PATIENCE_US)
    frame = ctypes.create_string_buffer(_ADU_BYTES_MAX)
    for _ in range(count):
        length = library.modbus_receive(slave, frame)
        assert length > 0
        library.modbus_reply(slave, frame, length, mapping)
    library.modbus_mapping_free(mapping)


def record_exchanges(library: ctypes.CDLL) -> list[bytes]:
    """Query, reply, query, reply: each function that the library has, and two refusals."""
    record = Record()
    words = (ctypes.c_uint16 * 130)(*range(0x0100, 0x0182))
    bits = (ctypes.c_uint8 * 64)(*[index % 3 == 0 for index in range(64)])
    with _relay(record) as (near, far):
        master, slave = _open(library, near), _open(library, far)
        calls = [
            lambda: library.modbus_write_registers(master, 3, 20, words),
            lambda: library.modbus_read_registers(master, 3, 20, words),
            lambda: library.modbus_read_input_registers(master, 0, 2, words),
            lambda: library.modbus_write_bits(master, 5, 37, bits),
            lambda: library.modbus_read_bits(master, 5, 37, bits),
            lambda: library.modbus_read_input_bits(master, 0, 9, bits),
            lambda: library.modbus_write_bit(master, 7, 1),
            lambda: library.modbus_write_register(master, 9, 0x0102),
            lambda: library.modbus_mask_write_register(master, 9, 0xF0F0, 0x0A0A),
            lambda: library.modbus_write_and_read_registers(master, 1, 3, words, 4, 5, words),
            lambda: library.modbus_read_registers(master, 60, 20, words),
            lambda: library.modbus_write_register(master, 99, 1),
            lambda: library.modbus_read_input_registers(master, 1, 62, words),
        ]
        server = threading.Thread(target=_serve, args=(library, slave, len(calls)))
        server.start()
        for call in calls:
            call()
        server.join()
        for context in (master, slave):
            library.modbus_close(context)
            library.modbus_free(context)
    return record.frames
