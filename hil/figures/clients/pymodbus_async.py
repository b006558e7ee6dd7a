"""pymodbus, the client of asyncio, without the guards that a worker needs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

from hil.figures.clients import loop


async def main() -> None:
    job = loop.read_job()
    client = AsyncModbusSerialClient(
        job.port,
        baudrate=job.baudrate,
        parity="N",
        stopbits=2,
        timeout=loop.TIMEOUT_S,
        retries=0,
    )
    if not await client.connect():
        raise OSError(f"pymodbus: can not open {job.port}")

    async def read(unit_id: int) -> Sequence[int] | None:
        try:
            reply = await client.read_input_registers(
                loop.ADDRESS, count=loop.COUNT, device_id=unit_id
            )
        except ModbusException:
            return None
        return None if reply.isError() else reply.registers

    await loop.run_async(job, read)
    client.close()


if __name__ == "__main__":
    asyncio.run(main())
