"""What may be asked at the desk and what comes back, one JSON object a line each."""

from __future__ import annotations

import enum

import msgspec
from msgspec import Struct

from edge.keeper.link import ScanHealth
from edge.model.healing import HealingStatus
from edge.model.order import OverrideMode
from edge.model.status import Status
from edge.model.twin_status import TwinStatus

REQUEST_BYTES_MAX = 256 * 1024


class AskStatus(Struct, frozen=True, tag="status"):
    """The newest picture of the controller."""


class AskOverride(Struct, frozen=True, tag="override"):
    """Hold a load by hand for some time."""

    load: str
    mode: OverrideMode
    duration_s: int


class AskAcknowledge(Struct, frozen=True, tag="acknowledge"):
    """Silence the buzzer."""


class AskLimit(Struct, frozen=True, tag="limit"):
    """Demand-response limit from now or `start_utc_ns` on; None ends it."""

    limit_w: float | None
    start_utc_ns: int
    end_utc_ns: int


class AskPlanImport(Struct, frozen=True, tag="plan_import"):
    """Check a plan file's bytes and put it into force; `day` is its ISO date."""

    day: str
    name: str
    data: bytes


class AskHandover(Struct, frozen=True, tag="handover"):
    """Bring the duty to the unit `to`, from either machine."""

    to: str


class AskMaintenance(Struct, frozen=True, tag="maintenance"):
    """Take this unit, which must be `unit`, out of the pair (`begin`) or bring it back."""

    unit: str
    begin: bool


class StopKind(enum.StrEnum):
    """What is to be done with a unit that gives up its duty for it."""

    STOP = "stop"
    RESTART = "restart"
    REBOOT = "reboot"
    POWEROFF = "poweroff"
    UPGRADE = "upgrade"


class AskStop(Struct, frozen=True, tag="stop"):
    """Leave to stop this unit, which must be `unit`; on duty it hands over at once. `leaves_site`
    is the site's name where it is to be left without control, in an emergency; else empty.
    """

    unit: str
    kind: StopKind
    leaves_site: str = ""


class DrillKind(enum.StrEnum):
    """What is rehearsed."""

    HANDOVER = "handover"
    FAILOVER = "failover"
    RESTART = "restart"


class AskDrill(Struct, frozen=True, tag="drill"):
    """Whether this unit, which must be `unit`, and the plant are fit for a rehearsal."""

    unit: str
    kind: DrillKind


class TellOutcome(Struct, frozen=True, tag="outcome"):
    """What came of something that leave was given for; for the audit, from root or the service."""

    what: str
    done: bool
    text: str


StopRequest = AskStop | AskDrill | TellOutcome


class AskIdentify(Struct, frozen=True, tag="identify"):
    """Blink the LED of the unit `unit`, of either machine, for some time."""

    unit: str
    duration_s: int


PowerRequest = AskOverride | AskAcknowledge | AskLimit
TwinRequest = AskHandover | AskMaintenance
Request = AskStatus | PowerRequest | AskPlanImport | TwinRequest | StopRequest | AskIdentify


class Identity(Struct, frozen=True):
    """Which machine this is, as it says itself."""

    unit: str
    site: str
    role: str
    hostname: str
    hardware_serial: str
    version: str
    pid: int


class Answer(Struct, frozen=True):
    """`ok` False: refused, nothing was changed; `text` says why in one line or more. `twin` is
    None on a site with one unit.
    """

    ok: bool
    text: str = ""
    identity: Identity | None = None
    status: Status | None = None
    twin: TwinStatus | None = None
    health: ScanHealth | None = None
    healing: tuple[HealingStatus, ...] = ()
    age_s: float | None = None


encode = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(Request).decode
decode_answer = msgspec.json.Decoder(Answer).decode
