"""The beat that this unit sends in this scan."""

from __future__ import annotations

from typing import Final

from edge.core.twin.hold import has_let_go
from edge.core.twin.link import is_on_duty, linked_beat
from edge.core.twin.state import TwinState
from edge.model.twin import Beat, Grade, Role, TwinInputs, TwinMemory, YieldReason
from edge.model.units import NS_PER_S

# A standby has the peer's state, which comes once a second, before it offers itself.
_SETTLE_NS: Final = NS_PER_S
_ON_DUTY: Final = (Role.ACTIVE, Role.YIELD)


def make_beat(state: TwinState, memory: TwinMemory, inputs: TwinInputs) -> Beat:
    """Also counts what must be known of it later: offers and farewells."""
    own, now_mono_ns = inputs.own, inputs.now_mono_ns
    on_duty = state.role in _ON_DUTY
    let_go = has_let_go(state, inputs.lines)
    farewell = inputs.leaves and not on_duty and let_go
    if farewell:
        state.farewell_count += 1
    if state.role is Role.YIELD and let_go:
        state.offer_mono_ns = now_mono_ns
    state.number += 1
    return Beat(
        role=state.role,
        epoch=state.epoch if on_duty else memory.epoch,
        grade=state.grade,
        mono_ns=now_mono_ns,
        number=state.number,
        on_duty=on_duty,
        holds_bus=state.hold_mono_ns is not None,
        let_go=let_go,
        ready=_is_ready(state, inputs),
        farewell=farewell,
        wants_duty=state.wanted_mono_ns is not None and state.role is Role.STANDBY,
        yield_reason=state.yield_reason if state.role is Role.YIELD else YieldReason.NONE,
        site_digest=own.site_digest,
        plan_digest=own.plan_digest,
        version=own.version,
        sent_count=sum([line.sent_count for line in inputs.lines]),
        heard_count=sum([line.heard_count for line in inputs.lines]),
        stage=own.stage,
        why=own.why,
        account=own.account,
        relays=own.relays,
    )


def _is_ready(state: TwinState, inputs: TwinInputs) -> bool:
    beat = linked_beat(state)
    return (
        state.role is Role.STANDBY
        and state.grade > Grade.UNFIT
        and not inputs.leaves
        and beat is not None
        and is_on_duty(beat)
        and inputs.now_mono_ns - state.since_mono_ns >= _SETTLE_NS
    )
