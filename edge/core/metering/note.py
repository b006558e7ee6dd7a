"""What a part of metering has to tell, before it is stamped with the scan's time as an event."""

from __future__ import annotations

from msgspec import Struct

from edge.model.event import EventKind, Fact, Severity


class Note(Struct, frozen=True):
    """An event without its instant; see `edge.model.event.Event`."""

    kind: EventKind
    subject: str
    severity: Severity
    facts: dict[str, Fact]
