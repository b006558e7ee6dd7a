"""Changes of the duty in a demo of the pair: what was done, and what a witness outside both saw.

Pure over the witness's logs and the controllers' journals. A load that moves because a controller
decided so, with its reason in the journal, was not moved by the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from hil.events import Event
from hil.observer import Move
from hil.witness import Witness
from hil.works import LOADS

Deed = Literal["kill", "power", "handover"]

_NS_PER_S: Final = 1_000_000_000
# What the pair promises, from the last query of the one to the first of the other.
ALLOWED_MS: Final[dict[Deed, int]] = {"kill": 500, "power": 3150, "handover": 200}
TEXTS: Final[dict[Deed, str]] = {
    "kill": "kill -9",
    "power": "power cut",
    "handover": "handover",
}
_AFTER_NS: Final = _NS_PER_S  # a late move, or a query of the old one
_DECIDED_NS: Final = _NS_PER_S // 2


class Change(msgspec.Struct, frozen=True):
    """Done at `at_ns`, while `old` was on duty and `new` ready to take over."""

    deed: Deed
    at_s: float
    at_ns: int
    old: str
    new: str


class Seen(msgspec.Struct, frozen=True):
    """`gap_ms` None: nobody has taken over. `moved` are loads; `unpowered` those whose contacts in
    series need both gateways' coils, so that a power cut sheds them by their wiring.
    """

    change: Change
    gap_ms: float | None
    over_ns: int
    moved: list[str]
    unpowered: list[str]
    collisions_count: int

    @property
    def is_good(self) -> bool:
        allowed_ms = ALLOWED_MS[self.change.deed]
        in_time = self.gap_ms is not None and self.gap_ms <= allowed_ms
        return in_time and not self.moved and not self.collisions_count

    @property
    def text(self) -> str:
        change = self.change
        gap = "NOT TAKEN OVER" if self.gap_ms is None else f"{self.gap_ms:.0f}"
        return (
            f"{TEXTS[change.deed]}: {change.old} → {change.new}"
            f" {gap} of {ALLOWED_MS[change.deed]} ms, moved {len(self.moved)},"
            f" collisions {self.collisions_count}"
        )


def judge(witness: Witness, events: Sequence[Event], change: Change) -> Seen:
    """`events`: the journals of both. `over_ns`: from then on nothing of it is to be expected."""
    first = witness.first_of(change.new, change.at_ns)
    last = witness.last_of(change.old, first.start_ns) if first is not None else None
    gap_ms = (first.start_ns - last.end_ns) / 1e6 if first and last else None
    over_ns = (first.start_ns if first else change.at_ns) + _AFTER_NS
    moves = witness.load_moves(change.at_ns, over_ns)
    loads = {move.load for move in moves if not _is_decided(move, events)}
    unpowered = {load for load in loads if change.deed == "power" and LOADS[load].safe == "shed"}
    return Seen(
        change,
        gap_ms,
        over_ns,
        sorted(loads - unpowered),
        sorted(unpowered),
        len(witness.overlaps(change.at_ns)),
    )


def _is_decided(move: Move, events: Sequence[Event]) -> bool:
    return any(
        event.kind == "relay"
        and event.subject == move.load
        and event.facts["shed"] == move.shed
        and abs(event.mono_ns - move.t_ns) <= _DECIDED_NS
        for event in events
    )
