"""libmodbus, the C library, through ctypes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from hil.figures.clients import loop
from hil.meters.libmodbus_server import load


def main() -> None:
    job = loop.read_job()
    library = load()
    library.modbus_read_input_registers.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_uint16),
    ]
    library.modbus_flush.argtypes = [ctypes.c_void_p]
    context = library.modbus_new_rtu(job.port.encode(), job.baudrate, b"N", 8, 2)
    library.modbus_set_response_timeout(context, 0, round(loop.TIMEOUT_S * 1e6))
    if library.modbus_connect(context) < 0:
        raise OSError(ctypes.get_errno(), f"libmodbus: can not open {job.port}")
    words = (ctypes.c_uint16 * loop.COUNT)()

    def read(unit_id: int) -> Sequence[int] | None:
        library.modbus_set_slave(context, unit_id)
        got = library.modbus_read_input_registers(context, loop.ADDRESS, loop.COUNT, words)
        if got != loop.COUNT:
            library.modbus_flush(context)
            return None
        return tuple(words)

    loop.run(job, read)


if __name__ == "__main__":
    main()
