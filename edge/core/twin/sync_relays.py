"""Relays, account and plan as each beat says them, and the peer's last commands at a takeover."""

from __future__ import annotations

import functools
from _blake2 import blake2s
from typing import Final

from msgspec.structs import replace

from edge.core.controller import ControllerState
from edge.core.shedding.loads import LoadState
from edge.core.shedding.reason import MoveReason
from edge.core.shedding.response import RESPONSE_NS
from edge.core.shedding.state import SheddingState
from edge.model.spec import LoadKind, LoadSpec, SheddingSpec
from edge.model.twin import Account, RelayState

_DIGEST_BYTES: Final = 8


def account(state: ControllerState) -> Account:
    """The running interval as booked."""
    running = state.demand.intervals.running
    return Account() if running is None else Account(running.start_utc_ns, running.import_uwh)


def plan_digest(state: ControllerState) -> bytes:
    """8 bytes that are equal where the plans in force are; zeros without any."""
    plans = state.demand.plans.plans
    return _digest(tuple((plan.day, plan.version, plan.digest) for plan in plans))


@functools.lru_cache(maxsize=4)
def _digest(plans: tuple[tuple[str, int, str], ...]) -> bytes:
    if not plans:
        return bytes(_DIGEST_BYTES)
    return blake2s(repr(plans).encode(), digest_size=_DIGEST_BYTES).digest()


def with_commands(
    state: SheddingState, relays: tuple[RelayState, ...], spec: SheddingSpec, said_mono_ns: int
) -> SheddingState:
    """A state in which `relays`, as the peer said them at `said_mono_ns` (our clock), are in force.

    The peer's moves since its last snapshot are waited for as own ones would be. Commands of
    another number of loads are of another site file and are left aside.
    """
    if len(relays) != len(spec.loads):
        return state
    # What the probe looked at was the peer's move or is long over.
    state = replace(state, loads=dict(state.loads), probe=None)
    for load_spec, relay in zip(spec.loads, relays, strict=True):
        since_mono_ns = said_mono_ns - relay.age_ns
        load = replace(state.loads[load_spec.name])
        state.loads[load_spec.name] = load
        on = relay.shed == (load_spec.kind is LoadKind.ABSORB)
        if on is not load.on:
            _move(load, shed=relay.shed, on=on, since_mono_ns=since_mono_ns)
            _await(state, load, load_spec, spec.settle_ns)
        load.since_mono_ns = since_mono_ns
    return state


def _move(load: LoadState, *, shed: bool, on: bool, since_mono_ns: int) -> None:
    load.on = on
    load.reason, load.limit = MoveReason.TAKEN_OVER, ""
    load.since_mono_ns = since_mono_ns
    load.moves_count += 1
    if shed:
        load.acted_mono_ns = since_mono_ns
    elif load.acted_mono_ns is not None:
        load.acted_total_ns += max(0, since_mono_ns - load.acted_mono_ns)


def _await(state: SheddingState, load: LoadState, spec: LoadSpec, settle_ns: int) -> None:
    """The move's effect on site power is still to come."""
    since_mono_ns = load.since_mono_ns
    assert since_mono_ns is not None
    settle_mono_ns = state.settle_until_mono_ns
    if settle_mono_ns is None or since_mono_ns >= settle_mono_ns:
        state.unseen_w = 0.0
    state.unseen_w += -load.learned_w if load.on else load.learned_w
    from_mono_ns = since_mono_ns + spec.lead_ns
    state.settle_until_mono_ns = max(settle_mono_ns or 0, from_mono_ns + settle_ns)
    state.response_until_mono_ns = max(
        state.response_until_mono_ns or 0, from_mono_ns + RESPONSE_NS
    )
