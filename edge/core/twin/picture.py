"""The pair as this unit sees it, for people."""

from __future__ import annotations

from edge.core.twin.drift import version_text
from edge.core.twin.orders import is_peer_ready
from edge.core.twin.state import TwinState
from edge.model.twin import OwnState, PathSample, Role, TwinInputs, TwinMemory, TwinSpec
from edge.model.twin_status import PathStatus, PeerStatus, TwinStatus
from edge.model.units import NS_PER_S


def picture(
    spec: TwinSpec, state: TwinState, memory: TwinMemory, inputs: TwinInputs | None
) -> TwinStatus:
    """As of the last scan; None: there was none yet."""
    on_duty = state.role in (Role.ACTIVE, Role.YIELD)
    now_mono_ns = state.step_mono_ns
    paths = inputs.paths if inputs is not None else ()
    lines = inputs.lines if inputs is not None else ()
    return TwinStatus(
        unit=spec.unit,
        role=state.role.value,
        since_s=(now_mono_ns - state.since_mono_ns) / NS_PER_S,
        why=state.words,
        epoch=state.epoch if on_duty else memory.epoch,
        on_duty=on_duty,
        holds_bus=state.hold_mono_ns is not None,
        alone=on_duty and not is_peer_ready(state),
        grade=state.grade.name.lower(),
        why_grade=state.why_grade,
        mirror=state.mirror.value,
        peer=_peer(spec, state, inputs.own if inputs is not None else None),
        paths=tuple(_path(spec, path, now_mono_ns) for path in paths),
        ear=state.receiver.value if spec.has_witness else "",
        sent_count=sum(line.sent_count for line in lines),
        heard_count=sum(line.heard_count for line in lines),
        peer_enable=inputs.peer_enable if inputs is not None else None,
        bus_lost=state.lost_mono_ns is not None,
    )


def _peer(spec: TwinSpec, state: TwinState, own: OwnState | None) -> PeerStatus:
    if state.peer is None or own is None:
        return PeerStatus(spec.peer, heard=False)
    beat = state.peer.beat
    return PeerStatus(
        unit=spec.peer,
        heard=state.is_linked,
        age_s=(state.step_mono_ns - state.peer.received_mono_ns) / NS_PER_S,
        role=beat.role.value,
        grade=beat.grade.name.lower(),
        ready=is_peer_ready(state),
        version=version_text(beat.version),
        same_site_file=beat.site_digest == own.site_digest,
        same_plan=beat.plan_digest == own.plan_digest,
        holds_bus=beat.holds_bus,
    )


def _path(spec: TwinSpec, path: PathSample, now_mono_ns: int) -> PathStatus:
    if path.heard_mono_ns is None:
        return PathStatus(path.name, ok=False, age_s=None)
    age_ns = now_mono_ns - path.heard_mono_ns
    return PathStatus(path.name, path.can_send and age_ns <= spec.dead_ns, age_ns / NS_PER_S)
