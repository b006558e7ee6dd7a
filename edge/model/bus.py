"""A meter line as its worker polls it: port, framing, and the meters on it. Made by edge.config.

Records here are complete and consistent; the worker checks none of it again. No I/O.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from edge.model.registers import RegisterMap


class LineKind(enum.StrEnum):
    """RTU: a serial port. RTU_OVER_TCP: RTU frames through a serial server. TCP: Modbus TCP."""

    RTU = "rtu"
    RTU_OVER_TCP = "rtu_over_tcp"
    TCP = "tcp"


class Parity(enum.StrEnum):
    """The letters are the serial port's own; Modbus RTU's default is EVEN."""

    NONE = "N"
    EVEN = "E"
    ODD = "O"


class PolledMeter(Struct, frozen=True):
    """One meter on a line. A raw value of a SECONDARY register is multiplied by
    `ratio_numerator` / `ratio_denominator` (CT x VT); a PRIMARY meter has 1/1.

    `unit_id` is 1 to 247. `response_ms_max` (> 0) is the longest time from the end of a request
    until the meter begins its answer: a line without an answer stays silent until then.
    """

    name: str
    unit_id: int
    map: RegisterMap
    ratio_numerator: int = 1
    ratio_denominator: int = 1
    response_ms_max: int = 500


class BusPlan(Struct, frozen=True):
    """One line and what is polled on it, as fast as it allows.

    RTU uses `port` (a device path) and the serial settings; the TCP kinds use `host` and `tcp_port`
    and ignore them. `echo`: the adapter hears its own transmission.
    `rs485_rts`: the kernel driver must switch the transmitter by RTS (TIOCSRS485).
    `timeout_ms` (> 0) runs from the end of a request to the end of its answer on a TCP kind; on a
    serial line the time of the bits themselves is added to it. The same meter is not polled again
    sooner than `poll_ms_min` after its last poll began (0: as fast as the line allows); 50 ms gives
    each scan of 100 ms a reading at most so old. `has_twin`: the site's other unit is on the same
    serial line; this one listens while it may not write, and leaves no long gap while it may.
    """

    name: str
    kind: LineKind
    meters: tuple[PolledMeter, ...]
    timeout_ms: int = 300
    poll_ms_min: int = 50
    port: str = ""
    baudrate: int = 19200
    bytesize: int = 8
    parity: Parity = Parity.EVEN
    stopbits: int = 1
    echo: bool = False
    rs485_rts: bool = False
    host: str = ""
    tcp_port: int = 502
    has_twin: bool = False
