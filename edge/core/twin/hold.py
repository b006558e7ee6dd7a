"""Who may put queries on the bus: only a unit on duty, and only while echoes or replies come back.

Duty and bus are two things: a unit that loses the bus keeps the duty, on pulses, and probes the bus
rarely.
"""

from __future__ import annotations

from edge.core.twin.link import linked_beat
from edge.core.twin.state import LineState, TwinState
from edge.core.twin.witness import hears_silence
from edge.model.twin import LineEvidence, Role, TwinInputs, TwinSpec


def window_ns(spec: TwinSpec) -> int:
    """A held line may be without proof for so long: long enough for two queries at the least."""
    return max(spec.unproven_ns, 2 * spec.query_gap_ns)


def guard_ns(spec: TwinSpec) -> int:
    """After the last offer to take over: a peer that believed it has been on duty for a scan."""
    return spec.lease_ns + spec.period_ns + spec.jitter_ns


def begin_hold(state: TwinState, now_mono_ns: int) -> None:
    state.hold_mono_ns = now_mono_ns
    for line in state.lines:
        line.unproven_mono_ns = None


def end_hold(state: TwinState) -> None:
    state.hold_mono_ns = None


def judge_hold(spec: TwinSpec, state: TwinState, inputs: TwinInputs) -> None:
    """Begins, goes on with, or ends the holding of the bus, for the role that is in force now."""
    now_mono_ns = inputs.now_mono_ns
    _note_recovery(state)
    if state.role is not Role.ACTIVE:
        end_hold(state)
    elif state.hold_mono_ns is None:
        if _may_begin(spec, state, now_mono_ns):
            begin_hold(state, now_mono_ns)
    elif not _is_proven(spec, state, state.hold_mono_ns, now_mono_ns):
        end_hold(state)
        state.probe_mono_ns = now_mono_ns
        if state.lost_mono_ns is None:
            state.lost_mono_ns = now_mono_ns


def has_let_go(state: TwinState, lines: tuple[LineEvidence, ...]) -> bool:
    """Nothing of this unit can come on to a line any more."""
    return state.hold_mono_ns is None and not is_writing(lines)


def may_feed(spec: TwinSpec, state: TwinState, inputs: TwinInputs) -> bool:
    """Not while a query may come on to a line of which nobody knows that it is still ours.

    So a silence of T_q means that this unit has been reset or has let the bus go.
    """
    if not is_writing(inputs.lines):
        return True
    proof_mono_ns = state.proof_mono_ns
    return (
        state.hold_mono_ns is not None
        and proof_mono_ns is not None
        and inputs.now_mono_ns - proof_mono_ns <= spec.query_gap_ns + spec.jitter_ns
    )


def is_writing(lines: tuple[LineEvidence, ...]) -> bool:
    for line in lines:  # noqa: SIM110 -- no generator in each scan
        if line.is_writing:
            return True
    return False


def _note_recovery(state: TwinState) -> None:
    """A bus that was lost works again once any valid query or reply is heard on it."""
    lost_mono_ns = state.lost_mono_ns
    if lost_mono_ns is None:
        return
    for heard_mono_ns in (state.proof_mono_ns, state.twin_mono_ns, state.stranger_mono_ns):
        if heard_mono_ns is not None and heard_mono_ns > lost_mono_ns:
            state.lost_mono_ns = None


def _may_begin(spec: TwinSpec, state: TwinState, now_mono_ns: int) -> bool:
    if state.hold_from_mono_ns is not None and now_mono_ns < state.hold_from_mono_ns:
        return False
    if state.lost_mono_ns is not None and state.probe_mono_ns is not None:
        probe_ns = spec.probe_ns if spec.is_first else spec.probe_ns * 3 // 2
        if now_mono_ns - state.probe_mono_ns < probe_ns:
            return False
    beat = linked_beat(state)
    if beat is not None:
        return beat.let_go
    return hears_silence(spec, state, now_mono_ns, spec.silence_ns)


def _is_proven(spec: TwinSpec, state: TwinState, hold_mono_ns: int, now_mono_ns: int) -> bool:
    """At least one line shows, within the window, that this unit's queries are on the wire."""
    proven = not state.lines
    for line in state.lines:
        start_mono_ns = _unproven_since(line, hold_mono_ns)
        if now_mono_ns - start_mono_ns < window_ns(spec):
            proven = True
    return proven


def _unproven_since(line: LineState, hold_mono_ns: int) -> int:
    """From when on proof is missing: the first unproven query, or the last one asked at all."""
    asked_mono_ns, proof_mono_ns = line.asked_mono_ns, line.proof_mono_ns
    if asked_mono_ns is None or asked_mono_ns < hold_mono_ns:
        return hold_mono_ns
    if proof_mono_ns is not None and proof_mono_ns >= asked_mono_ns:
        line.unproven_mono_ns = None
        return asked_mono_ns
    first_mono_ns = line.unproven_mono_ns
    if first_mono_ns is None or (proof_mono_ns is not None and proof_mono_ns >= first_mono_ns):
        first_mono_ns = line.unproven_mono_ns = asked_mono_ns
    return first_mono_ns
