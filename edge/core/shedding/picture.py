"""One load as people see it: position, reason, learned power and how long until it may move."""

from __future__ import annotations

from edge.core.shedding.interlock import off_wait_ns, on_wait_ns
from edge.core.shedding.loads import Load
from edge.model.status import LoadStatus
from edge.model.units import NS_PER_S


def load_status(load: Load, now_mono_ns: int, emergency: bool) -> LoadStatus:
    """Status of `load`; `on` is what its contact says, None if it has none or was not seen yet."""
    state = load.state
    since_mono_ns = state.since_mono_ns
    wait_ns = 0
    if since_mono_ns is not None:
        wait_ns = (
            off_wait_ns(load, now_mono_ns, emergency) if state.on else on_wait_ns(load, now_mono_ns)
        )
    return LoadStatus(
        name=load.name,
        shed=load.shed,
        on=state.closed,
        learned_w=state.learned_w,
        reason=state.reason,
        since_s=0.0 if since_mono_ns is None else (now_mono_ns - since_mono_ns) / NS_PER_S,
        wait_s=max(0, wait_ns) / NS_PER_S,
        override=state.override,
        fault=state.fault,
    )
