"""What healing of a meter line knows, wishes and remembers, as values. Decided upon in
edge.core.healing, carried out by the keeper and by a root program (edge.root.heal).
"""

from __future__ import annotations

import enum

from msgspec import Struct

from edge.model.scan import BusCondition


class Rung(enum.IntEnum):
    """The ladder, gentlest first. LOOK changes nothing: the root program learns where it is."""

    LOOK = 0
    REOPEN = 1
    RESET = 2
    AUTHORIZE = 3
    REBIND = 4
    PORT_POWER = 5
    CONTROLLER = 6
    REBOOT = 7


class Signature(enum.StrEnum):
    """What a line's silence says. LINE: both units, or the echo, show that the adapter is not to
    blame. SILENT: the port is there and nothing valid comes. GONE: the device is away.
    """

    WORKS = "works"
    LINE = "line"
    SILENT = "silent"
    GONE = "gone"


class LineFacts(Struct, frozen=True, array_like=True, gc=False):
    """One line as the control process saw it last. Instants are 0 for never.

    `port` is empty for a line over TCP. `replied`: the last valid reply of any meter, to this unit
    or heard from the twin's polls; `asked`, `proof`, `twin`: see edge.bus.lease. `leased`: this
    unit's queries go out.
    """

    line: str
    port: str
    condition: BusCondition
    leased: bool = False
    replied_mono_ns: int = 0
    asked_mono_ns: int = 0
    proof_mono_ns: int = 0
    twin_mono_ns: int = 0


class PairFacts(Struct, frozen=True):
    """Both units as this one sees them. `peer_impaired`: it says that it could not do better."""

    on_duty: bool
    holds_bus: bool
    bus_lost: bool
    peer: str
    peer_heard: bool
    peer_ready: bool
    peer_on_duty: bool
    peer_holds_bus: bool
    peer_impaired: bool


class Attempt(Struct, frozen=True):
    """A rung that was tried, kept over restarts so that limits hold."""

    rung: Rung
    line: str
    boot_id: str
    mono_ns: int
    utc_ns: int


class HealingMemory(Struct):
    """Newest attempt last. `rebooting` names the line for which this machine was rebooted."""

    attempts: list[Attempt] = []
    rebooting: str = ""


class HelperResult(Struct, frozen=True):
    """What the root program says of one request."""

    id: str
    rung: Rung
    ok: bool
    text: str
    duration_ms: int


class HealRequest(Struct, frozen=True):
    """To the root program. It names a line, never a device."""

    id: str
    bus: str
    rung: Rung


class HealNote(Struct, frozen=True):
    """Something for the journal. `step` is a Rung's number, None for the ladder as a whole."""

    line: str
    outcome: str
    severe: bool = False
    step: int | None = None
    why: str = ""
    duration_ms: int | None = None


class HealingStatus(Struct, frozen=True):
    """One line that is being healed, or could not be, for people."""

    line: str
    rung: int
    of: int
    text: str


class HealingInputs(Struct, frozen=True):
    """Everything that one step may know. `there`: lines whose device has a name now.
    `can_note`: the last attempt could be written down; `result`: the root program's answer.
    `pair` is None on a site with one unit.
    """

    now_mono_ns: int
    now_utc_ns: int
    boot_id: str
    lines: tuple[LineFacts, ...]
    there: frozenset[str]
    pair: PairFacts | None = None
    result: HelperResult | None = None
    can_note: bool = True


class HealingOutputs(Struct, frozen=True):
    """What is to be done. The memory must be on the disk before `request` goes out."""

    request: HealRequest | None = None
    reopen: str = ""
    handover_to: str = ""
    notes: tuple[HealNote, ...] = ()
    status: tuple[HealingStatus, ...] = ()
