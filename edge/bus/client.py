"""The one adapter over pymodbus: reads of registers on one line, with what pymodbus does not guard.

Keeps the silence between frames, checks the lease right before each write, returns only a reply to
its own request, and after a time-out stays silent until no late reply can come. It never retries.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from msgspec import Struct
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from edge.bus.clock import boottime_ns
from edge.bus.faults import jammed_problem, lost_problem, meter_problem, opening_problem
from edge.bus.guard import Guard, MbapGuard, RtuGuard
from edge.bus.lease import BusPage, Count
from edge.bus.port import SerialTransport, open_port
from edge.bus.timing import BABBLE_NS_MAX, character_ns, exchange_ns, reply_bytes, silence_ns
from edge.core.metering.registers import Request
from edge.model.bus import BusPlan, LineKind, PolledMeter
from edge.model.problem import Problem
from edge.model.scan import MeterFault
from edge.model.units import NS_PER_MS, NS_PER_S

# asyncio rounds a wait up to whole milliseconds, a third of a silence at 9600 bit/s. The worker has
# nothing else to do in that time, so the last part of a wait blocks; longer ones let late bytes in.
BLOCK_NS_MAX: Final = 5 * NS_PER_MS
# Room for an echo, a noise burst and the longest reply; pymodbus drops all beyond its own 264.
RECEIVE_BYTES_MAX: Final = 2048
# pymodbus closes a TCP connection after some silent units in a row; whether to is ours to decide.
SILENT_REQUESTS_MAX: Final = 1 << 62


class Reply(Struct, frozen=True):
    """Registers in the order of their addresses, or a fault with its text.

    `end_mono_ns` is when the last byte came, or when waiting ended.
    """

    end_mono_ns: int
    words: tuple[int, ...] = ()
    fault: MeterFault | None = None
    problem: Problem | None = None


class LeaseEndedError(Exception):
    """Nothing was written, because the lease to write had ended."""


class PortLostError(Exception):
    """The port is no more; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class LineClient:
    """One line. Use `open`, then one `read` at a time; after PortLostError, `open` again."""

    def __init__(self, plan: BusPlan, page: BusPage) -> None:
        self._plan = plan
        self._page = page
        self._guard: Guard = MbapGuard() if plan.kind is LineKind.TCP else RtuGuard()
        self._silence_ns = silence_ns(plan)
        self._client: AsyncModbusSerialClient | AsyncModbusTcpClient | None = None
        self._serial: SerialTransport | None = None
        self._fault: Exception = TimeoutError()
        self._pending = False
        self._received = b""
        self._late = False
        self._last_byte_mono_ns = 0
        self._quiet_until_mono_ns = 0
        self.warnings: list[Problem] = []

    @property
    def is_open(self) -> bool:
        """Whether the port is open, as far as is known."""
        return self._client is not None and self._client.connected

    async def open(self) -> Problem | None:
        """Open the port by its path, whatever device that is now; the problem if it fails."""
        self.close()
        self._fault = TimeoutError()  # what remains if pymodbus gives up waiting
        client = self._build()
        context = client.ctx
        context.low_level_send = self._send
        context.max_buffer_size = RECEIVE_BYTES_MAX
        client.set_max_no_responses(SILENT_REQUESTS_MAX)
        create = self._create_serial if self._plan.kind is LineKind.RTU else context.call_create

        async def create_or_note() -> object:
            # pymodbus tells only that it failed, and lets termios.error and ValueError through.
            try:
                return await create()
            except Exception as fault:
                self._fault = fault
                raise OSError(str(fault)) from fault

        context.call_create = create_or_note
        self._client = client
        if await client.connect():
            self._page.add(Count.OPENINGS)
            self._quiet_until_mono_ns = boottime_ns() + self._silence_ns
            return None
        self.close()
        return opening_problem(self._plan, self._fault)

    def close(self) -> None:
        """Close the port, if it is open."""
        client, self._client, self._serial = self._client, None, None
        self._pending = False
        if client is not None:
            client.close()

    async def read(self, meter: PolledMeter, request: Request) -> Reply:
        """One request and its reply. Raises LeaseEndedError, PortLostError; else see Reply."""
        client = self._client
        if client is None or not client.connected:
            raise self._port_lost()
        if not await self._wait_silence():
            return Reply(boottime_ns(), (), MeterFault.BUS, jammed_problem(self._plan))
        self._received = b""
        timeout_ns = self._plan.timeout_ms * NS_PER_MS + exchange_ns(self._plan, request.count)
        client.ctx.comm_params.timeout_connect = timeout_ns / NS_PER_S
        read = (
            client.read_input_registers
            if request.function_code == 4
            else client.read_holding_registers
        )
        try:
            pdu = await read(request.address, count=request.count, device_id=meter.unit_id)
        except ModbusException:
            return self._missed(meter, request)
        finally:
            self._pending = False
        return self._answered(meter, pdu)

    def _build(self) -> AsyncModbusSerialClient | AsyncModbusTcpClient:
        plan = self._plan
        timeout_s = plan.timeout_ms / 1000
        if plan.kind is LineKind.RTU:
            return AsyncModbusSerialClient(
                plan.port,
                framer=FramerType.RTU,
                reconnect_delay=0,
                retries=0,
                timeout=timeout_s,
                trace_packet=self._trace_packet,
                trace_connect=self._trace_connect,
            )
        return AsyncModbusTcpClient(
            plan.host,
            port=plan.tcp_port,
            framer=FramerType.SOCKET if plan.kind is LineKind.TCP else FramerType.RTU,
            reconnect_delay=0,
            retries=0,
            timeout=timeout_s,
            trace_packet=self._trace_packet,
            trace_connect=self._trace_connect,
        )

    async def _create_serial(self) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        assert self._client is not None
        port, self.warnings = open_port(self._plan)
        protocol = self._client.ctx
        self._serial = SerialTransport(asyncio.get_running_loop(), protocol, port)
        return self._serial, protocol

    async def _wait_silence(self) -> bool:
        """Wait until a frame may begin; False if the line is never silent.

        Bytes that come meanwhile belong to nobody: they are dropped and the silence begins anew.
        """
        jammed_mono_ns = max(boottime_ns(), self._quiet_until_mono_ns) + BABBLE_NS_MAX
        while (now_mono_ns := boottime_ns()) < jammed_mono_ns:
            quiet_mono_ns = max(
                self._quiet_until_mono_ns, self._last_byte_mono_ns + self._silence_ns
            )
            wait_ns = quiet_mono_ns - now_mono_ns
            if wait_ns > BLOCK_NS_MAX:
                await asyncio.sleep((wait_ns - BLOCK_NS_MAX) / NS_PER_S)
            elif wait_ns > 0:
                time.sleep(wait_ns / NS_PER_S)  # noqa: ASYNC251 (see BLOCK_NS_MAX)
            elif self._serial is None or not self._serial.drain():
                return True
        return False

    def _send(self, frame: bytes, addr: object = None) -> None:  # noqa: ARG002 (pymodbus's shape)
        """Write a frame, or nothing. Between the check of the lease and the system call is no more
        than what it takes to call it."""
        assert self._client is not None
        transport = self._client.ctx.transport
        self._guard.expect(frame)
        self._pending = True
        now_mono_ns = boottime_ns()
        if self._page.lease_until_mono_ns <= now_mono_ns:
            self._page.add(Count.WITHHELD)
            raise LeaseEndedError
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(frame)
            self._page.add(Count.REQUESTS)
            if transport.get_write_buffer_size():  # it would go out later, perhaps without a lease
                transport.abort()
                raise self._port_lost()
        if not self.is_open:
            raise self._port_lost()

    def _trace_packet(self, sending: bool, data: bytes) -> bytes:
        """pymodbus shows here what it has received since the request; only the reply goes on."""
        if sending:
            return data
        self._last_byte_mono_ns = boottime_ns()
        self._page.heard_mono_ns = self._last_byte_mono_ns
        if not self._pending:
            if not self._late:
                self._late = True
                self._page.add(Count.STALE_DROPPED)
            return b""
        self._received = data
        reply = self._guard.find(data)
        if reply:
            self._pending = False
        return reply

    def _trace_connect(self, connected: bool) -> None:
        """A request under way when the port is lost need not wait for its time-out."""
        if connected or not self._pending or self._client is None:
            return
        waiting = self._client.ctx.response_future
        if not waiting.done():
            waiting.set_exception(ConnectionException("port lost"))

    def _port_lost(self) -> PortLostError:
        fault = self._serial.fault if self._serial is not None else None
        return PortLostError(lost_problem(self._plan, fault))

    def _answered(self, meter: PolledMeter, pdu: ModbusPDU) -> Reply:
        """A sound reply: registers, or the meter's refusal."""
        self._late = False
        self._page.add(Count.REPLIES)
        self._count_surroundings(reply_bytes(len(pdu.registers)) if not pdu.isError() else 5)
        end_mono_ns = self._last_byte_mono_ns
        if not pdu.isError():
            return Reply(end_mono_ns, tuple(pdu.registers))
        self._page.add(Count.EXCEPTIONS)
        problem = meter_problem(
            self._plan,
            meter,
            what="meter refuses the request",
            got=f"exception {pdu.exception_code}",
            next_step="check the register map against the meter's manual",
        )
        return Reply(end_mono_ns, (), MeterFault.EXCEPTION, problem)

    def _count_surroundings(self, length: int) -> None:
        """Count what was skipped around a reply of `length` bytes."""
        if self._plan.kind is LineKind.TCP:
            return
        if self._plan.echo and self._guard.echo_is_garbled(self._received):
            self._page.add(Count.COLLISIONS)
        if len(self._guard.without_echo(self._received)) > length:
            self._page.add(Count.NOISE_SKIPPED)

    def _missed(self, meter: PolledMeter, request: Request) -> Reply:
        """No reply: the line stays silent for the meter's longest latency. Says what was heard."""
        now_mono_ns = boottime_ns()
        if not self.is_open:
            raise self._port_lost()
        self._late = False
        if self._plan.kind is not LineKind.TCP:
            reply_ns = reply_bytes(request.count) * character_ns(self._plan)
            quiet_ns = meter.response_ms_max * NS_PER_MS + reply_ns
            self._quiet_until_mono_ns = now_mono_ns + quiet_ns
        if self._plan.echo and self._guard.echo_is_garbled(self._received):
            self._page.add(Count.COLLISIONS)
        why = self._guard.explain(self._received)
        self._page.add(Count.BAD_REPLIES if why else Count.TIMEOUTS)
        problem = meter_problem(
            self._plan,
            meter,
            what=f"no valid reply for register {request.address}",
            got=why or f"nothing in {self._plan.timeout_ms} ms",
            next_step="check wiring A/B, termination, unit id, baud rate and parity",
        )
        fault = MeterFault.BAD_REPLY if why else MeterFault.NO_REPLY
        return Reply(now_mono_ns, (), fault, problem)
