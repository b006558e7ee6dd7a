"""What differs between the two units, and what follows from it."""

from __future__ import annotations

from typing import Final

from edge.core.twin.link import linked_beat
from edge.core.twin.state import TwinState
from edge.model.twin import OwnState
from edge.model.units import NS_PER_S

# A plan that arrives at one unit is at the other with the next state; this much later it is wrong.
_PLAN_NS: Final = 5 * NS_PER_S


def has_drift(state: TwinState, own: OwnState) -> bool:
    """Anything that differs blocks a planned handover; a takeover it never blocks."""
    if state.peer is None or not state.is_same_site:
        return True
    beat = state.peer.beat
    return beat.plan_digest != own.plan_digest or beat.version != own.version


def drift_text(state: TwinState, own: OwnState, now_mono_ns: int) -> str:
    """What differs, for people; empty: nothing, or nothing that has to be told yet."""
    beat = linked_beat(state)
    if beat is None or state.peer is None:
        return ""
    if beat.version != own.version or not state.peer.is_compatible:
        return (
            f"peer runs version {version_text(beat.version)}, this unit {version_text(own.version)}"
        )
    if beat.site_digest != own.site_digest:
        return f"peer has another site file: {beat.site_digest.hex()}, here {own.site_digest.hex()}"
    if beat.plan_digest == own.plan_digest:
        state.plan_drift_mono_ns = None
        return ""
    if state.plan_drift_mono_ns is None:
        state.plan_drift_mono_ns = now_mono_ns
    if now_mono_ns - state.plan_drift_mono_ns < _PLAN_NS:
        return ""
    return f"peer has another plan: {beat.plan_digest.hex()}, here {own.plan_digest.hex()}"


def version_text(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
