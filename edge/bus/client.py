"""The one adapter over pymodbus: reads of registers on one line, with what pymodbus does not guard.

Keeps the silence between frames, writes through the gate only, returns only a reply to its own
request, and stays silent while a late reply, or one to another master, can come. It never retries.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from edge.bus.clock import boottime_ns
from edge.bus.connect import Client, build_client
from edge.bus.faults import jammed_problem, lost_problem, meter_problem, opening_problem
from edge.bus.gate import WriteGate
from edge.bus.guard import Guard, MbapGuard, RtuGuard
from edge.bus.lease import BusPage, Count
from edge.bus.listener import Listener
from edge.bus.port import SerialTransport, open_port
from edge.bus.reply import PortLostError, Reply
from edge.core.line_timing import (
    BABBLE_NS_MAX,
    REQUEST_BYTES,
    character_ns,
    exchange_ns,
    occupied_ns,
    reply_bytes,
    silence_ns,
)
from edge.core.metering.registers import Request
from edge.model.bus import BusPlan, LineKind, PolledMeter
from edge.model.problem import Problem
from edge.model.scan import MeterFault
from edge.model.units import NS_PER_MS, NS_PER_S

# asyncio rounds a wait up to whole milliseconds, a third of a silence at 9600 bit/s. The worker has
# nothing else to do in that time, so the last part of a wait blocks; longer ones let late bytes in.
BLOCK_NS_MAX: Final = 5 * NS_PER_MS


class LineClient:
    """One line. Use `open`, then one `read` at a time; after PortLostError, `open` again.

    `listener` hears all that a serial port receives, and what is asked.
    """

    def __init__(self, plan: BusPlan, page: BusPage, listener: Listener | None = None) -> None:
        self._plan = plan
        self._page = page
        self._listener = listener
        self._gate = WriteGate(page, boottime_ns)
        self._guard: Guard = MbapGuard() if plan.kind is LineKind.TCP else RtuGuard()
        self._silence_ns = silence_ns(plan)
        self._client: Client | None = None
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

    @property
    def loss(self) -> Problem | None:
        """Why a serial port is no more; a connection that its server ends is no fault."""
        fault = self._serial.fault if self._serial is not None else None
        return None if fault is None else lost_problem(self._plan, fault)

    async def open(self) -> Problem | None:
        """Open the port by its path, whatever device that is now; the problem if it fails."""
        self.close()
        self._fault = TimeoutError()  # what remains if pymodbus gives up waiting
        client = build_client(self._plan, self._trace_packet, self._trace_connect)
        context = client.ctx
        context.low_level_send = self._send
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

    def discard_unsent(self) -> None:
        """Nothing that was written may still come on to the line."""
        if self._serial is not None:
            self._serial.discard_unsent()

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

    async def _create_serial(self) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        assert self._client is not None
        port, self.warnings = open_port(self._plan)
        protocol = self._client.ctx
        overhear = self._overhear if self._listener is not None else None
        self._serial = SerialTransport(asyncio.get_running_loop(), protocol, port, overhear)
        return self._serial, protocol

    async def _wait_silence(self) -> bool:
        """Wait until a frame may begin; False if the line is never silent.

        Bytes that come meanwhile belong to nobody: they are dropped and the silence begins anew.
        """
        jammed_mono_ns = max(boottime_ns(), self._quiet_mono_ns()) + BABBLE_NS_MAX
        while (now_mono_ns := boottime_ns()) < jammed_mono_ns:
            wait_ns = self._quiet_mono_ns() - now_mono_ns
            if wait_ns > BLOCK_NS_MAX:
                await asyncio.sleep((wait_ns - BLOCK_NS_MAX) / NS_PER_S)
            elif wait_ns > 0:
                time.sleep(wait_ns / NS_PER_S)  # noqa: ASYNC251 (see BLOCK_NS_MAX)
            elif self._serial is None or not self._serial.drain():
                return True
        return False

    def _quiet_mono_ns(self) -> int:
        """From when a frame may begin, as far as is known now."""
        last_mono_ns = self._last_byte_mono_ns
        if self._listener is not None:
            last_mono_ns = max(last_mono_ns, self._listener.answer_until_mono_ns)
        return max(self._quiet_until_mono_ns, last_mono_ns + self._silence_ns)

    def _send(self, frame: bytes, addr: object = None) -> None:  # noqa: ARG002 (pymodbus's shape)
        """Write a frame, or nothing."""
        self._guard.expect(frame)
        self._pending = True
        self._gate.write(frame, self._put)
        if self._listener is not None:
            self._listener.asked(frame, self._gate.asked_mono_ns)
        if not self.is_open:
            raise self._port_lost()

    def _put(self, frame: bytes) -> None:
        assert self._client is not None
        transport = self._client.ctx.transport
        if not isinstance(transport, asyncio.WriteTransport):
            raise self._port_lost()
        transport.write(frame)
        if transport.get_write_buffer_size():  # it would go out later, perhaps without a lease
            transport.abort()
            raise self._port_lost()

    def _overhear(self, received: bytes) -> bool:
        """All that a shared line says goes to the listener; pymodbus gets what may be a reply."""
        assert self._listener is not None
        now_mono_ns = boottime_ns()
        self._last_byte_mono_ns = self._page.heard_mono_ns = now_mono_ns
        self._listener.hear(received, now_mono_ns)
        return self._pending or self._page.lease_until_mono_ns > now_mono_ns

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
        return PortLostError(self.loss or lost_problem(self._plan, None))

    def _answered(self, meter: PolledMeter, pdu: ModbusPDU) -> Reply:
        """A sound reply: registers, or the meter's refusal."""
        self._late = False
        self._page.add(Count.REPLIES)
        self._count_surroundings(reply_bytes(len(pdu.registers)) if not pdu.isError() else 5)
        end_mono_ns = self._page.proof_mono_ns = self._last_byte_mono_ns
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

    def _no_answer_mono_ns(self, meter: PolledMeter, request: Request, now_mono_ns: int) -> int:
        """When no late reply can come any more. Through a serial server nobody knows when the
        request was on the line, so there the meter's latency counts from the time-out.
        """
        if self._plan.kind is LineKind.TCP:
            return 0
        if self._plan.kind is LineKind.RTU_OVER_TCP:
            return now_mono_ns + meter.response_ms_max * NS_PER_MS
        asked_until_mono_ns = self._gate.asked_mono_ns + REQUEST_BYTES * character_ns(self._plan)
        return asked_until_mono_ns + occupied_ns(self._plan, meter, request.count)

    def _missed(self, meter: PolledMeter, request: Request) -> Reply:
        """No reply: the line stays silent for the meter's longest latency. Says what was heard."""
        now_mono_ns = boottime_ns()
        if not self.is_open:
            raise self._port_lost()
        self._late = False
        self._quiet_until_mono_ns = self._no_answer_mono_ns(meter, request, now_mono_ns)
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
