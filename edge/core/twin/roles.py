"""What each role looks for in a scan. A function returns the cause of a change, which is a row of
edge.core.twin.table, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edge.core.twin.claim import claim_cause, is_behind, may_go_on, may_take
from edge.core.twin.conflict import conflict_cause, is_outranked
from edge.core.twin.drift import has_drift
from edge.core.twin.link import is_offered, is_on_duty, linked_beat, said_farewell
from edge.core.twin.orders import is_peer_ready, leave_cause
from edge.core.twin.state import TwinState
from edge.core.twin.swap import may_swap
from edge.core.twin.table import Cause
from edge.model.twin import Role, TwinInputs, TwinMemory, TwinSpec, YieldReason


def _boot(
    _spec: TwinSpec, _state: TwinState, memory: TwinMemory, _inputs: TwinInputs
) -> Cause | None:
    return Cause.KEPT_OUT if memory.maintenance else Cause.STARTED


def _listen(
    spec: TwinSpec, state: TwinState, _memory: TwinMemory, inputs: TwinInputs
) -> Cause | None:
    beat = linked_beat(state)
    if beat is not None and is_on_duty(beat):
        return Cause.ON_DUTY
    if beat is not None and beat.role is Role.CLAIM and is_behind(spec, state, beat):
        return None
    heard_mono_ns = state.twin_mono_ns
    if beat is None and heard_mono_ns is not None and heard_mono_ns > state.since_mono_ns:
        return Cause.ON_BUS
    return claim_cause(spec, state, inputs)


def _standby(
    spec: TwinSpec, state: TwinState, _memory: TwinMemory, inputs: TwinInputs
) -> Cause | None:
    taken = _taken(spec, state, inputs)
    if taken is not None:
        return taken
    beat = linked_beat(state)
    if beat is None:
        return Cause.LOST
    return None if is_on_duty(beat) else Cause.IDLE


def _suspect(
    spec: TwinSpec, state: TwinState, _memory: TwinMemory, inputs: TwinInputs
) -> Cause | None:
    taken = _taken(spec, state, inputs)
    if taken is not None:
        return taken
    beat = linked_beat(state)
    if beat is not None:
        return Cause.ON_DUTY if is_on_duty(beat) else Cause.IDLE
    return claim_cause(spec, state, inputs)


def _claim(
    spec: TwinSpec, state: TwinState, _memory: TwinMemory, inputs: TwinInputs
) -> Cause | None:
    beat = linked_beat(state)
    if beat is not None and is_on_duty(beat):
        return Cause.ON_DUTY
    if beat is not None and beat.role is Role.CLAIM and is_behind(spec, state, beat):
        return Cause.AHEAD
    if not may_go_on(spec, state, inputs):
        return Cause.ON_BUS if beat is None and may_take(state, inputs) else Cause.WITHDRAWN
    is_over = inputs.now_mono_ns - state.since_mono_ns >= spec.claim_ns
    return Cause.CLAIMED if is_over else None


def _active(
    spec: TwinSpec, state: TwinState, memory: TwinMemory, inputs: TwinInputs
) -> Cause | None:
    now_mono_ns = inputs.now_mono_ns
    cause = conflict_cause(spec, state, now_mono_ns) or leave_cause(spec, state, now_mono_ns)
    if cause is not None:
        return cause
    beat = linked_beat(state)
    if beat is None or beat.grade <= state.grade:
        state.better_mono_ns = None
        return None
    if state.better_mono_ns is None:
        state.better_mono_ns = now_mono_ns
    is_due = (
        now_mono_ns - state.better_mono_ns >= spec.grade_steady_ns
        and is_peer_ready(state)
        and not has_drift(state, inputs.own)
        and may_swap(memory, now_mono_ns)
    )
    return Cause.HEALTH if is_due else None


def _yield(
    spec: TwinSpec, state: TwinState, _memory: TwinMemory, inputs: TwinInputs
) -> Cause | None:
    beat = linked_beat(state)
    if beat is not None and is_outranked(spec, state, beat):
        is_out = state.yield_reason is YieldReason.MAINTENANCE
        return Cause.TAKEN_OUT if is_out else Cause.TAKEN
    is_over = inputs.now_mono_ns - state.since_mono_ns >= spec.yield_ns
    return Cause.NO_TAKER if is_over else None


def _maintenance(
    _spec: TwinSpec, _state: TwinState, _memory: TwinMemory, _inputs: TwinInputs
) -> Cause | None:
    return None


def _taken(spec: TwinSpec, state: TwinState, inputs: TwinInputs) -> Cause | None:
    """The duty is there to be taken at once, and this unit may take it."""
    if not may_take(state, inputs):
        return None
    if is_offered(spec, state, inputs.now_mono_ns):
        return Cause.OFFERED
    return Cause.FAREWELL if said_farewell(state, inputs.now_mono_ns) else None


_Look = Callable[[TwinSpec, TwinState, TwinMemory, TwinInputs], Cause | None]

LOOKS: Final[dict[Role, _Look]] = {
    Role.BOOT: _boot,
    Role.LISTEN: _listen,
    Role.STANDBY: _standby,
    Role.SUSPECT: _suspect,
    Role.CLAIM: _claim,
    Role.ACTIVE: _active,
    Role.YIELD: _yield,
    Role.MAINTENANCE: _maintenance,
}
