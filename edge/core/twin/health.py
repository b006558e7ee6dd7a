"""Standing conditions of the pair, told at each change only."""

from __future__ import annotations

from typing import Final, NamedTuple

from edge.core.twin.conflict import hears_double
from edge.core.twin.drift import drift_text
from edge.core.twin.grade import reset_count
from edge.core.twin.state import Receiver, TwinState, is_within
from edge.model.scan import HealthSample
from edge.model.twin import PathSample, Role, TwinInputs, TwinMemory, TwinSpec
from edge.model.units import NS_PER_S

_DOWN_NS: Final = NS_PER_S
# What comes and goes with single queries stands for so long after the last one.
_SEEN_NS: Final = 10 * NS_PER_S
_ON_DUTY: Final = (Role.ACTIVE, Role.YIELD)


class _Said(NamedTuple):
    name: str
    severe: bool
    text: str


def judge_health(
    spec: TwinSpec, state: TwinState, memory: TwinMemory, inputs: TwinInputs
) -> tuple[HealthSample, ...]:
    """What has begun or ended in this scan."""
    said = _of_pair(spec, state, memory, inputs)
    if state.is_linked:
        # With nobody there, the paths are not to blame: what stood before, stands.
        said += [_of_path(state, path, inputs.now_mono_ns) for path in inputs.paths]
    changed = []
    for one in said:
        if bool(one.text) != (one.name in state.standing):
            changed.append(HealthSample(one.name, one.severe, one.text))
            if one.text:
                state.standing[one.name] = one.text
            else:
                del state.standing[one.name]
    return tuple(changed)


def is_unheard(state: TwinState, now_mono_ns: int) -> bool:
    """For long enough to be told."""
    peer = state.peer
    heard_mono_ns = peer.received_mono_ns if peer is not None else state.awake_mono_ns
    return not state.is_linked and now_mono_ns - heard_mono_ns >= _DOWN_NS


def _of_pair(
    spec: TwinSpec, state: TwinState, memory: TwinMemory, inputs: TwinInputs
) -> list[_Said]:
    now_mono_ns = inputs.now_mono_ns
    unheard = f"{spec.peer} is not heard on any path" if is_unheard(state, now_mono_ns) else ""
    on_duty = state.role in _ON_DUTY
    is_doubled = hears_double(spec, state)
    if is_doubled:
        state.stranger_mono_ns = state.twin_mono_ns
    conflict = is_within(state.conflict_mono_ns, now_mono_ns, _SEEN_NS)
    stranger = is_within(state.stranger_mono_ns, now_mono_ns, _SEEN_NS)
    resets = reset_count(spec, memory, inputs.now_utc_ns)
    return [
        _Said("twin peer", False, "" if on_duty else unheard),
        _Said(
            "twin alone", True, f"{unheard}, nobody could take over" if on_duty and unheard else ""
        ),
        _Said("twin drift", True, drift_text(state, inputs.own, now_mono_ns)),
        _Said("twin conflict", True, f"{spec.peer} is on duty too" if conflict else ""),
        _Said("twin stranger", True, "another master polls on the bus" if stranger else ""),
        _Said(
            "twin receiver",
            False,
            f"queries of {spec.peer} are not heard on the bus"
            if state.receiver is Receiver.DEAF
            else "",
        ),
        _Said(
            "twin bus",
            False,
            "no echo and no reply to own queries" if state.lost_mono_ns is not None else "",
        ),
        _Said(
            "twin resets",
            True,
            f"{resets} watchdog resets, last resort" if resets >= spec.reset_count_max else "",
        ),
    ]


def _of_path(state: TwinState, path: PathSample, now_mono_ns: int) -> _Said:
    name = f"twin path {path.name}"
    heard_mono_ns = max(path.heard_mono_ns or 0, state.awake_mono_ns)
    if now_mono_ns - heard_mono_ns >= _DOWN_NS:
        return _Said(name, False, "no heartbeat arrives on it")
    return _Said(name, False, "" if path.can_send else "heartbeats can not be sent on it")
