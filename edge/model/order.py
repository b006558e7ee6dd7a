"""Orders of an operator (or of the plan folder) to the controller, as they arrive in a scan."""

from __future__ import annotations

import enum
from typing import Final

from msgspec import Struct

from edge.model.plan import Plan


class OverrideMode(enum.StrEnum):
    """SHED and RUN hold a load by hand until the expiry; AUTO ends an override at once."""

    SHED = "shed"
    RUN = "run"
    AUTO = "auto"


class Override(Struct, frozen=True, tag="override"):
    """Hold one load by hand for `duration_ns` from the scan that takes the order."""

    load: str
    mode: OverrideMode
    duration_ns: int
    who: str


class Acknowledge(Struct, frozen=True, tag="acknowledge"):
    """Silence the buzzer for the alarms that stand now."""

    who: str


# Who gives the plans of earlier imports again when the keeper starts.
FROM_JOURNAL: Final = "journal"


class TakePlan(Struct, frozen=True, tag="plan"):
    """Put a checked plan of one day into force (a newer version of the same day replaces it)."""

    plan: Plan
    who: str


class SetLimit(Struct, frozen=True, tag="limit"):
    """Demand-response limit between two instants (`limit_w` None ends it)."""

    limit_w: float | None
    start_utc_ns: int
    end_utc_ns: int
    who: str


class Handover(Struct, frozen=True, tag="handover"):
    """Bring the duty to the unit `to`, whichever of the two it is."""

    to: str
    who: str


class Maintenance(Struct, frozen=True, tag="maintenance"):
    """Take this unit out of the pair (`begin`), or bring it back."""

    begin: bool
    who: str


class Identify(Struct, frozen=True, tag="identify"):
    """Ask the other unit to blink its LED for `duration_ns`."""

    duration_ns: int
    who: str


# What the decisions on power take; the other unit may be asked to carry them out.
Order = Override | Acknowledge | TakePlan | SetLimit
# What is about the pair. Handover and maintenance are for this unit's twin and never leave it.
TwinOrder = Handover | Maintenance | Identify
