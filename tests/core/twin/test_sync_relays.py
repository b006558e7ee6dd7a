"""A takeover moves no relay by itself: the peer's commands are in force, with their ages."""

from __future__ import annotations

import copy

import msgspec
import pytest
from msgspec.structs import replace

from edge.core.controller import ControllerState
from edge.core.shedding.reason import MoveReason
from edge.core.shedding.state import SheddingState
from edge.core.twin.sync import StateSync
from edge.core.twin.sync_relays import with_commands
from edge.model.event import EventKind
from edge.model.order import Override, OverrideMode
from edge.model.scan import RelayCommand
from edge.model.spec import ControlSpec, LoadKind
from edge.model.twin import RelayState
from tests.core.twin.sync_plant import MS, Gateway, S, pulses_only
from tests.specs import load_spec

_BOOT_NS = 500 * S
# Power in kW for 100 s each, at 24 Wh a pulse: loads go one after the other and come back.
_POWERS_KW = (500, 650, 700, 620, 560, 450, 400, 640, 500, 580)
_EDGES = [
    step * 100 * S + round(at * 86_400_000 / power_kw) * 1000
    for step, power_kw in enumerate(_POWERS_KW)
    for at in range(1, power_kw * 100 // 86)
    if at * 86.4 / power_kw < 100
]


def _spec() -> ControlSpec:
    """The three loads of the site with short times, and one that absorbs."""
    spec = pulses_only()
    brisk = [
        replace(one, min_shed_ns=20 * S, min_run_ns=10 * S, rest_ns=5 * S)
        for one in spec.shedding.loads
    ]
    heater = replace(load_spec("heater", 30e3, 1), kind=LoadKind.ABSORB, safe_shed=False)
    shedding = replace(spec.shedding, loads=(*brisk, heater), settle_ns=5 * S, mask_ns=0)
    return replace(spec, shedding=shedding)


_SPEC = _spec()


def _relays(gateway: Gateway, at_ns: int) -> tuple[RelayState, ...]:
    return gateway.controller.relay_states(at_ns + gateway.boot_ns)


def _take_over(standby: Gateway, relays: tuple[RelayState, ...], said_ns: int) -> None:
    state = standby.sync.take_over(
        standby.controller.state, relays, _SPEC.shedding, said_ns + _BOOT_NS
    )
    standby.controller = standby.controller.continued(state)


def test_takeover_moves_no_relay_at_any_phase() -> None:
    """At many instants of a run in which loads go and come back, with a state that is up to four
    seconds old: what is commanded then and in the next scan is what the peer commands.
    """
    duty, standby = Gateway(_SPEC, _EDGES, 0, 0), Gateway(_SPEC, _EDGES, _BOOT_NS, 0)
    commands = set()
    for now_ns in range(S, 990 * S, S):
        duty.scan(now_ns)
        if now_ns // S % 5 == 0:
            assert standby.adopt(duty.tell(), _BOOT_NS, now_ns, whole=False)
        standby.scan(now_ns)
        if now_ns // S % 3:
            continue
        relays = _relays(duty, now_ns)
        state = standby.sync.take_over(
            _copied(standby.controller.state), relays, _SPEC.shedding, now_ns + _BOOT_NS
        )
        survivor = _another(standby, state)
        assert survivor.controller.relays == duty.controller.relays
        assert _relays(survivor, now_ns) == relays
        dead = _another(duty, _copied(duty.controller.state))
        expected = dead.scan(now_ns + 100 * MS).relays
        assert survivor.scan(now_ns + 100 * MS).relays == expected
        commands.add(expected)
    assert len(commands) >= 4


def _copied(state: ControllerState) -> ControllerState:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=ControllerState)


def _another(gateway: Gateway, state: ControllerState) -> Gateway:
    """Another gateway at the same place in the same plant, to be led astray."""
    other = copy.copy(gateway)
    other.sync = StateSync()
    other.controller = gateway.controller.continued(state)
    return other


