"""Everything the twin remembers from scan to scan. Instants are this unit's CLOCK_BOOTTIME."""

from __future__ import annotations

import enum

from msgspec import Struct

from edge.model.twin import Grade, Mirror, PeerBeat, Role, YieldReason


class Receiver(enum.StrEnum):
    """Whether this unit's ear on the bus works. UNKNOWN: there was nothing to compare yet."""

    UNKNOWN = "unknown"
    PROVEN = "proven"
    DEAF = "deaf"


class LineState(Struct):
    """One RTU line. `open_mono_ns`: since when it listens without a break, None: it does not.
    `unproven_mono_ns`: first query of this hold for which no proof has come since.
    """

    line: str
    open_mono_ns: int | None = None
    asked_mono_ns: int | None = None
    proof_mono_ns: int | None = None
    unproven_mono_ns: int | None = None


class TwinState(Struct):
    """`awake_mono_ns`: start, or end of the last pause: nothing before it counts as silence.
    `is_same_site`: the relays and the polls of the peer, as last heard, mean the same here.
    `driving_mono_ns`: the peer's last beat that did not exclude that it drives a line.
    `off_mono_ns`: since when the peer says that it is not on duty; `idle_mono_ns`: and that it has
    let the bus go.
    `hold_mono_ns`: since when the bus is held, None: it is not. `hold_from_mono_ns`: not before.
    `lost_mono_ns`: when the bus was given up for want of proof, None: nothing is known against it.
    `probe_mono_ns`: the end of the last try. `kept_mono_ns`: when the relays last followed a unit.
    """

    since_mono_ns: int
    step_mono_ns: int
    awake_mono_ns: int
    role: Role = Role.BOOT
    words: str = ""
    number: int = 0
    epoch: int = 0
    is_linked: bool = False
    peer: PeerBeat | None = None
    is_same_site: bool = True
    driving_mono_ns: int | None = None
    idle_mono_ns: int | None = None
    off_mono_ns: int | None = None
    twin_mono_ns: int | None = None
    stranger_mono_ns: int | None = None
    lines: list[LineState] = []
    receiver: Receiver = Receiver.UNKNOWN
    base_sent: int = -1
    base_heard: int = -1
    hold_mono_ns: int | None = None
    hold_from_mono_ns: int | None = None
    lost_mono_ns: int | None = None
    probe_mono_ns: int | None = None
    proof_mono_ns: int | None = None
    grade: Grade = Grade.UNFIT
    why_grade: str = ""
    better_mono_ns: int | None = None
    yield_reason: YieldReason = YieldReason.NONE
    offer_mono_ns: int | None = None
    wanted_mono_ns: int | None = None
    peer_wants: bool = False
    leave_mono_ns: int | None = None
    farewell_count: int = 0
    mirror: Mirror = Mirror.RELEASE
    kept_mono_ns: int | None = None
    plan_drift_mono_ns: int | None = None
    conflict_mono_ns: int | None = None
    standing: dict[str, str] = {}


def is_within(instant_mono_ns: int | None, now_mono_ns: int, window_ns: int) -> bool:
    """Whether it happened, and not longer ago than the window."""
    return instant_mono_ns is not None and now_mono_ns - instant_mono_ns <= window_ns


def latest(*instants_mono_ns: int | None) -> int | None:
    """The last of those that have happened."""
    last = None
    for instant_mono_ns in instants_mono_ns:
        if instant_mono_ns is not None and (last is None or instant_mono_ns > last):
            last = instant_mono_ns
    return last
