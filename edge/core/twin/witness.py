"""The bus as a witness: who was heard on the RTU lines, how long they have been silent, and whether
this unit's own ear can be believed.
"""

from __future__ import annotations

from typing import Final

from edge.core.twin.link import is_on_duty, linked_beat
from edge.core.twin.state import LineState, Receiver, TwinState, latest
from edge.model.twin import LineEvidence, TwinInputs, TwinSpec

# So many queries of the peer of which none was heard: a deaf receiver. Noise alone takes some, and
# so does a worker that has just let the line go or begun to hear.
_NONE_HEARD_COUNT: Final = 6
# So many make a verdict either way.
_COMPARED_COUNT: Final = 10


def note_lines(state: TwinState, lines: tuple[LineEvidence, ...], now_mono_ns: int) -> None:
    """Takes in what the lines have shown up to this scan."""
    if len(state.lines) != len(lines):
        state.lines = [LineState(seen.line) for seen in lines]
    for line, seen in zip(state.lines, lines, strict=True):
        state.twin_mono_ns = latest(state.twin_mono_ns, seen.twin_mono_ns)
        state.stranger_mono_ns = latest(state.stranger_mono_ns, seen.stranger_mono_ns)
        state.proof_mono_ns = latest(state.proof_mono_ns, seen.proof_mono_ns)
        line.asked_mono_ns = latest(line.asked_mono_ns, seen.asked_mono_ns)
        line.proof_mono_ns = latest(line.proof_mono_ns, seen.proof_mono_ns)
        if not seen.is_open:
            line.open_mono_ns = None
        elif line.open_mono_ns is None:
            line.open_mono_ns = now_mono_ns
            # A port that has come back is worth a try at once.
            state.probe_mono_ns = None


def silence_ns(spec: TwinSpec, state: TwinState, now_mono_ns: int) -> int:
    """For how long nothing has shown that the peer may drive a line.

    A beat that does not say that it has let go counts like a query: the next one may be due.
    Without an RTU line the heartbeats' own silence is all there is.
    """
    if spec.has_witness:
        heard_mono_ns = latest(state.twin_mono_ns, state.driving_mono_ns)
        if state.peer is not None and not state.is_same_site:
            # Its polls are not in this unit's plan, so they look like a stranger's.
            heard_mono_ns = latest(heard_mono_ns, state.stranger_mono_ns)
    else:
        heard_mono_ns = state.peer.received_mono_ns if state.peer is not None else None
    return now_mono_ns - max(heard_mono_ns or 0, state.awake_mono_ns)


def hears_silence(spec: TwinSpec, state: TwinState, now_mono_ns: int, need_ns: int) -> bool:
    """Whether the silence is known of this unit's own ear: the line was open for all of it."""
    if not spec.has_witness:
        return True
    opened = [line.open_mono_ns for line in state.lines if line.open_mono_ns is not None]
    return (
        bool(opened)
        and state.receiver is not Receiver.DEAF
        and min(silence_ns(spec, state, now_mono_ns), now_mono_ns - min(opened)) >= need_ns
    )


def judge_receiver(state: TwinState, inputs: TwinInputs, was_linked: bool) -> None:
    """Compares what the peer says it has sent with what was heard of it."""
    heard = sum([seen.heard_count for seen in inputs.lines])
    beat = linked_beat(state)
    if beat is None:
        if heard < state.base_heard:
            state.base_heard = heard
        elif heard > state.base_heard and state.receiver is Receiver.DEAF:
            # Whoever hears the twin is not deaf, even with nothing to compare.
            state.receiver = Receiver.UNKNOWN
        return
    sent = beat.sent_count
    if not was_linked or sent < state.base_sent or heard < state.base_heard:
        state.base_sent, state.base_heard = sent, heard
        if not was_linked and state.receiver is Receiver.DEAF:
            state.receiver = Receiver.UNKNOWN
    if state.receiver is Receiver.DEAF and is_on_duty(beat) and not beat.holds_bus:
        # It has found by itself that its queries reach nobody: no fault of this receiver.
        state.receiver = Receiver.UNKNOWN
        state.base_sent, state.base_heard = sent, heard
    if not any(line.open_mono_ns is not None for line in state.lines):
        # A worker that starts, or a port that is missing, is no ear; that is told elsewhere.
        state.base_sent, state.base_heard = sent, heard
        return
    _compare(state, sent, heard)


def _compare(state: TwinState, sent: int, heard: int) -> None:
    sent_count, heard_count = sent - state.base_sent, heard - state.base_heard
    if sent_count >= _COMPARED_COUNT:
        # A third: of several lines, one that is heard is enough.
        is_deaf = 3 * heard_count < sent_count
        state.receiver = Receiver.DEAF if is_deaf else Receiver.PROVEN
    elif sent_count >= _NONE_HEARD_COUNT and heard_count == 0:
        state.receiver = Receiver.DEAF
    else:
        return
    state.base_sent, state.base_heard = sent, heard