def test_move_that_came_after_the_last_snapshot_is_in_force_and_awaited() -> None:
    duty, standby = Gateway(_SPEC, _EDGES, 0, 0), Gateway(_SPEC, _EDGES, _BOOT_NS, 0)
    for second in range(1, 30):
        duty.scan(second * S)
        standby.scan(second * S)
    assert standby.adopt(duty.tell(), _BOOT_NS, 29 * S, whole=False)
    states = list(_relays(duty, 30 * S))
    states[2] = RelayState(True, 400 * MS)
    _take_over(standby, tuple(states), 30 * S)
    shedding = standby.controller.state.shedding
    load = shedding.loads["fan-1"]
    assert (load.on, load.reason, load.limit) == (False, MoveReason.TAKEN_OVER, "")
    moved_mono_ns = _BOOT_NS + 29_600 * MS
    assert (load.since_mono_ns, load.acted_mono_ns) == (moved_mono_ns, moved_mono_ns)
    assert shedding.settle_until_mono_ns == moved_mono_ns + 5 * S
    assert shedding.response_until_mono_ns == moved_mono_ns + 5 * S
    assert shedding.unseen_w == load.learned_w
    assert shedding.probe is None
    # Its min shed holds from the peer's move on, whatever an operator wishes.
    run = Override("fan-1", OverrideMode.RUN, 600 * S, "operator")
    moved: list[int] = []
    for step in range(1, 300):
        outputs = standby.scan(30 * S + step * 100 * MS, (run,) if step == 1 else ())
        if RelayCommand("fan-1", shed=False) in outputs.relays:
            moved.append(30 * S + step * 100 * MS)
            break
    assert moved == [29_600 * MS + 20 * S]


def test_moves_of_one_time_are_awaited_together_and_a_return_counts_its_time_off() -> None:
    standby = Gateway(_SPEC, _EDGES, 0, 0)
    state = standby.controller.state.shedding
    fan, chiller = state.loads["fan-1"], state.loads["chiller-1"]
    fan.on, fan.acted_mono_ns = False, 50 * S
    state.settle_until_mono_ns, state.response_until_mono_ns = 130 * S, 120 * S
    state.unseen_w = 7e3
    relays = (
        RelayState(True, 5 * S),
        RelayState(False, 80 * S),
        RelayState(False, 4 * S),
        RelayState(True, 3 * S),
    )
    after = with_commands(state, relays, _SPEC.shedding, 100 * S)
    assert after.unseen_w == 7e3 + chiller.learned_w - fan.learned_w - 30e3
    assert after.settle_until_mono_ns == 130 * S
    assert after.loads["fan-1"].acted_total_ns == 46 * S
    assert after.loads["chiller-1"].acted_mono_ns == 95 * S
    assert (after.loads["heater"].on, after.loads["heater"].moves_count) == (True, 1)
    # What was given stays as it was.
    assert (chiller.on, fan.on, state.unseen_w) == (True, False, 7e3)


def test_return_of_a_load_that_was_never_shed_counts_no_time() -> None:
    state = SheddingState(loads=Gateway(_SPEC, [], 0, 0).controller.state.shedding.loads)
    state.loads["fan-1"].on = False
    relays = tuple(RelayState(False, 0) for _ in _SPEC.shedding.loads)
    after = with_commands(state, relays, _SPEC.shedding, S)
    assert (after.loads["fan-1"].on, after.loads["fan-1"].acted_total_ns) == (True, 0)


@pytest.mark.parametrize("count", [0, 3])
def test_commands_of_another_site_file_are_left_aside(count: int) -> None:
    state = Gateway(_SPEC, [], 0, 0).controller.state.shedding
    assert with_commands(state, (RelayState(True, 0),) * count, _SPEC.shedding, S) is state


def test_takeover_without_any_snapshot_goes_on_from_its_own_state() -> None:
    duty, standby = Gateway(_SPEC, _EDGES, 0, 0), Gateway(_SPEC, _EDGES, _BOOT_NS, 0)
    for second in range(1, 30):
        duty.scan(second * S)
        standby.scan(second * S)
    own = standby.controller.state
    _take_over(standby, _relays(duty, 29 * S), 29 * S)
    assert standby.controller.state.demand is own.demand
    assert standby.controller.relays == duty.controller.relays


def test_takeover_while_a_snapshot_waits_takes_it_with_its_energy() -> None:
    duty = Gateway(_SPEC, _EDGES, 0, 0)
    standby = Gateway(_SPEC, _EDGES, _BOOT_NS, 20 * S)
    for second in range(1, 30):
        duty.scan(second * S)
        if second > 20:
            standby.scan(second * S - 50 * MS)
    assert not standby.adopt(duty.tell(), _BOOT_NS, 29 * S + 20 * MS)
    _take_over(standby, _relays(duty, 29 * S), 29 * S)
    assert standby.running_uwh == duty.running_uwh
    events = standby.scan(29_100 * MS).events
    duty.scan(29_100 * MS)
    assert standby.running_uwh == duty.running_uwh
    assert [event for event in events if event.kind is EventKind.RELAY] == []
