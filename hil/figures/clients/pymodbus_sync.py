"""pymodbus, the synchronous client."""

from __future__ import annotations

from collections.abc import Sequence

from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusException

from hil.figures.clients import loop


def main() -> None:
    job = loop.read_job()
    client = ModbusSerialClient(
        job.port,
        baudrate=job.baudrate,
        parity="N",
        stopbits=2,
        timeout=loop.TIMEOUT_S,
        retries=0,
    )
    if not client.connect():
        raise OSError(f"pymodbus: can not open {job.port}")

    def read(unit_id: int) -> Sequence[int] | None:
        try:
            reply = client.read_input_registers(loop.ADDRESS, count=loop.COUNT, device_id=unit_id)
        except ModbusException:
            return None
        return None if reply.isError() else reply.registers

    loop.run(job, read)


if __name__ == "__main__":
    main()
