"""The one table of roles: from where, for which cause, to where. The machine moves along it only.

A cause's guard is the function of edge.core.twin.roles that returns it.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from edge.model.event import Severity
from edge.model.twin import Role


class Cause(enum.StrEnum):
    """Why a role is left."""

    STARTED = "started"
    KEPT_OUT = "kept_out"
    ON_DUTY = "peer_on_duty"
    ON_BUS = "peer_on_bus"
    LOST = "peer_not_heard"
    IDLE = "peer_not_on_duty"
    SILENT = "bus_silent"
    AHEAD = "peer_claims_first"
    WITHDRAWN = "claim_withdrawn"
    CLAIMED = "claimed"
    OFFERED = "handed_over"
    FAREWELL = "farewell"
    PAUSED = "paused"
    OUTRANKED = "outranked"
    LEAVES = "leaves"
    ORDER = "order"
    STOP = "stop"
    HEALTH = "health"
    MAINTENANCE = "maintenance"
    NO_TAKER = "no_taker"
    TAKEN = "taken_over"
    TAKEN_OUT = "taken_out"
    BACK = "taken_back"


class Transition(NamedTuple):
    """One row. A change that nobody planned is a warning in the journal."""

    source: Role
    cause: Cause
    target: Role
    words: str
    severity: Severity = Severity.INFO


_WARNING: Final = Severity.WARNING

TABLE: Final = (
    Transition(Role.BOOT, Cause.STARTED, Role.LISTEN, "first scan"),
    Transition(Role.BOOT, Cause.KEPT_OUT, Role.MAINTENANCE, "was in maintenance before the start"),
    Transition(Role.LISTEN, Cause.ON_DUTY, Role.STANDBY, "peer is on duty"),
    Transition(Role.LISTEN, Cause.ON_BUS, Role.SUSPECT, "peer is heard on the bus only", _WARNING),
    Transition(Role.LISTEN, Cause.IDLE, Role.CLAIM, "peer says that it is not on duty"),
    Transition(Role.LISTEN, Cause.SILENT, Role.CLAIM, "no heartbeat, and the bus is silent"),
    Transition(Role.STANDBY, Cause.OFFERED, Role.ACTIVE, "peer hands over, its bus let go"),
    Transition(
        Role.STANDBY, Cause.FAREWELL, Role.ACTIVE, "peer's process has ended, and said so", _WARNING
    ),
    Transition(Role.STANDBY, Cause.LOST, Role.SUSPECT, "no heartbeat on any path", _WARNING),
    Transition(
        Role.STANDBY, Cause.IDLE, Role.LISTEN, "peer says that it is no more on duty", _WARNING
    ),
    Transition(Role.STANDBY, Cause.TAKEN_OUT, Role.MAINTENANCE, "an operator takes it out"),
    Transition(
        Role.SUSPECT, Cause.OFFERED, Role.ACTIVE, "peer is heard again and hands over at once"
    ),
    Transition(
        Role.SUSPECT, Cause.FAREWELL, Role.ACTIVE, "peer's process has ended, and said so", _WARNING
    ),
    Transition(Role.SUSPECT, Cause.ON_DUTY, Role.STANDBY, "peer is heard again, on duty"),
    Transition(Role.SUSPECT, Cause.IDLE, Role.LISTEN, "peer is heard again, not on duty"),
    Transition(
        Role.SUSPECT, Cause.SILENT, Role.CLAIM, "no heartbeat, and the bus is silent", _WARNING
    ),
    Transition(Role.CLAIM, Cause.ON_DUTY, Role.STANDBY, "peer is on duty"),
    Transition(Role.CLAIM, Cause.AHEAD, Role.LISTEN, "peer claims too and is ahead"),
    Transition(Role.CLAIM, Cause.WITHDRAWN, Role.LISTEN, "what allowed the claim holds no more"),
    Transition(Role.CLAIM, Cause.ON_BUS, Role.SUSPECT, "bus is not silent", _WARNING),
    Transition(
        Role.CLAIM, Cause.PAUSED, Role.LISTEN, "scan stood for longer than a lease", _WARNING
    ),
    Transition(Role.CLAIM, Cause.CLAIMED, Role.ACTIVE, "nobody objected to the claim", _WARNING),
    Transition(
        Role.ACTIVE, Cause.PAUSED, Role.LISTEN, "scan stood for longer than a lease", _WARNING
    ),
    Transition(
        Role.ACTIVE, Cause.OUTRANKED, Role.LISTEN, "peer is on duty with a newer epoch", _WARNING
    ),
    Transition(Role.ACTIVE, Cause.ON_BUS, Role.LISTEN, "peer, not heard, drives the bus", _WARNING),
    Transition(Role.ACTIVE, Cause.LEAVES, Role.LISTEN, "stops, with nobody to take over", _WARNING),
    Transition(Role.ACTIVE, Cause.ORDER, Role.YIELD, "an operator's handover"),
    Transition(Role.ACTIVE, Cause.STOP, Role.YIELD, "stops, and asks the peer to take over"),
    Transition(Role.ACTIVE, Cause.HEALTH, Role.YIELD, "peer is in better health"),
    Transition(Role.ACTIVE, Cause.MAINTENANCE, Role.YIELD, "an operator takes it out"),
    Transition(
        Role.YIELD, Cause.PAUSED, Role.LISTEN, "scan stood for longer than a lease", _WARNING
    ),
    Transition(Role.YIELD, Cause.TAKEN, Role.STANDBY, "peer has taken over"),
    Transition(
        Role.YIELD, Cause.TAKEN_OUT, Role.MAINTENANCE, "peer has taken over for a maintenance"
    ),
    Transition(Role.YIELD, Cause.NO_TAKER, Role.ACTIVE, "peer did not take over in time", _WARNING),
    Transition(Role.MAINTENANCE, Cause.BACK, Role.LISTEN, "an operator takes it back"),
)

_ROWS: Final = {(row.source, row.cause): row for row in TABLE}


def row(source: Role, cause: Cause) -> Transition:
    """The row of `cause` in `source`; a cause that is not in the table is a programmer's error."""
    found = _ROWS.get((source, cause))
    assert found is not None, f"no row for {cause} in {source}"
    return found
