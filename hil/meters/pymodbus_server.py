"""Meters served by pymodbus's own server: serial behind a hub port, RTU over TCP, or Modbus TCP.

pymodbus parses the queries and builds the replies; an action (its supported hook on a device)
brings the registers up to date before each read.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hil.meters.config import MetersConfig, Serial
from hil.meters.frames import Codec
from hil.meters.front import Inner
from hil.meters.links import InnerPort, InnerSocket
from hil.meters.process import main
from hil.meters.registers import Registers

_START_S_MAX = 10.0


def device(unit_id: int, registers: Registers) -> SimDevice:
    """A device whose input and holding registers are computed when they are read."""

    async def refresh(
        fc: int,
        _start: int,
        _address: int,
        _count: int,
        current: list[int],
        _written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        words = registers.words(unit_id, fc)
        current[: len(words)] = words
        return None

    no_bits = [SimData(0, values=False, datatype=DataType.BITS)]
    tables = (
        list(no_bits),
        list(no_bits),
        _table(unit_id, 3, registers),
        _table(unit_id, 4, registers),
    )
    return SimDevice(unit_id, simdata=tables, action=refresh)


def _table(unit_id: int, fc: int, registers: Registers) -> list[SimData]:
    first, count = registers.span(unit_id, fc)
    if not count:
        return [SimData(0, datatype=DataType.INVALID)]
    return [SimData(first, count=count, datatype=DataType.REGISTERS, readonly=True)]


class ServerThread(threading.Thread):
    """One pymodbus server with its own event loop, up when the constructor returns."""

    def __init__(self, config: MetersConfig, devices: list[SimDevice], port: str) -> None:
        super().__init__(daemon=True)
        self._config = config
        self._devices = devices
        self._port = port
        self._up = threading.Event()
        self.address = ("", 0)
        self.start()
        if not self._up.wait(_START_S_MAX):
            raise RuntimeError(f"pymodbus server: not up: need < {_START_S_MAX} s; not started")

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        line = self._config.line
        server: ModbusSerialServer | ModbusTcpServer
        if isinstance(line, Serial):
            server = ModbusSerialServer(self._devices, port=self._port, baudrate=line.baudrate)
        else:
            framer = FramerType.RTU if line.framing == "rtu" else FramerType.SOCKET
            server = ModbusTcpServer(self._devices, framer=framer, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        if isinstance(server.transport, asyncio.Server):
            self.address = server.transport.sockets[0].getsockname()
        self._up.set()
        await server.serving


def serve(config: MetersConfig, registers: Registers, codec: Codec) -> Mapping[int, Inner]:
    """All units in one server, as on a gateway."""
    devices = [device(unit_id, registers) for unit_id in registers.unit_ids]
    inner: Inner
    if isinstance(config.line, Serial):
        inner = InnerPort(codec)
        ServerThread(config, devices, inner.path)
    else:
        inner = InnerSocket(ServerThread(config, devices, "").address, codec)
    return dict.fromkeys(registers.unit_ids, inner)


if __name__ == "__main__":
    main(serve)
