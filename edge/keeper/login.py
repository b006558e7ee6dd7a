"""Says who this machine is to people who log in: one line that prompt and banners are made of.

Written into a folder of its own that everybody may read, each time whole. `identity` is renewed
with every turn of the keeper and carries the seconds since boot, so that whoever reads it sees that
it is old; `role` changes with what has been so for some seconds: it starts a program, which makes
of it what is shown before a login, and roles that pass by need none.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

from edge.keeper.duty import on_duty_unit, role_word
from edge.keeper.requests import Identity
from edge.model.role_mark import UNKNOWN_ROLE, in_ascii, role_mark
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S
from edge.root.whole_file import write_whole

# The control process shows its picture twice a second; a scan that is late is no reason for doubt.
_PICTURE_NS_MAX: Final = 3 * NS_PER_S
# A takeover goes through its roles in less.
_STEADY_NS: Final = 5 * NS_PER_S
_SITE_CHARS_MAX: Final = 64
_FORMAT: Final = "1"
_STOPPED: Final = "The controller does not run. The other unit's role is not known here."


def second_line(twin: TwinStatus | None) -> str:
    """The other unit, and who is on duty: what somebody on the wrong machine has to read."""
    if twin is None:
        return "It is the only unit of its site."
    peer = twin.peer
    other = role_mark(peer.role) if peer.heard else "not heard"
    unit = on_duty_unit(twin)
    if unit is None:
        duty = "nobody is known to be on duty"
    else:
        duty = f"{unit}, {'this one' if unit == twin.unit else 'the other one'}, is on duty"
    return f"The other unit is {peer.unit}, {other}; {duty}."


class LoginFiles:
    """`folder` empty, or not there: nothing is written. A folder that takes nothing is no fault of
    the control: the prompt says then that the role is not known.
    """

    def __init__(self, folder: str, identity: Identity) -> None:
        self._folder = Path(folder) if folder else None
        self._identity = identity
        self._twin: TwinStatus | None = None
        self._seen_mono_ns: int | None = None
        self._told = self._written = ""
        self._told_mono_ns = 0

    def take_picture(self, twin: TwinStatus | None, now_mono_ns: int) -> None:
        self._twin = twin
        self._seen_mono_ns = now_mono_ns

    def turn(self, now_mono_ns: int, now_utc_ns: int) -> None:
        """Once a second."""
        seen_mono_ns = self._seen_mono_ns
        if seen_mono_ns is None or now_mono_ns - seen_mono_ns > _PICTURE_NS_MAX:
            self._say(UNKNOWN_ROLE, "The controller shows nothing.", now_mono_ns, now_utc_ns)
            return
        role = self._identity.role if self._twin is None else role_word(self._twin)
        self._say(role, second_line(self._twin), now_mono_ns, now_utc_ns)

    def close(self, now_mono_ns: int, now_utc_ns: int) -> None:
        self._say(UNKNOWN_ROLE, _STOPPED, now_mono_ns, now_utc_ns, steady_ns=0)

    def _say(
        self, role: str, line: str, now_mono_ns: int, now_utc_ns: int, steady_ns: int = _STEADY_NS
    ) -> None:
        folder = self._folder
        if folder is None or not folder.is_dir():
            return
        mark, site = role_mark(role), _plain(self._identity.site)
        told = "|".join((self._identity.unit, mark, in_ascii(mark), site, line))
        if told != self._told:
            self._told, self._told_mono_ns = told, now_mono_ns
        is_steady = now_mono_ns - self._told_mono_ns >= steady_ns
        uptime_s = now_mono_ns // NS_PER_S
        try:
            write_whole(folder / "identity", f"{_FORMAT}|{uptime_s}|{told}\n")
            if told != self._written and is_steady:
                instant = dt.datetime.fromtimestamp(now_utc_ns // NS_PER_S, dt.UTC)
                write_whole(folder / "role", f"{_FORMAT}|{instant:%Y-%m-%d %H:%M:%S} UTC|{told}\n")
                self._written = told
        except OSError:
            return


def _plain(text: str) -> str:
    """Printable, and without what separates the fields or means something to getty."""
    kept = (sign for sign in text if sign.isprintable() and sign not in "|\\")
    return "".join(kept)[:_SITE_CHARS_MAX]
