"""Whether a unit may be stopped, by the newest picture of the pair: for the desk, for the guard of
the machine's own ways to stop, and for a rehearsal.

Pure: what it finds, others carry out.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.core.rehearsal import rehearsal_risk
from edge.keeper.duty import drift, on_duty_unit, unfit_peer
from edge.keeper.requests import Answer, AskDrill, AskStop, Identity
from edge.keeper.wording import plain
from edge.model.order import Handover
from edge.model.status import Status
from edge.model.twin import Role
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S

# A peer that comes and goes is none to leave the site to. Longer than any change of roles takes.
STEADY_S: Final = 10.0
# A lock in the middle of a stop would only spoil it; one that begins has nothing to lose yet, and
# says what it is in some seconds.
_UNDER_WAY: Final = frozenset({Role.YIELD.value, Role.BOOT.value, Role.LISTEN.value})
_NOTHING: Final = "nothing was changed"
ONE_UNIT: Final = "this site has one unit: got 1, need 2"


class Grant(Struct, frozen=True):
    """It may be done. `order`: the duty goes to the peer first. `forced`: why it would have been
    refused, had the site not been left on purpose; else empty.
    """

    order: Handover | None = None
    forced: str = ""


class StopState(Struct, frozen=True):
    """Whether the machine's own ways to stop are open, and why in one line."""

    may_stop: bool
    reason: str


class Steadiness:
    """For how long the pair has been such that this unit may be stopped. `twin` None: one unit."""

    def __init__(self) -> None:
        self._since_mono_ns: int | None = None
        self._first = True

    def take(self, twin: TwinStatus | None, now_mono_ns: int) -> StopState | None:
        """What the guard is to know from now on; None while roles are under way, or while the
        guard's lock has to stay a little longer.
        """
        if twin is not None and twin.role in _UNDER_WAY:
            return None
        is_first, self._first = self._first, False
        state = stop_state(twin)
        if not state.may_stop:
            self._since_mono_ns = None
            return state
        if self._since_mono_ns is None:
            self._since_mono_ns = now_mono_ns
        # At the start nothing is locked yet that would have to wait.
        is_steady = is_first or self.steady_s(now_mono_ns) >= STEADY_S
        return state if is_steady else None

    def steady_s(self, now_mono_ns: int) -> float:
        since_mono_ns = self._since_mono_ns
        return 0.0 if since_mono_ns is None else (now_mono_ns - since_mono_ns) / NS_PER_S


def stop_state(twin: TwinStatus | None) -> StopState:
    """A site's only unit is never locked: a lock that always holds would be no news to anybody."""
    if twin is None:
        return StopState(may_stop=True, reason=ONE_UNIT)
    why = _left_alone(twin)
    if why and twin.role != Role.MAINTENANCE:
        return StopState(may_stop=False, reason=why)
    peer = twin.peer.unit
    if twin.on_duty:
        return StopState(may_stop=True, reason=f"{peer} is ready and takes over first")
    return StopState(may_stop=True, reason=f"{twin.unit} is not on duty: role {twin.role}")


def judge_stop(
    request: AskStop, twin: TwinStatus | None, identity: Identity, who: str, steady_s: float
) -> Grant | Answer:
    """Leave for it, or why it is refused."""
    where = f"{request.kind} {plain(request.unit, 32)}"
    wrong = _wrong_unit(where, request.unit, identity)
    if wrong is not None:
        return wrong
    site = request.leaves_site
    if site and site != identity.site:
        return _refused(
            f"{where}: another site is named: got {plain(site, 64)}, need {identity.site};"
            f" {_NOTHING}; give the name of the site that is to be left without control"
        )
    why = ONE_UNIT if twin is None else _left_alone(twin) or _unsteady(twin, steady_s)
    if why and not site:
        return _refused(
            f"{where}: it would leave the site without an active unit: {why}; {_NOTHING};"
            " see `denban status`"
        )
    if twin is None or not twin.on_duty or _left_alone(twin):
        return Grant(forced=why)
    # With two versions, as in an upgrade, no handover is ordered; the end of the process makes it.
    order = None if drift(twin, identity.version) else Handover(twin.peer.unit, who)
    return Grant(order, forced=why)


def judge_drill(
    request: AskDrill,
    status: Status,
    twin: TwinStatus | None,
    identity: Identity,
    steady_s: float,
) -> Answer:
    """A rehearsal needs all in order, and a plant that would not notice a failed one."""
    where = f"drill {plain(request.unit, 32)}"
    wrong = _wrong_unit(where, request.unit, identity)
    if wrong is not None:
        return wrong
    if twin is None:
        return _refused(f"{where}: {ONE_UNIT}; {_NOTHING}; there is nobody to rehearse with")
    why = drift(twin, identity.version)
    if twin.on_duty:
        why = _left_alone(twin) or _unsteady(twin, steady_s) or why
    elif on_duty_unit(twin) is None or twin.role != Role.STANDBY:
        why = f"got role {twin.role}, need active or standby beside an active unit"
    why = why or rehearsal_risk(status)
    if why:
        return _refused(f"{where}: not now: {why}; {_NOTHING}; try again when all is in order")
    return Answer(ok=True, text="all is in order for a rehearsal")


def _left_alone(twin: TwinStatus) -> str:
    """Why nobody would be on duty without this unit, empty where somebody would."""
    if twin.on_duty:
        return unfit_peer(twin)
    if on_duty_unit(twin) is None:
        heard = twin.peer.role if twin.peer.heard else "not heard"
        return f"{twin.peer.unit} is not on duty: got {heard}, need it on duty"
    return ""


def _unsteady(twin: TwinStatus, steady_s: float) -> str:
    if not twin.on_duty or steady_s >= STEADY_S:
        return ""
    return (
        f"{twin.peer.unit} comes and goes: got {steady_s:.0f} s of steady rest, need"
        f" {STEADY_S:.0f} s"
    )


def _wrong_unit(where: str, unit: str, identity: Identity) -> Answer | None:
    if unit == identity.unit:
        return None
    return _refused(
        f"{where}: this machine is {identity.unit} (host {identity.hostname}): got"
        f" {plain(unit, 32)}, need {identity.unit}; {_NOTHING}; log on to {plain(unit, 32)} if that"
        " is the one you mean"
    )


def _refused(text: str) -> Answer:
    return Answer(ok=False, text=text)
