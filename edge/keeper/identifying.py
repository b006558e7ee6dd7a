"""Which LED is to blink: this machine's at once, the other's by way of the link."""

from __future__ import annotations

import contextlib
from typing import Final

from edge.keeper.beacon import Beacon
from edge.keeper.duty import role_word
from edge.keeper.requests import Answer, AskIdentify, Identity
from edge.keeper.wording import plain
from edge.model.order import Identify
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S

# Long enough to walk to the cabinet; the link carries no more.
DURATION_S_MAX: Final = 600
_NOTHING: Final = "nothing blinks"


class Identifying:
    """Carries out what the desk and the peer ask for. An LED is never a fault of the control."""

    def __init__(self, identity: Identity, beacon: Beacon) -> None:
        self._identity = identity
        self._beacon = beacon

    def judge(
        self, request: AskIdentify, twin: TwinStatus | None, who: str, now_mono_ns: int
    ) -> Identify | Answer:
        """The order for the other unit; else the answer, after this one has been asked to blink."""
        where = f"identify {plain(request.unit, 32)}"
        duration_s = request.duration_s
        if not 0 < duration_s <= DURATION_S_MAX:
            need = f"1 to {DURATION_S_MAX} s"
            return _refused(f"{where}: duration: got {duration_s} s, need {need}; {_NOTHING}")
        if request.unit == self._identity.unit:
            return self._here(where, duration_s, twin, now_mono_ns)
        if twin is None or request.unit != twin.peer.unit:
            known = self._identity.unit if twin is None else f"{twin.unit} or {twin.peer.unit}"
            return _refused(
                f"{where}: no such unit: got {plain(request.unit, 32)}, need {known}; {_NOTHING};"
                " name a unit of this site"
            )
        if not twin.peer.heard:
            return _refused(
                f"{where}: {request.unit} is not heard: got silence, need its heartbeats;"
                f" {_NOTHING}; blink this one instead: `denban identify {twin.unit}`"
            )
        return Identify(duration_s * NS_PER_S, who)

    def take_picture(self, twin: TwinStatus | None, now_mono_ns: int) -> None:
        """The peer may ask for it with its beats."""
        if twin is None or not twin.peer.heard or twin.identify_s <= 0:
            return
        if self._beacon.trouble():
            return
        with contextlib.suppress(OSError):
            self._beacon.light(twin.identify_s, role_word(twin), now_mono_ns)

    def _here(
        self, where: str, duration_s: int, twin: TwinStatus | None, now_mono_ns: int
    ) -> Answer:
        trouble = self._beacon.trouble()
        if trouble:
            return _refused(f"{where}: no LED: {trouble}; {_NOTHING}; see docs/identity.md")
        role = self._identity.role if twin is None else role_word(twin)
        try:
            return Answer(ok=True, text=self._beacon.light(duration_s, role, now_mono_ns))
        except OSError as error:
            return _refused(f"{where}: request not left: got {error}; {_NOTHING}; try again")


def _refused(text: str) -> Answer:
    return Answer(ok=False, text=text)
