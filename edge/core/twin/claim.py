"""When a unit without the duty may claim it, and how long the claim has to stand."""

from __future__ import annotations

from typing import Final

from edge.core.twin.link import linked_beat, said_farewell
from edge.core.twin.state import TwinState
from edge.core.twin.table import Cause
from edge.core.twin.witness import hears_silence, silence_ns
from edge.model.twin import Beat, Grade, Role, TwinInputs, TwinSpec
from edge.model.units import NS_PER_S

# Time for the better unit of two that both have no duty: its scan, its wait and its claim.
_BEHIND_NS: Final = NS_PER_S
_LAST_RESORT_NS: Final = 2 * NS_PER_S


def may_take(state: TwinState, inputs: TwinInputs) -> bool:
    """Fit for the duty at all, and not about to stop."""
    return state.grade > Grade.UNFIT and not inputs.leaves


def claim_cause(spec: TwinSpec, state: TwinState, inputs: TwinInputs) -> Cause | None:
    """Why the duty may be claimed now, or None."""
    now_mono_ns = inputs.now_mono_ns
    if not may_take(state, inputs):
        return None
    beat = linked_beat(state)
    if beat is not None or said_farewell(state, now_mono_ns):
        return Cause.IDLE if _is_idle(spec, state, beat, now_mono_ns) else None
    handicap_ns = _handicap_ns(state, None)
    # A unit that has been up for longer has listened before, in whatever role.
    listened_ns = now_mono_ns - min(state.since_mono_ns, state.awake_mono_ns) - handicap_ns
    if state.role is Role.LISTEN and listened_ns < spec.listen_ns:
        return None
    heard_silence_ns = silence_ns(spec, state, now_mono_ns) - handicap_ns
    is_disabled = inputs.peer_enable is False and heard_silence_ns >= spec.quiet_ns
    return Cause.SILENT if is_disabled or heard_silence_ns >= spec.silence_ns else None


def may_go_on(spec: TwinSpec, state: TwinState, inputs: TwinInputs) -> bool:
    """A claim stands as long as there is a cause for one. A peer that is heard again meanwhile, off
    duty, is no reason to begin to wait anew; the bus is taken when it has let go.
    """
    beat = linked_beat(state)
    if beat is None or state.off_mono_ns is None:
        return claim_cause(spec, state, inputs) is not None
    return may_take(state, inputs) and not _handicap_ns(state, beat)


def is_behind(spec: TwinSpec, state: TwinState, beat: Beat) -> bool:
    """Of two that claim: the better grade is ahead, then the first unit of the site file."""
    if beat.grade != state.grade:
        return beat.grade > state.grade
    return not spec.is_first


def bus_is_free(spec: TwinSpec, state: TwinState, inputs: TwinInputs) -> bool:
    """Whether a claim gives the bus along with the duty: known of the peer, or well heard."""
    now_mono_ns = inputs.now_mono_ns
    beat = linked_beat(state)
    if beat is not None or said_farewell(state, now_mono_ns):
        return beat is None or beat.let_go
    need_ns = spec.quiet_ns if inputs.peer_enable is False else spec.silence_ns
    return hears_silence(spec, state, now_mono_ns, need_ns)


def next_epoch(highest: int, is_first: bool) -> int:
    """Above every epoch seen, and never one that the other unit could choose: it has the other
    parity. Of two units that go on from the same epoch, unheard by each other, the first is ahead.
    """
    return 2 * (highest // 2 + 1) + is_first


def _is_idle(spec: TwinSpec, state: TwinState, beat: Beat | None, now_mono_ns: int) -> bool:
    """The peer says that it has no duty, for long enough; if it can not let its bus go, for longer:
    then the duty is taken without the bus.
    """
    handicap_ns = _handicap_ns(state, beat)
    return any(
        start_mono_ns is not None and now_mono_ns - start_mono_ns >= wait_ns + handicap_ns
        for start_mono_ns, wait_ns in (
            (state.idle_mono_ns, spec.quiet_ns),
            (state.off_mono_ns, spec.silence_ns),
        )
    )


def _handicap_ns(state: TwinState, beat: Beat | None) -> int:
    if state.grade is Grade.LAST_RESORT:
        return _LAST_RESORT_NS
    is_worse = beat is not None and beat.grade > state.grade and beat.role is not Role.MAINTENANCE
    return _BEHIND_NS if is_worse else 0
