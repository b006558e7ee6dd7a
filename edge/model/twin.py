"""What the two gateways of a site know of themselves and of each other, as values.

Times ending in `_mono_ns` are this unit's CLOCK_BOOTTIME, except in a `Beat`, where they are the
sender's. Decided upon in edge.core.twin, carried by edge.peer.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from edge.model.event import Event
from edge.model.scan import HealthSample
from edge.model.units import NS_PER_MIN, NS_PER_MS, NS_PER_S


class Role(enum.StrEnum):
    """BOOT: no scan yet. LISTEN: who has the duty? STANDBY: the peer has it, outputs follow it.
    SUSPECT: the peer is not heard, its bus silence is awaited. CLAIM: about to take the duty.
    ACTIVE: on duty. YIELD: on duty, bus let go, the peer is asked to take over. MAINTENANCE: taken
    out by an operator; never takes the duty.
    """

    BOOT = "boot"
    LISTEN = "listen"
    STANDBY = "standby"
    SUSPECT = "suspect"
    CLAIM = "claim"
    ACTIVE = "active"
    YIELD = "yield"
    MAINTENANCE = "maintenance"


class Grade(enum.IntEnum):
    """How well a unit could do the duty. Only a difference of grade may swap the roles.

    UNFIT: it can not (no energy source at all and no relay). LAST_RESORT: it was reset again and
    again. IMPAIRED: a relay, the bus or the main source is lost. FIT: all that counts works.
    """

    UNFIT = 0
    LAST_RESORT = 1
    IMPAIRED = 2
    FIT = 3


class YieldReason(enum.StrEnum):
    """Why the unit on duty gives it up. HEALTH swaps are limited, the others are not."""

    NONE = "none"
    ORDER = "order"
    STOP = "stop"
    HEALTH = "health"
    MAINTENANCE = "maintenance"


class Mirror(enum.StrEnum):
    """What the relays follow. OWN: own decisions. FOLLOW: the commands of the unit on duty. HOLD:
    its last ones, while it is not heard. RELEASE: none is shed by this unit, the other's contacts
    decide alone.
    """

    OWN = "own"
    FOLLOW = "follow"
    HOLD = "hold"
    RELEASE = "release"


class TwinSpec(Struct, frozen=True):
    """One unit's view of the pair, with every timer of the protocol (docs/twin.md derives them).

    `is_first`: listed first in the site file, which breaks ties. `has_witness`: there is at least
    one RTU line, so silence on it can be heard. `has_enable`: enable lines are fitted (tier 1).
    `query_gap_ns`: a unit that holds the bus and lives puts a query on it at least so often.
    `watchdog_ns`: from the last feeding to the reset at the latest, the timer's error included.
    """

    unit: str
    peer: str
    is_first: bool
    has_witness: bool
    has_enable: bool
    query_gap_ns: int
    watchdog_ns: int
    period_ns: int = 100 * NS_PER_MS
    jitter_ns: int = 50 * NS_PER_MS
    reset_ns: int = 50 * NS_PER_MS
    dead_ns: int = 350 * NS_PER_MS
    lease_ns: int = 250 * NS_PER_MS
    quiet_ns: int = 450 * NS_PER_MS
    yield_ns: int = 500 * NS_PER_MS
    unproven_ns: int = NS_PER_S
    probe_ns: int = 10 * NS_PER_S
    mirror_hold_ns: int = 30 * NS_PER_S
    grade_steady_ns: int = 5 * NS_PER_S
    swap_ns_min: int = 10 * NS_PER_MIN
    swap_ns_max: int = 240 * NS_PER_MIN
    reset_count_max: int = 3
    reset_window_ns: int = 15 * NS_PER_MIN

    @property
    def silence_ns(self) -> int:
        """T_q: bus silence after which the peer has been reset or has let the bus go."""
        return self.query_gap_ns + self.watchdog_ns + self.reset_ns + self.jitter_ns

    @property
    def claim_ns(self) -> int:
        """From the claim to the duty: the first unit is ahead of the second by three scans."""
        return (150 if self.is_first else 450) * NS_PER_MS

    @property
    def listen_ns(self) -> int:
        """A start waits for so long before it claims; never shorter than the silence."""
        return max(self.silence_ns, 3 * NS_PER_S) + (0 if self.is_first else NS_PER_S)

    @property
    def gap_ns_max(self) -> int:
        """W: the longest time without a unit on duty after a single fault."""
        wait_ns = max(self.quiet_ns, self.dead_ns) if self.has_enable else self.silence_ns
        return wait_ns + self.claim_ns + 2 * (self.period_ns + self.jitter_ns)


class LineEvidence(Struct, frozen=True, array_like=True, gc=False):
    """What one RTU line has shown up to this scan. Instants None: never.

    `twin_mono_ns`: last query heard that this unit did not send and that is one of the site's own
    polls. `stranger_mono_ns`: last query heard that is neither (another master). `proof_mono_ns`:
    last echo of, or reply to, a query of ours. `asked_mono_ns`: last query that we wrote.
    Counts are since the worker's start: `sent_count` ours, `heard_count` those of the twin.
    `is_open`: the port is there. `is_writing`: a query may be between its permission and the wire
    at this moment; False after the permission was withdrawn means that none can come any more.
    """

    line: str
    twin_mono_ns: int | None = None
    stranger_mono_ns: int | None = None
    proof_mono_ns: int | None = None
    asked_mono_ns: int | None = None
    sent_count: int = 0
    heard_count: int = 0
    is_open: bool = True
    is_writing: bool = False


class RelayState(Struct, frozen=True, array_like=True, gc=False):
    """The command in force for one load, in site-file order, and how long ago it was given."""

    shed: bool
    age_ns: int


class Account(Struct, frozen=True, array_like=True, gc=False):
    """The running demand interval as the sender has it, for comparison. `start_utc_ns` 0: none."""

    start_utc_ns: int = 0
    import_uwh: int = 0


class Beat(Struct, frozen=True):
    """What a unit says in every scan. `mono_ns` is the sender's clock, `number` its scan.

    `holds_bus`: it may put queries on the lines. `let_go`: nothing of it can come on to a line any
    more. `ready`: a standby that would take the duty at once. `farewell`: its control process has
    ended, or stops now; nothing of it drives a line. `wants_duty`: an operator asked here for the
    duty to come here. `site_digest` and `plan_digest` are 8 bytes each; `version` major, minor,
    patch. `stage` and `why` are those of the last decision, for people and for the comparison.
    `sent_count` / `heard_count`: queries on all RTU lines, ours and the twin's.
    """

    role: Role
    epoch: int
    grade: Grade
    mono_ns: int
    number: int
    on_duty: bool = False
    holds_bus: bool = False
    let_go: bool = False
    ready: bool = False
    farewell: bool = False
    wants_duty: bool = False
    yield_reason: YieldReason = YieldReason.NONE
    site_digest: bytes = bytes(8)
    plan_digest: bytes = bytes(8)
    version: tuple[int, int, int] = (0, 0, 0)
    sent_count: int = 0
    heard_count: int = 0
    stage: int = 0
    why: str = ""
    account: Account = Account()
    relays: tuple[RelayState, ...] = ()


class PeerBeat(Struct, frozen=True):
    """A beat that passed every check: authentic, of the peer, fresh, never seen before.

    `received_mono_ns` is when it arrived. `offset_ns`: add it to the sender's instants to have
    them on this unit's clock. `is_compatible` False (another major version): only the core of the
    beat is known, the rest has its defaults, and no state is exchanged.
    """

    beat: Beat
    received_mono_ns: int
    offset_ns: int = 0
    is_compatible: bool = True


class PathSample(Struct, frozen=True, array_like=True, gc=False):
    """One path of the link: when a beat last arrived on it, whether it could be sent on."""

    name: str
    heard_mono_ns: int | None
    can_send: bool = True


class OwnState(Struct, frozen=True):
    """This unit in this scan, as far as the twin's decisions and its beat need it.

    `grade` is without last resort, which the twin adds, and without the bus, which it judges by
    itself; `why_grade` names what is wrong in few words. `bus_lines_lost`: lines whose port or
    worker is lost.
    """

    grade: Grade
    why_grade: str = ""
    site_digest: bytes = bytes(8)
    plan_digest: bytes = bytes(8)
    version: tuple[int, int, int] = (0, 0, 0)
    stage: int = 0
    why: str = ""
    account: Account = Account()
    relays: tuple[RelayState, ...] = ()
    bus_lines_lost: tuple[str, ...] = ()


class TwinMemory(Struct):
    """What the twin keeps over a restart (not over a lost disk; nothing in the protocol's safety
    needs it). `resets_utc_ns`: starts that were a reset by the watchdog, newest last. `alone`: on
    duty without a peer, so that a restart continues its relays.
    """

    epoch: int = 0
    resets_utc_ns: tuple[int, ...] = ()
    swap_mono_ns: int | None = None
    swap_wait_ns: int = 0
    maintenance: bool = False
    alone: bool = False


class TwinInputs(Struct, frozen=True):
    """Everything the twin's decision may know in one scan.

    `beats` in the order of arrival. `peer_enable`: the peer's enable line (None: not fitted).
    `wants_duty`: an operator orders the duty to this unit; `gives_duty`: to the peer;
    `leaves`: this process is told to stop; `maintenance`: an operator's order, None for none.
    """

    now_mono_ns: int
    now_utc_ns: int
    own: OwnState
    beats: tuple[PeerBeat, ...] = ()
    paths: tuple[PathSample, ...] = ()
    lines: tuple[LineEvidence, ...] = ()
    peer_enable: bool | None = None
    wants_duty: bool = False
    gives_duty: bool = False
    leaves: bool = False
    maintenance: bool | None = None


class TwinOutputs(Struct, frozen=True):
    """What the scan must do, and what it must not.

    `may_drive_bus`: renew the workers' permission to write; else withdraw it. `fence`: end every
    bus worker now, before anything else of this scan (it may hold a query from before a pause).
    `may_feed`: the watchdog may be fed if the scan is healthy. `enable`: retrigger the one-shot of
    the enable line. `sends_state`: the own state goes to the peer. `follows`: the state that the
    peer sends is taken over. `has_left`: the duty is in other hands, or there are none: a process
    that was told to stop may end now. `health` are standing conditions (see HealthSample).
    """

    role: Role
    on_duty: bool
    may_drive_bus: bool
    may_feed: bool
    mirror: Mirror
    beat: Beat
    fence: bool = False
    enable: bool = True
    sends_state: bool = False
    follows: bool = False
    has_left: bool = False
    events: tuple[Event, ...] = ()
    health: tuple[HealthSample, ...] = ()
