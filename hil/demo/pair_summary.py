"""What a demo of the pair amounts to: one account of energy out of two journals, and the changes.

The verdict is of figures only, as with one gateway, and of what the witness saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hil.demo.changes import Seen
from hil.demo.summary import Account
from hil.events import Event
from hil.witness import Witness


class PairSummary(Account, frozen=True, kw_only=True):
    """`left_acts` did not come about. `queries` by unit. `overlaps_count`: both on the line at
    once; `collisions_count`: queries spoiled by anything else.
    """

    changes: list[Seen]
    left_acts: list[str]
    queries: dict[str, int]
    overlaps_count: int
    collisions_count: int

    def failures(self) -> list[str]:
        found = Account.failures(self)
        found += [
            f"beyond what is allowed: {seen.text}" for seen in self.changes if not seen.is_good
        ]
        if not self.changes:
            found.append("the duty was never changed")
        if self.overlaps_count:
            found.append(f"both gateways on the line at once {self.overlaps_count} times")
        return found


def on_duty_events(events: Mapping[str, Sequence[Event]], witness: Witness) -> list[Event]:
    """Both journals as one: of an interval only the entry of who was on duty when it closed."""
    found: dict[int, tuple[bool, Event]] = {}
    for unit, entries in events.items():
        for event in entries:
            if event.kind != "interval_closed":
                continue
            last = witness.of(until_ns=event.mono_ns)[-1:]
            is_on_duty = [query.node for query in last] == [unit]
            end_utc_ns = event.facts["end_utc_ns"]
            if is_on_duty or end_utc_ns not in found:
                found[end_utc_ns] = is_on_duty, event
    return [event for _, event in found.values()]


def booked_uwh(closed: Sequence[Event], answer: dict[str, Any] | None) -> int | None:
    """Closed intervals and the open one: everything that the pair has counted."""
    if answer is None:
        return None
    limits = answer["status"]["limits"]
    open_kwh = next(limit["energy_kwh"] for limit in limits if limit["name"] == "demand")
    closed_uwh: int = sum(event.facts["energy_uwh"] for event in closed)
    return closed_uwh + int(open_kwh * 1e9 + 0.5)
