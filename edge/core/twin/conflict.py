"""Two units that both believe to have the duty, or the bus: which of them drops."""

from __future__ import annotations

from edge.core.twin.link import is_on_duty, linked_beat
from edge.core.twin.state import TwinState, is_within
from edge.core.twin.table import Cause
from edge.model.twin import Beat, Role, TwinSpec


def is_outranked(spec: TwinSpec, state: TwinState, beat: Beat) -> bool:
    """The peer, on duty like this unit, has the newer epoch; of equal ones the first unit stays."""
    if not is_on_duty(beat):
        return False
    return beat.epoch > state.epoch or (beat.epoch == state.epoch and not spec.is_first)


def conflict_cause(spec: TwinSpec, state: TwinState, now_mono_ns: int) -> Cause | None:
    """Why an ACTIVE unit must drop at once, or None. A conflict that it sits out is noted."""
    beat = linked_beat(state)
    if beat is not None:
        if is_outranked(spec, state, beat):
            return Cause.OUTRANKED
        # In YIELD it has offered the duty, and may not have heard yet that it was taken.
        if is_on_duty(beat) and beat.role is not Role.YIELD:
            state.conflict_mono_ns = now_mono_ns
        return None
    is_heard = _hears_twin_since(state, state.since_mono_ns + spec.jitter_ns)
    if not is_heard or not is_within(state.twin_mono_ns, now_mono_ns, spec.quiet_ns):
        return None
    state.conflict_mono_ns = state.twin_mono_ns
    is_holder = state.hold_mono_ns is not None
    return None if is_holder and spec.is_first else Cause.ON_BUS


def hears_double(spec: TwinSpec, state: TwinState) -> bool:
    """Queries like the twin's while the bus is held here and the peer, heard, says it let go: a
    stranger that polls as we do. One that the peer sent just before it let go does not count.
    """
    beat = linked_beat(state)
    if state.hold_mono_ns is None or beat is None or not beat.let_go:
        return False
    free_mono_ns = max(state.hold_mono_ns, state.driving_mono_ns or 0)
    return _hears_twin_since(state, free_mono_ns + spec.period_ns + spec.jitter_ns)


def _hears_twin_since(state: TwinState, start_mono_ns: int) -> bool:
    return state.twin_mono_ns is not None and state.twin_mono_ns > start_mono_ns
