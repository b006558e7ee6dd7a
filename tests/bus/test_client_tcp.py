"""Modbus TCP and RTU over TCP against pymodbus's own server on the loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.bus.client import LineClient
from edge.bus.gate import LeaseEndedError
from edge.bus.lease import BusPage, Count
from edge.bus.reply import PortLostError, Reply
from edge.core.metering.registers import Request
from edge.model.bus import LineKind, PolledMeter
from edge.model.scan import MeterFault
from tests.bus.line import POWER_MAP, plan_for

REQUEST = Request(3, 12, 2)
FRAMERS = {LineKind.TCP: FramerType.SOCKET, LineKind.RTU_OVER_TCP: FramerType.RTU}
KINDS = list(FRAMERS)


def against_server(
    kind: LineKind, page: BusPage, steps: Callable[[LineClient, ModbusTcpServer], Awaitable[None]]
) -> None:
    async def run() -> None:
        device = SimDevice(
            1, simdata=[SimData(12, values=[0x41FA, 0x177C], datatype=DataType.REGISTERS)]
        )
        server = ModbusTcpServer(device, framer=FRAMERS[kind], address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        port = server.transport.sockets[0].getsockname()[1]
        plan = plan_for("", kind=kind, host="127.0.0.1", tcp_port=port, timeout_ms=300)
        client = LineClient(plan, page)
        assert await client.open() is None
        try:
            await steps(client, server)
        finally:
            client.close()
            await server.shutdown()

    asyncio.run(run())


METER = PolledMeter("incomer", 1, POWER_MAP, response_ms_max=20)
OTHER = PolledMeter("other", 2, POWER_MAP, response_ms_max=20)


@pytest.mark.parametrize("kind", KINDS)
def test_read_through_tcp_gives_the_words(kind: LineKind, page: BusPage) -> None:
    got: list[Reply] = []

    async def steps(client: LineClient, _server: ModbusTcpServer) -> None:
        for _ in range(3):
            got.append(await client.read(METER, REQUEST))  # noqa: PERF401

    against_server(kind, page, steps)
    assert [(reply.words, reply.fault) for reply in got] == [((0x41FA, 0x177C), None)] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_read_through_tcp_of_a_missing_register_is_an_exception(
    kind: LineKind, page: BusPage
) -> None:
    got: list[Reply] = []

    async def steps(client: LineClient, _server: ModbusTcpServer) -> None:
        got.append(await client.read(METER, Request(3, 500, 2)))

    against_server(kind, page, steps)
    assert [reply.fault for reply in got] == [MeterFault.EXCEPTION]


@pytest.mark.parametrize("kind", KINDS)
def test_read_through_tcp_without_a_lease_writes_nothing(kind: LineKind, page: BusPage) -> None:
    async def steps(client: LineClient, _server: ModbusTcpServer) -> None:
        page.lease_until_mono_ns = 0
        with pytest.raises(LeaseEndedError):
            await client.read(METER, REQUEST)

    against_server(kind, page, steps)
    assert page.count(Count.REQUESTS) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_read_through_tcp_when_the_server_goes_is_a_lost_port(
    kind: LineKind, page: BusPage
) -> None:
    async def steps(client: LineClient, server: ModbusTcpServer) -> None:
        await client.read(METER, REQUEST)
        await server.shutdown()
        with pytest.raises(PortLostError):
            await client.read(METER, REQUEST)
        problem = await client.open()
        assert problem is not None
        assert problem.what == "nobody listens there"

    against_server(kind, page, steps)


def test_read_through_tcp_that_cannot_go_out_at_once_never_goes_out(page: BusPage) -> None:
    """A frame behind unsent bytes would leave later, perhaps without a lease: the line is cut."""

    async def run(server: socket.socket) -> None:
        port = server.getsockname()[1]
        plan = plan_for("", kind=LineKind.TCP, host="127.0.0.1", tcp_port=port)
        client = LineClient(plan, page)
        assert await client.open() is None
        assert client._client is not None
        client._client.ctx.transport.write(bytes(1 << 24))
        with pytest.raises(PortLostError):
            await client.read(METER, REQUEST)
        client.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(run(server))
