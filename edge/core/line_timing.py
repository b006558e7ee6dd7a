"""How long things take on a line: characters, silences, replies, a worker's longest step, and how
long a living worker may let the line rest. Pure.

Sources: "MODBUS over Serial Line" V1.02, 2.5.1.1 (t3.5; 1.75 ms above 19200 bit/s).
"""

from __future__ import annotations

from typing import Final

from edge.core.metering.registers import plan_requests
from edge.model.bus import BusPlan, LineKind, Parity, PolledMeter
from edge.model.units import NS_PER_MS, NS_PER_S

SILENCE_NS_MIN: Final = 1_750_000
REQUEST_BYTES: Final = 8
REPLY_BYTES_MAX: Final = 256
# A line that is never silent for so long past its due time is jammed: the request is given up.
BABBLE_NS_MAX: Final = 500 * NS_PER_MS
# Waits without a request (no lease, nothing due, port missing) are cut into such pieces.
WAIT_NS_MAX: Final = 100 * NS_PER_MS
# Where a twin listens, a line with nothing due is polled all the same after so long, so that its
# silence tells something.
KEEP_ALIVE_NS: Final = 200 * NS_PER_MS
# Scheduling, the opening of a port and a busy machine, on top of what the line itself takes.
STALL_MARGIN_NS: Final = NS_PER_S


def character_ns(plan: BusPlan) -> int:
    """One character on a serial line, start, parity and stop bits included; 0 on a TCP kind."""
    if plan.kind is not LineKind.RTU:
        return 0
    bits = 1 + plan.bytesize + (plan.parity is not Parity.NONE) + plan.stopbits
    return bits * NS_PER_S // plan.baudrate


def silence_ns(plan: BusPlan) -> int:
    """Silence before a request: max(3.5 characters, 1.75 ms); none is needed on Modbus TCP."""
    if plan.kind is LineKind.TCP:
        return 0
    return max(7 * character_ns(plan) // 2, SILENCE_NS_MIN)


def reply_bytes(register_count: int) -> int:
    """Length of a good RTU reply: unit, function, byte count, registers, CRC."""
    return 5 + 2 * register_count


def exchange_ns(plan: BusPlan, register_count: int) -> int:
    """Time of the bits of a request and its reply, without turn-around."""
    return (REQUEST_BYTES + reply_bytes(register_count)) * character_ns(plan)


def occupied_ns(plan: BusPlan, meter: PolledMeter, register_count: int) -> int:
    """From the end of a request until no answer can come any more, on a serial line: the longest
    latency of the meter or our patience, and the bits of the reply.
    """
    latency_ns = max(plan.timeout_ms, meter.response_ms_max) * NS_PER_MS
    return latency_ns + reply_bytes(register_count) * character_ns(plan)


def query_gap_ns(plan: BusPlan) -> int:
    """The longest time between two queries of a worker that lives, may write and has a line that
    works, meters that do not answer included; `plan.has_twin` is presumed. Not in it: lateness of
    the processor.
    """
    exchanges_ns = (
        REQUEST_BYTES * character_ns(plan) + occupied_ns(plan, meter, request.count)
        for meter in plan.meters
        for request in plan_requests(meter.map)
    )
    return max((KEEP_ALIVE_NS, *exchanges_ns)) + silence_ns(plan)


def stall_ns(plan: BusPlan) -> int:
    """A worker without a sign of life for so long has stalled: two longest steps and a margin."""
    longest_ms = max((meter.response_ms_max for meter in plan.meters), default=0)
    reply_ns = (REQUEST_BYTES + REPLY_BYTES_MAX) * character_ns(plan)
    step_ns = plan.timeout_ms * NS_PER_MS + longest_ms * NS_PER_MS + reply_ns + BABBLE_NS_MAX
    return 2 * step_ns + STALL_MARGIN_NS
