"""Meters served by libmodbus, a C library that is not ours, through ctypes (Debian: libmodbus5).

libmodbus parses the queries and builds the replies (modbus_receive, modbus_reply); its mapping is
brought up to date before each reply. A context answers for one unit, so every unit has its own.
"""

from __future__ import annotations

import ctypes
import errno
import threading
from collections.abc import Mapping

from hil.meters.config import MetersConfig, Serial
from hil.meters.frames import Codec
from hil.meters.front import Inner
from hil.meters.links import InnerPort
from hil.meters.process import main
from hil.meters.registers import Registers

LIBRARY = "libmodbus.so.5"
_ADU_BYTES_MAX = 260  # MODBUS_MAX_ADU_LENGTH
_REFUSAL_PAUSE_US = 1000  # libmodbus sleeps one response timeout before it refuses; 0.5 s at first


class Mapping16(ctypes.Structure):
    """modbus_mapping_t of libmodbus 3.1."""

    _fields_ = [
        *[
            (name, ctypes.c_int)
            for name in (
                "nb_bits",
                "start_bits",
                "nb_input_bits",
                "start_input_bits",
                "nb_input_registers",
                "start_input_registers",
                "nb_registers",
                "start_registers",
            )
        ],
        ("tab_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_registers", ctypes.POINTER(ctypes.c_uint16)),
        ("tab_registers", ctypes.POINTER(ctypes.c_uint16)),
    ]


def load() -> ctypes.CDLL:
    """The library with its signatures. Raises OSError where it is not installed."""
    library = ctypes.CDLL(LIBRARY, use_errno=True)
    library.modbus_new_rtu.restype = ctypes.c_void_p
    library.modbus_new_rtu.argtypes = [
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char,
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.modbus_mapping_new_start_address.restype = ctypes.POINTER(Mapping16)
    library.modbus_mapping_new_start_address.argtypes = [ctypes.c_uint] * 8
    library.modbus_set_slave.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.modbus_set_response_timeout.argtypes = [ctypes.c_void_p, *[ctypes.c_uint32] * 2]
    library.modbus_connect.argtypes = [ctypes.c_void_p]
    library.modbus_receive.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.modbus_reply.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.POINTER(Mapping16),
    ]
    return library


class Context:
    """One libmodbus RTU server for one unit on one port."""

    def __init__(
        self, library: ctypes.CDLL, unit_id: int, registers: Registers, port: str, baudrate: int
    ) -> None:
        self._library = library
        self._unit_id = unit_id
        self._registers = registers
        holding, inputs = registers.span(unit_id, 3), registers.span(unit_id, 4)
        self._mapping = library.modbus_mapping_new_start_address(0, 0, 0, 0, *holding, *inputs)
        self._context = library.modbus_new_rtu(port.encode(), baudrate, b"N", 8, 1)
        library.modbus_set_slave(self._context, unit_id)
        library.modbus_set_response_timeout(self._context, 0, _REFUSAL_PAUSE_US)
        if not self._mapping or library.modbus_connect(self._context) < 0:
            raise OSError(ctypes.get_errno(), f"libmodbus unit {unit_id}: can not open {port}")

    def serve(self) -> None:
        """Answer queries until the port goes away."""
        query = ctypes.create_string_buffer(_ADU_BYTES_MAX)
        while True:
            length = self._library.modbus_receive(self._context, query)
            if length > 0:
                self._refresh()
                self._library.modbus_reply(self._context, query, length, self._mapping)
            elif length < 0 and ctypes.get_errno() in (errno.EIO, errno.EBADF):
                return

    def _refresh(self) -> None:
        mapping = self._mapping.contents
        for fc, table in ((3, mapping.tab_registers), (4, mapping.tab_input_registers)):
            for index, word in enumerate(self._registers.words(self._unit_id, fc)):
                table[index] = word


def serve(config: MetersConfig, registers: Registers, codec: Codec) -> Mapping[int, Inner]:
    """A context and a thread for each unit."""
    if not isinstance(config.line, Serial):
        raise TypeError("line: got tcp, need serial; not started; use hil.meters.pymodbus_server")
    library = load()
    inners: dict[int, Inner] = {}
    for unit_id in registers.unit_ids:
        inner = InnerPort(codec)
        context = Context(library, unit_id, registers, inner.path, config.line.baudrate)
        threading.Thread(target=context.serve, daemon=True).start()
        inners[unit_id] = inner
    return inners


if __name__ == "__main__":
    main(serve)
