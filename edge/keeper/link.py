"""Words between the control process and the keeper, one message a packet of a SOCK_SEQPACKET pair.

The control process never waits for the keeper: what does not fit into the socket is dropped (scans)
or sent again (events, which are acknowledged once they are on the disk).
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from edge.adapters import child
from edge.model.checkpoint import Checkpoint
from edge.model.event import Event
from edge.model.healing import LineFacts
from edge.model.order import Order, TwinOrder
from edge.model.scan import HealthSample
from edge.model.status import Status
from edge.model.twin_status import TwinStatus

PACKET_BYTES_MAX = child.PACKET_BYTES_MAX
# Event records that either side holds while the disk takes none; the oldest go first, on both.
RECORDS_KEPT_MAX = 5000


class ScanRecord(Struct, frozen=True, array_like=True, tag="scan"):
    """One scan for the flight recorder: its encoded inputs, the CRC-32 of its encoded outputs."""

    number: int
    inputs: bytes
    outputs_crc: int


class StateRecord(Struct, frozen=True, array_like=True, tag="state"):
    """The state after the scans so far; becomes the checkpoint and begins recorder segments."""

    checkpoint: Checkpoint


class EventRecord(Struct, frozen=True, array_like=True, tag="events"):
    """Events numbered from `first` by this run of the control process (`writer`)."""

    writer: int
    first: int
    events: tuple[Event, ...]


class ScanHealth(Struct, frozen=True):
    """How the control process keeps its time; lateness in µs since the start."""

    scans: int
    overruns: int
    late_us_p50: float
    late_us_p99: float
    late_us_p999: float
    late_us_max: float
    realtime: bool
    memory_locked: bool
    watchdog: str


class StatusRecord(Struct, frozen=True, array_like=True, tag="status"):
    """The newest picture, for whoever asks at the desk."""

    status: Status
    health: ScanHealth
    twin: TwinStatus | None = None
    lines: tuple[LineFacts, ...] = ()


class Bye(Struct, frozen=True, array_like=True, tag="bye"):
    """The control process stops on purpose: finish the files and go."""


class Saved(Struct, frozen=True, array_like=True, tag="saved"):
    """Events up to `last` of `writer` are on the disk."""

    writer: int
    last: int


class OrderRecord(Struct, frozen=True, array_like=True, tag="order"):
    """An operator's order, already authenticated and audited."""

    order: Order | TwinOrder


class Condition(Struct, frozen=True, array_like=True, tag="condition"):
    """How the keeper fares: the disk, the recorder, the desk or the plan files. A new keeper says
    each once, also where all is well: what the one before it said ends with that.
    """

    sample: HealthSample


class Reopen(Struct, frozen=True, array_like=True, tag="reopen"):
    """The port of this line is to be opened anew."""

    line: str


class Alive(Struct, frozen=True, array_like=True, tag="alive"):
    """The keeper's loop turns."""


ToKeeper = ScanRecord | StateRecord | EventRecord | StatusRecord | Bye
ToControl = Saved | OrderRecord | Condition | Reopen | Alive

encode = msgspec.msgpack.Encoder().encode
decode_to_keeper = msgspec.msgpack.Decoder(ToKeeper).decode
decode_to_control = msgspec.msgpack.Decoder(ToControl).decode
