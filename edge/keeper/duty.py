"""What a desk may order of a unit of a pair: whose order it is, and which would do harm.

Judged by the newest picture of the pair, in one line each; the twin itself (edge.core.twin) has the
last word.
"""

from __future__ import annotations

import re
from typing import Final

from edge.keeper.requests import Answer, AskHandover, AskMaintenance
from edge.keeper.wording import plain
from edge.model.order import Handover, Maintenance, TwinOrder
from edge.model.twin import Role
from edge.model.twin_status import TwinStatus

ALONE_ROLE: Final = "alone"
_NUMBER: Final = re.compile(r"\d+")
_RELEASE_NUMBERS: Final = 3
_NOTHING: Final = "nothing was changed"
_ON_DUTY: Final = frozenset({Role.ACTIVE.value, Role.YIELD.value})


def role_word(twin: TwinStatus) -> str:
    """The unit's role for people: one that is on duty without a peer to take over is alone."""
    return ALONE_ROLE if twin.alone else twin.role


def on_duty_unit(twin: TwinStatus) -> str | None:
    """Who is on duty as far as this unit knows; None where nobody is seen to be."""
    if twin.on_duty:
        return twin.unit
    return twin.peer.unit if twin.peer.heard and twin.peer.role in _ON_DUTY else None


def carried_to(twin: TwinStatus | None) -> str | Answer:
    """The other unit's name where an order on power must go there, empty where this one takes it;
    or why nobody takes it.
    """
    if twin is None or twin.on_duty:
        return ""
    if on_duty_unit(twin) is None:
        heard = "is not on duty either" if twin.peer.heard else _silence(twin)
        return _refused(
            f"{twin.unit}: not on duty: got role {twin.role}, and {twin.peer.unit} {heard};"
            f" need one that is on duty; {_NOTHING}; see `denban status`, then try again"
        )
    return twin.peer.unit


def judge(
    request: AskHandover | AskMaintenance, twin: TwinStatus | None, version: str, who: str
) -> TwinOrder | Answer:
    """The order that `request` means; else the answer: refused, or done already."""
    if isinstance(request, AskHandover):
        what, unit = "handover", request.to
    else:
        what, unit = "maintenance", request.unit
    where = f"{what} {plain(unit, 32)}"
    if twin is None:
        return _refused(
            f"{where}: this site has one unit: got 1, need 2; {_NOTHING};"
            " list the second in the site file"
        )
    if unit not in {twin.unit, twin.peer.unit}:
        return _refused(
            f"{where}: no such unit: got {plain(unit, 32)}, need {twin.unit} or {twin.peer.unit};"
            f" {_NOTHING}; name one of them"
        )
    if isinstance(request, AskHandover):
        return _handover(where, unit, twin, version, who)
    return _maintenance(where, unit, request.begin, twin, version, who)


def _handover(where: str, to: str, twin: TwinStatus, version: str, who: str) -> Handover | Answer:
    if on_duty_unit(twin) == to:
        return Answer(ok=True, text=f"{to} is on duty already; {_NOTHING}", twin=twin)
    why = unfit_peer(twin) if to == twin.peer.unit else _unfit_own(twin)
    why = why or drift(twin, version)
    return _refused(f"{where}: {why}") if why else Handover(to, who)


def _maintenance(
    where: str, unit: str, begin: bool, twin: TwinStatus, version: str, who: str
) -> Maintenance | Answer:
    if unit != twin.unit:
        return _refused(
            f"{where}: this is {twin.unit}: got {twin.unit}, need {unit}; {_NOTHING};"
            f" log on to {unit}"
        )
    is_out = twin.role == Role.MAINTENANCE
    if begin is is_out:
        state = "in maintenance already" if begin else "not in maintenance"
        return Answer(ok=True, text=f"{unit} is {state}; {_NOTHING}", twin=twin)
    if begin and twin.on_duty:
        why = unfit_peer(twin) or drift(twin, version)
        if why:
            return _refused(f"{where}: it would leave the site without an active unit: {why}")
    elif begin and on_duty_unit(twin) is None:
        return _refused(
            f"{where}: it would leave the site without an active unit: got {twin.peer.unit}"
            f" {twin.peer.role if twin.peer.heard else 'not heard'}, need it on duty; {_NOTHING};"
            " see `denban status`"
        )
    elif begin and twin.role != Role.STANDBY:
        return _refused(f"{where}: {_not_standby(twin)}")
    return Maintenance(begin, who)


def unfit_peer(twin: TwinStatus) -> str:
    """Why the peer can not take the duty, empty where it can."""
    peer = twin.peer
    if not peer.heard:
        return (
            f"{peer.unit} is not heard: got {_silence(twin)}, need its heartbeats; {_NOTHING};"
            " check that it runs, its cables and the key (`denban doctor`)"
        )
    if peer.role == Role.MAINTENANCE:
        return _in_maintenance(peer.unit)
    if not peer.ready:
        grade = f", {peer.grade}" if peer.grade else ""
        return (
            f"{peer.unit} is not ready: got role {peer.role}{grade}, need a standby that would take"
            f" over at once; {_NOTHING}; see `denban status` on {peer.unit}"
        )
    return ""


def _unfit_own(twin: TwinStatus) -> str:
    """Why this unit can not be given the duty, empty where it can."""
    if twin.role == Role.MAINTENANCE:
        return _in_maintenance(twin.unit)
    if not twin.peer.heard:
        return (
            f"{twin.peer.unit} is not heard: got {_silence(twin)}, need its heartbeats to take the"
            f" duty from it; {_NOTHING}; see `denban status`"
        )
    return _not_standby(twin) if twin.role != Role.STANDBY else ""


def _not_standby(twin: TwinStatus) -> str:
    return (
        f"{twin.unit} is not ready: got role {twin.role}, need standby; {_NOTHING};"
        " wait until it is"
    )


def drift(twin: TwinStatus, version: str) -> str:
    """What the two have not alike, empty where all is."""
    peer = twin.peer
    if not peer.same_site_file:
        return (
            f"{peer.unit} has another site file: got two digests, need one; {_NOTHING};"
            " copy the file to both, restart the standby, then the other"
        )
    if not peer.same_plan:
        return (
            f"{peer.unit} has another plan: got two digests, need one; {_NOTHING};"
            " import the same plan file on both"
        )
    if peer.version and _release(peer.version) != _release(version):
        return (
            f"{peer.unit} runs another version: got {peer.version}, need {version}; {_NOTHING};"
            " install the same on both"
        )
    return ""


def _release(version: str) -> list[int]:
    """Major, minor and patch; what a build adds to them is no difference."""
    numbers = [int(part) for part in _NUMBER.findall(version)[:_RELEASE_NUMBERS]]
    return numbers + [0] * (_RELEASE_NUMBERS - len(numbers))


def _in_maintenance(unit: str) -> str:
    return (
        f"{unit} is in maintenance: got role maintenance, need standby; {_NOTHING};"
        f" run `denban maintenance end {unit}` there"
    )


def _silence(twin: TwinStatus) -> str:
    age_s = twin.peer.age_s
    return "not a word yet" if age_s is None else f"silence for {age_s:.1f} s"


def _refused(text: str) -> Answer:
    return Answer(ok=False, text=text)
