"""The journal's entry for a change of roles, with the numbers that explain it."""

from __future__ import annotations

from edge.core.twin.state import TwinState
from edge.core.twin.table import Transition
from edge.core.twin.witness import silence_ns
from edge.model.event import Event, EventKind, Fact
from edge.model.twin import TwinInputs, TwinMemory, TwinSpec
from edge.model.units import NS_PER_S


def role_event(
    spec: TwinSpec, state: TwinState, memory: TwinMemory, inputs: TwinInputs, change: Transition
) -> Event:
    """To be made after the change. `epoch` is the newest that this unit knows of."""
    now_mono_ns, peer = inputs.now_mono_ns, state.peer
    facts: dict[str, Fact] = {
        "from": change.source.value,
        "to": change.target.value,
        "why": change.words,
        "epoch": memory.epoch,
        "grade": state.grade.name.lower(),
        "silence_s": round(silence_ns(spec, state, now_mono_ns) / NS_PER_S, 3),
        "heard_s": None,
        "peer_role": None,
    }
    if peer is not None:
        facts["heard_s"] = round((now_mono_ns - peer.received_mono_ns) / NS_PER_S, 3)
        facts["peer_role"] = peer.beat.role.value
        facts["peer_epoch"] = peer.beat.epoch
        facts["peer_grade"] = peer.beat.grade.name.lower()
    return Event(now_mono_ns, inputs.now_utc_ns, EventKind.TWIN, "role", change.severity, facts)
