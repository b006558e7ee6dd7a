"""What the peer's beats say: whether it is heard, and what may be believed of its last one."""

from __future__ import annotations

from typing import Final

from edge.core.twin.state import TwinState
from edge.model.twin import Beat, Role, TwinInputs, TwinMemory, TwinSpec
from edge.model.units import NS_PER_S

# A farewell tells of a process that has ended. A new one in its place listens for 3 s at least
# before it may claim unheard, so within 2 s nobody else can have come on duty over there.
_FAREWELL_NS: Final = 2 * NS_PER_S
_ON_DUTY: Final = (Role.ACTIVE, Role.YIELD)


def note_beats(spec: TwinSpec, state: TwinState, memory: TwinMemory, inputs: TwinInputs) -> None:
    """Takes in the beats of this scan; the newest one is what the peer says now."""
    for arrived in inputs.beats:
        state.peer = arrived
        memory.epoch = max(memory.epoch, arrived.beat.epoch)
        if not arrived.beat.let_go and not arrived.beat.farewell:
            state.driving_mono_ns = arrived.received_mono_ns
    now_mono_ns, peer = inputs.now_mono_ns, state.peer
    if peer is not None:
        state.is_same_site = peer.is_compatible and peer.beat.site_digest == inputs.own.site_digest
    state.is_linked = (
        peer is not None
        and not peer.beat.farewell
        and now_mono_ns - peer.received_mono_ns <= spec.dead_ns
    )
    beat = linked_beat(state)
    if beat is None:
        is_off = is_idle = said_farewell(state, now_mono_ns)
    else:
        is_off = not is_on_duty(beat)
        is_idle = is_off and beat.let_go
    state.off_mono_ns = _since(state.off_mono_ns, is_off, now_mono_ns)
    state.idle_mono_ns = _since(state.idle_mono_ns, is_idle, now_mono_ns)


def linked_beat(state: TwinState) -> Beat | None:
    """The last beat while the peer is heard, else None."""
    return state.peer.beat if state.is_linked and state.peer is not None else None


def is_on_duty(beat: Beat) -> bool:
    return beat.on_duty or beat.role in _ON_DUTY


def said_farewell(state: TwinState, now_mono_ns: int) -> bool:
    """The peer has said farewell and was not heard since."""
    peer = state.peer
    return (
        peer is not None
        and peer.beat.farewell
        and now_mono_ns - peer.received_mono_ns <= _FAREWELL_NS
    )


def is_offered(spec: TwinSpec, state: TwinState, now_mono_ns: int) -> bool:
    """The peer asks for a taker and nothing of it can come on to a line any more.

    By the sender's clock too: an offer that was long on its way may have been withdrawn since.
    """
    peer = state.peer
    if peer is None or not state.is_linked:
        return False
    sent_mono_ns = min(peer.received_mono_ns, peer.beat.mono_ns + peer.offset_ns)
    return (
        peer.beat.role is Role.YIELD
        and peer.beat.let_go
        and now_mono_ns - sent_mono_ns <= spec.lease_ns
    )


def _since(start_mono_ns: int | None, is_so: bool, now_mono_ns: int) -> int | None:
    """Since when it is so without a break, None: it is not."""
    if not is_so:
        return None
    return now_mono_ns if start_mono_ns is None else start_mono_ns
