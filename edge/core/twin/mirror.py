"""What the relays of a unit follow that may not have the duty."""

from __future__ import annotations

from typing import Final

from edge.core.twin.link import is_on_duty, linked_beat
from edge.core.twin.state import TwinState, is_within
from edge.model.twin import Mirror, Role, TwinSpec
from edge.model.units import NS_PER_S

_ON_DUTY: Final = (Role.ACTIVE, Role.YIELD)
# On the way to a claim the last commands stay, also where the hold is short; the unit that is last
# resort claims 2 s later than others.
_CLAIM_MARGIN_NS: Final = 5 * NS_PER_S


def judge_mirror(spec: TwinSpec, state: TwinState, now_mono_ns: int) -> None:
    """Sets ``state.mirror`` for the role that is in force now."""
    beat = linked_beat(state)
    if state.role in _ON_DUTY:
        mirror = Mirror.OWN
    elif beat is not None and is_on_duty(beat):
        # With another site file the relays may be in another order: only its own contacts count.
        mirror = Mirror.FOLLOW if state.is_same_site else Mirror.RELEASE
    elif state.kept_mono_ns is None or now_mono_ns - state.kept_mono_ns > _hold_ns(
        spec, state, now_mono_ns
    ):
        mirror = Mirror.RELEASE
    else:
        mirror = Mirror.HOLD
    if mirror is Mirror.RELEASE:
        state.kept_mono_ns = None
    elif mirror is not Mirror.HOLD:
        state.kept_mono_ns = now_mono_ns
    state.mirror = mirror


def _hold_ns(spec: TwinSpec, state: TwinState, now_mono_ns: int) -> int:
    """While the bus shows that the peer lives, as declared; in silence until somebody has claimed.

    At least one query's gap: else a peer that has just died would look alive.
    """
    alive_ns = spec.query_gap_ns + spec.period_ns + spec.jitter_ns
    if is_within(state.twin_mono_ns, now_mono_ns, alive_ns):
        return max(spec.mirror_hold_ns, alive_ns)
    return max(spec.mirror_hold_ns, spec.gap_ns_max + _CLAIM_MARGIN_NS)
