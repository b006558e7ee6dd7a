"""What happened and why, as values. Texts for people are made from these, never the other way
round.
"""

from __future__ import annotations

import enum

from msgspec import Struct

Fact = int | float | str | bool | None


class Severity(enum.StrEnum):
    """INFO is a record; WARNING needs a look today; ALARM sounds the severe-fault output."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


class EventKind(enum.StrEnum):
    """Every kind of entry in the journal; `subject` says what it is about."""

    STARTED = "started"
    STOPPED = "stopped"
    RELAY = "relay"
    STAGE = "stage"
    INTERVAL_CLOSED = "interval_closed"
    SLOT_CLOSED = "slot_closed"
    SOURCE = "source"
    METER = "meter"
    BUS = "bus"
    CROSS_CHECK = "cross_check"
    COUNTER = "counter"
    LOAD = "load"
    OVERRIDE = "override"
    LIMIT = "limit"
    PLAN = "plan"
    CLOCK = "clock"
    SYNC = "sync"
    ACKNOWLEDGED = "acknowledged"
    OUTPUT = "output"
    AUDIT = "audit"
    HEALTH = "health"
    TWIN = "twin"
    HEAL = "heal"


class Event(Struct, frozen=True, array_like=True):
    """One entry of the journal. `facts` hold the numbers that explain it, with units in their
    names.

    An alarm or warning condition that ends gives an INFO event with the same kind, subject and
    ``facts["cleared"] is True``.
    """

    mono_ns: int
    utc_ns: int
    kind: EventKind
    subject: str
    severity: Severity = Severity.INFO
    facts: dict[str, Fact] = {}
