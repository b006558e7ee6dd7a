"""The pair as one unit shows it to people. Decides nothing."""

from __future__ import annotations

from msgspec import Struct


class PathStatus(Struct, frozen=True):
    """One path for people; `age_s` since the last beat on it, None: never."""

    name: str
    ok: bool
    age_s: float | None


class PeerStatus(Struct, frozen=True):
    """The other unit as it was last heard; `age_s` None: never."""

    unit: str
    heard: bool
    age_s: float | None = None
    role: str = ""
    grade: str = ""
    ready: bool = False
    version: str = ""
    same_site_file: bool = True
    same_plan: bool = True
    holds_bus: bool = False


class TwinStatus(Struct, frozen=True):
    """The pair as this unit sees it, for `status`, `whoami` and the audit. `why` says in words
    what the present role is due to; `alone`: on duty with no peer that could take over.
    `ear`: ``proven``, ``unknown`` or ``deaf``, of the meter lines; the counts are queries on them
    since the workers' start. `peer_enable`: the peer's enable line, None where none is fitted.
    `identify_s`: the peer asks this unit to blink for so long.
    `bus_lost`: own queries had no echo and no reply, and nothing valid was heard since.
    """

    unit: str
    role: str
    since_s: float
    why: str
    epoch: int
    on_duty: bool
    holds_bus: bool
    alone: bool
    grade: str
    why_grade: str
    mirror: str
    peer: PeerStatus
    paths: tuple[PathStatus, ...]
    diverges: str = ""
    ear: str = ""
    sent_count: int = 0
    heard_count: int = 0
    peer_enable: bool | None = None
    identify_s: int = 0
    bus_lost: bool = False
