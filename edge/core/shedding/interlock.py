"""The last word on every output: minimum and maximum times, rest, lead, essential hours, safe
value.

Wishes of the automation, of operators and of the lost policy pass through here alike. An emergency
ignores min run and max shed; nothing ignores min shed, rest, lead or essential hours.
"""

from __future__ import annotations

from edge.core.shedding.loads import Load
from edge.core.shedding.reason import MoveReason
from edge.model.order import OverrideMode


def may_switch_off(load: Load, now_mono_ns: int, emergency: bool) -> bool:
    """Whether a load that is on may go off now.

    A load is not switched off when its essential hours would begin before its min shed is over.
    """
    return not load.essential_ahead and off_wait_ns(load, now_mono_ns, emergency) <= 0


def may_switch_on(load: Load, now_mono_ns: int) -> bool:
    """Whether a load that is off may go on now."""
    return on_wait_ns(load, now_mono_ns) <= 0


def off_wait_ns(load: Load, now_mono_ns: int, emergency: bool) -> int:
    """Time until min run, rest and lead allow the load to go off; zero or below: now.

    The run counts from the command, or from the contact's closing where that was later (a
    thermostat).
    """
    state = load.state
    assert state.since_mono_ns is not None
    need_ns = load.spec.lead_ns if emergency else load.min_on_ns
    if state.acted_mono_ns is not None:
        need_ns = max(need_ns, load.rest_on_ns)
    wait_ns = state.since_mono_ns + need_ns - now_mono_ns
    if state.closed_since_mono_ns is not None and not emergency:
        wait_ns = max(wait_ns, state.closed_since_mono_ns + load.spec.min_run_ns - now_mono_ns)
    return wait_ns


def on_wait_ns(load: Load, now_mono_ns: int) -> int:
    """Time until min shed (and an absorb load's rest) allows it to go on; zero or below: now."""
    state = load.state
    assert state.since_mono_ns is not None
    need_ns = load.min_off_ns
    if state.acted_mono_ns is not None:
        need_ns = max(need_ns, load.rest_off_ns)
    return state.since_mono_ns + need_ns - now_mono_ns


def forced_on_wait_ns(load: Load, now_mono_ns: int) -> int | None:
    """Time until a load that is off goes on whatever automation wishes: its max shed is over, its
    essential hours begin, an operator ordered it to run. None: it may stay off.
    """
    by_hand_ns = 0 if load.state.override is OverrideMode.RUN else None
    found_ns = (_max_off_wait_ns(load, now_mono_ns), load.essential_wait_ns, by_hand_ns)
    waits_ns = [wait_ns for wait_ns in found_ns if wait_ns is not None]
    return max(0, min(waits_ns), on_wait_ns(load, now_mono_ns)) if waits_ns else None


def _max_off_wait_ns(load: Load, now_mono_ns: int) -> int | None:
    """Time until a load that is off has been so for its max shed; zero or below: it has."""
    if load.max_off_ns is None:
        return None
    assert load.state.since_mono_ns is not None
    return load.state.since_mono_ns + load.max_off_ns - now_mono_ns


def permit(
    load: Load,
    wish_on: bool,
    reason: MoveReason,
    now_mono_ns: int,
    emergency: bool,
) -> tuple[bool, MoveReason]:
    """What the output shall be, with the reason that holds if that is a move.

    Off for longer than max shed, or off as essential hours begin: on again, whoever wished
    otherwise.
    """
    if load.state.on:
        return wish_on or not may_switch_off(load, now_mono_ns, emergency), reason
    if not may_switch_on(load, now_mono_ns):
        return False, reason
    if load.essential_now:
        return True, MoveReason.ESSENTIAL
    max_off_wait_ns = _max_off_wait_ns(load, now_mono_ns)
    if max_off_wait_ns is not None and max_off_wait_ns <= 0 and not emergency:
        return True, MoveReason.MAX_SHED
    return wish_on, reason
