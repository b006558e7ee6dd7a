"""Orders of people: handover, maintenance, stop. Each is carried out, or ends with an event that
says why not.
"""

from __future__ import annotations

from typing import Final

from edge.core.twin.claim import may_take
from edge.core.twin.drift import has_drift
from edge.core.twin.link import is_on_duty, linked_beat
from edge.core.twin.state import TwinState
from edge.core.twin.table import Cause
from edge.model.event import Event, EventKind, Severity
from edge.model.twin import Role, TwinInputs, TwinSpec
from edge.model.units import NS_PER_S

_HANDOVER: Final = "handover"
_MAINTENANCE: Final = "maintenance"
# A peer that would yield has done so long before.
_WANTED_NS: Final = 2 * NS_PER_S

_Answer = tuple[Cause | None, str]
_DONE: Final[_Answer] = (None, "")


class Orders:
    """What people want of this unit in one scan, or have asked of it through the peer."""

    def __init__(self, state: TwinState) -> None:
        self._state = state

    def step(self, inputs: TwinInputs, urgent: Cause | None) -> tuple[Cause | None, list[Event]]:
        """The change of roles that was ordered, and the refusals; `urgent` is one before it."""
        ordered: Cause | None = None
        refused: list[Event] = []
        for subject, (wish, why) in self._answers(inputs):
            first = urgent or ordered
            if wish is not None and first is None:
                ordered = wish
            elif wish is not None:
                refused.append(_refusal(inputs, subject, f"another change came first: {first}"))
            elif why:
                refused.append(_refusal(inputs, subject, why))
        return ordered, refused

    def _answers(self, inputs: TwinInputs) -> list[tuple[str, _Answer]]:
        answers = []
        if inputs.maintenance is not None:
            begins = inputs.maintenance
            answers.append((_MAINTENANCE, self._begin() if begins else self._end()))
        is_asked = self._is_asked()
        if inputs.gives_duty or is_asked:
            answers.append((_HANDOVER, self._give(inputs)))
        if inputs.wants_duty:
            answers.append((_HANDOVER, self._want(inputs)))
        if self._state.wanted_mono_ns is not None:
            answers.append((_HANDOVER, self._await(inputs.now_mono_ns)))
        return answers

    def _begin(self) -> _Answer:
        role, beat = self._state.role, linked_beat(self._state)
        if role is Role.MAINTENANCE:
            return _DONE
        if role is Role.ACTIVE:
            if is_peer_ready(self._state):
                return Cause.MAINTENANCE, ""
            return None, "nobody is ready to take over"
        if role is Role.STANDBY and beat is not None and is_on_duty(beat):
            return Cause.TAKEN_OUT, ""
        return None, f"is {role.value}, and the peer is not on duty"

    def _end(self) -> _Answer:
        return (Cause.BACK, "") if self._state.role is Role.MAINTENANCE else _DONE

    def _is_asked(self) -> bool:
        """The peer says that an operator wants the duty there: once for each time it is said."""
        beat = linked_beat(self._state)
        asked = beat is not None and beat.wants_duty
        is_new = asked and not self._state.peer_wants
        self._state.peer_wants = asked
        return is_new and self._state.role is Role.ACTIVE

    def _give(self, inputs: TwinInputs) -> _Answer:
        if self._state.role is not Role.ACTIVE:
            return None, f"is {self._state.role.value}, not active"
        if not is_peer_ready(self._state):
            return None, "nobody is ready to take over"
        if has_drift(self._state, inputs.own):
            return None, "site file, plan or version differ"
        return Cause.ORDER, ""

    def _want(self, inputs: TwinInputs) -> _Answer:
        role = self._state.role
        if role is Role.ACTIVE:
            return None, "is active already"
        if role is not Role.STANDBY or not may_take(self._state, inputs):
            return None, f"is {role.value}, not a standby that could take over"
        if has_drift(self._state, inputs.own):
            return None, "site file, plan or version differ"
        self._state.wanted_mono_ns = inputs.now_mono_ns
        return _DONE

    def _await(self, now_mono_ns: int) -> _Answer:
        wanted_mono_ns = self._state.wanted_mono_ns
        assert wanted_mono_ns is not None
        if self._state.role is Role.STANDBY and now_mono_ns - wanted_mono_ns < _WANTED_NS:
            return _DONE
        self._state.wanted_mono_ns = None
        return None, "peer did not hand over"


def is_peer_ready(state: TwinState) -> bool:
    beat = linked_beat(state)
    return beat is not None and beat.ready and beat.role is Role.STANDBY


def leave_cause(spec: TwinSpec, state: TwinState, now_mono_ns: int) -> Cause | None:
    """Of a unit on duty that was told to stop: it asks the peer, but not for long."""
    if state.leave_mono_ns is None:
        return None
    waited_ns = now_mono_ns - state.leave_mono_ns
    if is_peer_ready(state) and waited_ns < 2 * spec.yield_ns:
        return Cause.STOP
    return Cause.LEAVES


def _refusal(inputs: TwinInputs, subject: str, why: str) -> Event:
    return Event(
        inputs.now_mono_ns,
        inputs.now_utc_ns,
        EventKind.TWIN,
        subject,
        Severity.INFO,
        {"refused": True, "why": why},
    )
