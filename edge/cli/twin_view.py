"""The pair laid out for people: roles by shape and word, the peer, the paths, what is wrong.

Colour is for faults only; a role has none.
"""

from __future__ import annotations

from typing import Final

from rich.text import Text

from edge.cli.terms import duration
from edge.keeper.duty import on_duty_unit
from edge.model.role_mark import role_mark
from edge.model.twin import Mirror, Role
from edge.model.twin_status import PathStatus, PeerStatus, TwinStatus

_FAULT: Final = "red"
_WARNING: Final = "yellow"
_GRADES_FIT: Final = frozenset({"", "fit"})
_MIRRORS: Final = {
    Mirror.OWN.value: "its own decisions",
    Mirror.FOLLOW.value: "the commands of {peer}",
    Mirror.HOLD.value: "the last commands of {peer}, held while it is not heard",
    Mirror.RELEASE.value: "nobody: none is shed here, the contacts of {peer} decide alone",
}


def twin_view(twin: TwinStatus) -> list[Text]:
    """The lines below the head of a unit that has a peer."""
    parts = [_own(twin), _peer(twin.peer), _paths(twin.paths), *_witness(twin)]
    if not twin.on_duty:
        parts.append(_whose(twin))
    if twin.diverges:
        parts.append(Text(f"! the units differ: {twin.diverges}", _WARNING))
    return parts


def duty_line(twin: TwinStatus) -> str:
    """Who is on duty, as far as this unit knows."""
    unit = on_duty_unit(twin)
    if unit is None:
        return "nobody is known to be on duty"
    return "this unit is on duty" if unit == twin.unit else f"{unit} is on duty"


def peer_line(peer: PeerStatus) -> str:
    """The other unit in words."""
    return _peer(peer).plain


def _own(twin: TwinStatus) -> Text:
    line = Text(f"{twin.role} for {duration(twin.since_s)}: {twin.why or 'no reason is known'}")
    if twin.alone:
        line.append("; no peer could take over", _WARNING)
    line.append(f"; epoch {twin.epoch}; ")
    line.append("polls the meter lines" if twin.holds_bus else "listens on the meter lines")
    line.append("; ")
    why = f", {twin.why_grade}" if twin.why_grade else ""
    line.append(f"{_words(twin.grade)}{why}", _grade_style(twin.grade))
    return line


def _peer(peer: PeerStatus) -> Text:
    line = Text(f"peer {peer.unit}: ")
    if not peer.heard:
        since = "never" if peer.age_s is None else f"not for {duration(peer.age_s)}"
        line.append(f"not heard ({since})", _FAULT)
        return line if not peer.role else line.append(f", it was {role_mark(peer.role)}")
    line.append(role_mark(peer.role))
    if peer.role == Role.STANDBY:
        line.append(", ready" if peer.ready else ", not ready", "" if peer.ready else _WARNING)
    line.append(f", {_words(peer.grade)}" if peer.grade else "", _grade_style(peer.grade))
    line.append(f", denban {peer.version}" if peer.version else "")
    for same, what in ((peer.same_site_file, "site file"), (peer.same_plan, "plan")):
        if not same:
            line.append(f", another {what}", _WARNING)
    return line


def _paths(paths: tuple[PathStatus, ...]) -> Text:
    line = Text("paths: ")
    for place, path in enumerate(paths):
        line.append(", " if place else "")
        if path.ok:
            line.append(f"{path.name} heard")
            continue
        age = "never heard" if path.age_s is None else f"silent for {duration(path.age_s)}"
        line.append(f"{path.name} down, {age}", _WARNING)
    return line if paths else line.append("none")


def _witness(twin: TwinStatus) -> list[Text]:
    """What the meter lines and the enable line show of the peer, where there are any."""
    line = Text()
    if twin.ear:
        line.append(
            f"meter lines: {twin.sent_count} queries sent, {twin.heard_count} of the peer's"
        )
        line.append(" heard, ")
        line.append(f"ear {twin.ear}", _FAULT if twin.ear == "deaf" else "")
    if twin.peer_enable is not None:
        line.append("; " if twin.ear else "").append("enable line of the peer: ")
        line.append("up" if twin.peer_enable else "down", "" if twin.peer_enable else _WARNING)
    return [line] if line.plain else []


def _whose(twin: TwinStatus) -> Text:
    relays = _MIRRORS[twin.mirror].format(peer=twin.peer.unit)
    return Text(
        f"relays follow {relays}; what is shown below is what {twin.unit} would decide, and moves"
        " nothing"
    )


def _words(grade: str) -> str:
    return grade.replace("_", " ")


def _grade_style(grade: str) -> str:
    return "" if grade in _GRADES_FIT else _WARNING
