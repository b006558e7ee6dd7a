"""pymodbus's client for a line, with the settings that keep it from deciding anything itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.framer import FramerType

from edge.model.bus import BusPlan, LineKind

# Room for an echo, a noise burst and the longest reply; pymodbus drops all beyond its own 264.
RECEIVE_BYTES_MAX: Final = 2048
# pymodbus closes a TCP connection after some silent units in a row; whether to is ours to decide.
SILENT_REQUESTS_MAX: Final = 1 << 62

Client = AsyncModbusSerialClient | AsyncModbusTcpClient


def build_client(
    plan: BusPlan,
    trace_packet: Callable[[bool, bytes], bytes],
    trace_connect: Callable[[bool], None],
) -> Client:
    """A client that is not connected yet; it neither retries nor reconnects."""
    client = _build(plan, trace_packet, trace_connect)
    client.ctx.max_buffer_size = RECEIVE_BYTES_MAX
    client.set_max_no_responses(SILENT_REQUESTS_MAX)
    return client


def _build(
    plan: BusPlan,
    trace_packet: Callable[[bool, bytes], bytes],
    trace_connect: Callable[[bool], None],
) -> Client:
    timeout_s = plan.timeout_ms / 1000
    if plan.kind is LineKind.RTU:
        return AsyncModbusSerialClient(
            plan.port,
            framer=FramerType.RTU,
            reconnect_delay=0,
            retries=0,
            timeout=timeout_s,
            trace_packet=trace_packet,
            trace_connect=trace_connect,
        )
    return AsyncModbusTcpClient(
        plan.host,
        port=plan.tcp_port,
        framer=FramerType.SOCKET if plan.kind is LineKind.TCP else FramerType.RTU,
        reconnect_delay=0,
        retries=0,
        timeout=timeout_s,
        trace_packet=trace_packet,
        trace_connect=trace_connect,
    )
