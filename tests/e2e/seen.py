"""The journal of a bench, searched while it grows."""

from __future__ import annotations

from hil.bench import Bench
from hil.events import Event


class Seen:
    """All entries so far, and waiting for the next that fits."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.events: list[Event] = []

    def wait(self, kind: str, subject: str, **facts: object) -> Event:
        """The first entry with these facts."""

        def look() -> Event | None:
            self.events += self._bench.events.fresh()
            for event in self.events:
                named = (event.kind, event.subject) == (kind, subject)
                if named and facts.items() <= event.facts.items():
                    return event
            return None

        return self._bench.wait(f"{kind} {subject} {facts}", look)

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]
