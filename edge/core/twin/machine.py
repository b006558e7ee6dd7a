"""The machine of roles: takes in one scan, moves along the table at most once, says what follows.

It reads no clock and does no I/O; everything that it knows is in `state` and `memory`.
"""

from __future__ import annotations

from typing import Final

from edge.core.twin.beat import make_beat
from edge.core.twin.claim import bus_is_free, next_epoch
from edge.core.twin.grade import judge_grade
from edge.core.twin.health import judge_health
from edge.core.twin.hold import begin_hold, end_hold, guard_ns, judge_hold, may_feed
from edge.core.twin.link import is_on_duty, linked_beat, note_beats
from edge.core.twin.mirror import judge_mirror
from edge.core.twin.orders import Orders
from edge.core.twin.picture import picture
from edge.core.twin.record import role_event
from edge.core.twin.roles import LOOKS
from edge.core.twin.state import TwinState
from edge.core.twin.swap import note_swap
from edge.core.twin.table import Cause, row
from edge.core.twin.witness import judge_receiver, note_lines
from edge.model.event import Event
from edge.model.twin import (
    Role,
    TwinInputs,
    TwinMemory,
    TwinOutputs,
    TwinSpec,
    YieldReason,
)
from edge.model.twin_status import TwinStatus

_ON_DUTY: Final = (Role.ACTIVE, Role.YIELD)
# A pause that these roles have slept through proves nothing any more: they drop.
_DROPPING: Final = (Role.CLAIM, Role.ACTIVE, Role.YIELD)
_FAREWELL_COUNT: Final = 2
# A stop is never held up for longer than so many times the wait for a taker.
_LEAVE_YIELDS: Final = 4


class Twin:
    """One unit's part of the pair. `state` and `memory` may be read, copied and shifted."""

    def __init__(self, spec: TwinSpec, memory: TwinMemory, now_mono_ns: int) -> None:
        self.spec = spec
        self.memory = memory
        self.state = TwinState(now_mono_ns, now_mono_ns, now_mono_ns)
        if memory.alone:
            # Nobody else can have driven them since: they stay until somebody has the duty.
            self.state.kept_mono_ns = now_mono_ns
        self._last: TwinInputs | None = None

    def step(self, inputs: TwinInputs) -> TwinOutputs:
        """One scan; to be called before anything else of it, with all that has arrived."""
        spec, state, memory = self.spec, self.state, self.memory
        now_mono_ns = inputs.now_mono_ns
        self._last = inputs
        is_paused = now_mono_ns - state.step_mono_ns > spec.lease_ns
        state.step_mono_ns = now_mono_ns
        if is_paused or state.role is Role.BOOT:
            state.awake_mono_ns = now_mono_ns
        self._note(inputs)
        before = state.role
        cause, events = self._decide(inputs, is_paused)
        if cause is not None:
            events.append(self._move(cause, inputs))
        judge_hold(spec, state, inputs)
        judge_mirror(spec, state, now_mono_ns)
        memory.alone = state.role in _ON_DUTY and not state.is_linked
        fence = cause is Cause.PAUSED and before in _ON_DUTY
        return self._outputs(inputs, fence, tuple(events))

    def status(self) -> TwinStatus:
        """As of the last scan."""
        return picture(self.spec, self.state, self.memory, self._last)

    def _note(self, inputs: TwinInputs) -> None:
        state = self.state
        was_linked = state.is_linked
        note_beats(self.spec, state, self.memory, inputs)
        note_lines(state, inputs.lines, inputs.now_mono_ns)
        judge_receiver(state, inputs, was_linked)
        judge_grade(self.spec, state, self.memory, inputs)
        if not inputs.leaves:
            state.leave_mono_ns = None
            state.farewell_count = 0
        elif state.leave_mono_ns is None:
            state.leave_mono_ns = inputs.now_mono_ns

    def _decide(self, inputs: TwinInputs, is_paused: bool) -> tuple[Cause | None, list[Event]]:
        """Safety goes before orders; an order that comes too late is told as refused."""
        state = self.state
        if is_paused and state.role in _DROPPING:
            cause: Cause | None = Cause.PAUSED
        else:
            cause = LOOKS[state.role](self.spec, state, self.memory, inputs)
        ordered, events = Orders(state).step(inputs, cause)
        return cause or ordered, events

    def _move(self, cause: Cause, inputs: TwinInputs) -> Event:
        state, now_mono_ns = self.state, inputs.now_mono_ns
        change = row(state.role, cause)
        if change.target is Role.ACTIVE:
            self._enter_active(cause, inputs)
        elif change.target is Role.YIELD:
            state.yield_reason = YieldReason(cause.value)
            state.offer_mono_ns = None
        elif change.target is Role.MAINTENANCE:
            self.memory.maintenance = True
        elif cause is Cause.BACK:
            self.memory.maintenance = False
        elif cause is Cause.TAKEN and state.yield_reason is YieldReason.HEALTH:
            note_swap(self.spec, self.memory, now_mono_ns)
        state.role, state.since_mono_ns, state.words = change.target, now_mono_ns, change.words
        state.better_mono_ns = None
        return role_event(self.spec, state, self.memory, inputs, change)

    def _enter_active(self, cause: Cause, inputs: TwinInputs) -> None:
        spec, state, memory = self.spec, self.state, self.memory
        now_mono_ns = inputs.now_mono_ns
        end_hold(state)
        state.wanted_mono_ns = None
        if cause is Cause.NO_TAKER:
            offered_mono_ns = state.offer_mono_ns
            state.hold_from_mono_ns = (
                offered_mono_ns + guard_ns(spec) if offered_mono_ns is not None else None
            )
            return
        state.epoch = memory.epoch = next_epoch(memory.epoch, spec.is_first)
        state.hold_from_mono_ns = None
        if cause is not Cause.CLAIMED or bus_is_free(spec, state, inputs):
            begin_hold(state, now_mono_ns)
        beat = linked_beat(state)
        if beat is not None and beat.yield_reason is YieldReason.HEALTH:
            note_swap(spec, memory, now_mono_ns)

    def _outputs(self, inputs: TwinInputs, fence: bool, events: tuple[Event, ...]) -> TwinOutputs:
        spec, state = self.spec, self.state
        health = judge_health(spec, state, self.memory, inputs)
        beat = make_beat(state, self.memory, inputs)
        on_duty = state.role in _ON_DUTY
        heard = linked_beat(state)
        shares = heard is not None and state.is_same_site
        return TwinOutputs(
            role=state.role,
            on_duty=on_duty,
            may_drive_bus=state.hold_mono_ns is not None,
            may_feed=may_feed(spec, state, inputs),
            mirror=state.mirror,
            beat=beat,
            fence=fence,
            enable=not fence,
            sends_state=on_duty and shares,
            follows=shares and not on_duty and heard is not None and is_on_duty(heard),
            has_left=self._has_left(on_duty, inputs.now_mono_ns),
            events=events,
            health=health,
        )

    def _has_left(self, on_duty: bool, now_mono_ns: int) -> bool:
        state = self.state
        if state.leave_mono_ns is None:
            return False
        if now_mono_ns - state.leave_mono_ns >= _LEAVE_YIELDS * self.spec.yield_ns:
            return True
        return not on_duty and state.farewell_count >= _FAREWELL_COUNT
