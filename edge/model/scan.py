"""What one scan takes in and what it gives out. Every ScanInputs is recorded, so a scan can be
replayed.

Times ending in `_mono_ns` are CLOCK_BOOTTIME and decide; `_utc_ns` only label.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from edge.model.event import Event
from edge.model.order import Order


class ClockTrust(enum.StrEnum):
    """How far the wall clock may be believed; see docs/decisions on time."""

    UNTRUSTED = "untrusted"
    RTC = "rtc"
    NTP = "ntp"
    HOLDOVER = "holdover"


class PulseSample(Struct, frozen=True, array_like=True, gc=False):
    """Pulses of one input since its line was requested; `epoch` changes when counting restarts."""

    name: str
    epoch: int
    count: int
    last_edge_mono_ns: int
    fault: bool = False


class MeterFault(enum.StrEnum):
    """Why a poll of one meter gave no usable values."""

    NO_REPLY = "no_reply"
    BAD_REPLY = "bad_reply"
    EXCEPTION = "exception"
    NOT_A_NUMBER = "not_a_number"
    BUS = "bus"


class MeterSample(Struct, frozen=True, array_like=True):
    """One poll of one meter, in primary-side units; a quantity the meter does not have is None.

    `mono_ns` is when the reply was complete. With `fault` set every quantity is None.
    `step_uwh` is the resolution of the energy registers at this value (float32 counters coarsen).
    """

    meter: str
    mono_ns: int
    power_w: float | None = None
    import_uwh: int | None = None
    export_uwh: int | None = None
    step_uwh: int = 1
    fault: MeterFault | None = None


class BusCondition(enum.StrEnum):
    """State of an RS-485 line or TCP segment as its worker reports it, or as its absence shows."""

    OK = "ok"
    NO_METER_ANSWERS = "no_meter_answers"
    PORT_LOST = "port_lost"
    WORKER_LOST = "worker_lost"


class BusSample(Struct, frozen=True, array_like=True, gc=False):
    """Condition of one line, given at each change and at the first scan."""

    bus: str
    condition: BusCondition


class FeedbackSample(Struct, frozen=True, array_like=True, gc=False):
    """Auxiliary contact of one load: True while the contactor is closed (power can flow)."""

    load: str
    closed: bool


class HealthSample(Struct, frozen=True, array_like=True, gc=False):
    """A condition of the gateway itself (disk, keeper, watchdog), given at each change.

    Empty `text`: it has gone. `severe` ones light the fault lamp.
    """

    name: str
    severe: bool
    text: str


class ScanInputs(Struct, frozen=True, array_like=True):
    """Everything the decisions may know in one scan, in the order in which it was read.

    `relay_faults` names outputs whose last write failed or whose line was lost.
    `eoi_mono_ns` are end-of-interval pulses seen since the last scan.
    """

    now_mono_ns: int
    now_utc_ns: int
    clock_trust: ClockTrust
    pulses: tuple[PulseSample, ...] = ()
    eoi_mono_ns: tuple[int, ...] = ()
    meters: tuple[MeterSample, ...] = ()
    buses: tuple[BusSample, ...] = ()
    feedbacks: tuple[FeedbackSample, ...] = ()
    orders: tuple[Order, ...] = ()
    relay_faults: tuple[str, ...] = ()
    health: tuple[HealthSample, ...] = ()


class AlarmOutputs(Struct, frozen=True, array_like=True, gc=False):
    """Levels of the alarm contacts; the buzzer sounds until acknowledged or the cause is gone."""

    caution: bool = False
    shed: bool = False
    fault: bool = False
    buzzer: bool = False


class RelayCommand(Struct, frozen=True, array_like=True, gc=False):
    """Wish for one load, after the interlock. `shed` True frees the load's power (or, for an absorb
    load, True switches it on): the contact's sense is the adapter's business."""

    load: str
    shed: bool


class ScanOutputs(Struct, frozen=True, array_like=True):
    """Relay commands in site-file order, the alarm contacts, and what happened, each with its
    reason.
    """

    relays: tuple[RelayCommand, ...]
    alarms: AlarmOutputs
    events: tuple[Event, ...]
