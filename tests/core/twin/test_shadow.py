"""What a shadow tells, and how its decisions are compared with those of the unit on duty."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.alarms import AlarmState, StandingAlarm
from edge.core.twin.shadow import CLEAR_NS, ENERGY_NS, Divergence, shadow_events, shadow_lamps
from edge.core.twin.sync_relays import account
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.scan import AlarmOutputs, RelayCommand
from edge.model.status import Stage
from edge.model.twin import Account, Beat, Grade, RelayState, Role
from tests.core.twin.sync_plant import MS, PULSE_UWH, Gateway, pulses_only

_SPEC = pulses_only()
_CONTRACT_W = _SPEC.demand.contract_w
_EDGES = [at * 300 * MS for at in range(1, 2000)]
_LAG_UWH = round(_CONTRACT_W * 0.5 / 3.6e-3)


def _event(kind: EventKind, subject: str, **facts: Fact) -> Event:
    return Event(1, 2, kind, subject, Severity.WARNING, facts)


def test_shadow_tells_what_it_sees_and_not_what_it_would_do() -> None:
    own = [
        _event(EventKind.METER, "incomer", fault="stale"),
        _event(EventKind.SOURCE, "pulse.incomer"),
        _event(EventKind.BUS, "main"),
        _event(EventKind.CLOCK, "site"),
        _event(EventKind.SYNC, "demand"),
        _event(EventKind.INTERVAL_CLOSED, "demand"),
        _event(EventKind.SLOT_CLOSED, "plan"),
        _event(EventKind.HEALTH, "disk"),
        _event(EventKind.LOAD, "fan-1", fault="relay"),
    ]
    of_duty = [
        _event(EventKind.RELAY, "fan-1"),
        _event(EventKind.STAGE, "demand"),
        _event(EventKind.LOAD, "fan-1", fault="no_response"),
        _event(EventKind.OVERRIDE, "fan-1"),
        _event(EventKind.LIMIT, "demand_response"),
        _event(EventKind.PLAN, "2026-09-21"),
        _event(EventKind.SOURCE, "lost_policy"),
    ]
    assert shadow_events([*of_duty, *own, *of_duty]) == tuple(own)


def test_lamps_of_a_shadow_show_a_severe_fault_of_its_own_and_nothing_else() -> None:
    def lamps(name: str, *, severe: bool = True) -> AlarmOutputs:
        standing = [StandingAlarm(name, severe, acknowledged=False, since_mono_ns=0)]
        return shadow_lamps(AlarmState(standing, Stage.LIMIT))

    assert lamps("health disk") == AlarmOutputs(fault=True)
    for name in ("load fan-1", "override fan-1", "source lost_policy"):
        assert lamps(name) == AlarmOutputs()
    assert lamps("health disk", severe=False) == AlarmOutputs()


class _Watched:
    """A shadow in its scans, beside a peer that does as the test says."""

    def __init__(self) -> None:
        self.gateway = Gateway(_SPEC, _EDGES, 0, 0)
        self.divergence = Divergence(_CONTRACT_W)
        self.step = 0
        self.run(300, alike=True)

    def run(self, scans: int, *, alike: bool = False, missed: int = 0, **peer: object) -> None:
        """So many scans beside a peer with these words; one of `missed` finds both alike."""
        for index in range(scans):
            self.step += 1
            outputs = self.gateway.scan(self.step * 100 * MS)
            beat = self.beat(outputs.relays)
            if not alike and not (missed and index % missed == 0):
                beat = replace(beat, **peer)
            self.divergence.compare(self.gateway.controller, outputs.relays, beat)

    def beat(self, relays: tuple[RelayCommand, ...]) -> Beat:
        return Beat(
            Role.ACTIVE,
            1,
            Grade.FIT,
            0,
            0,
            stage=int(self.gateway.controller.verdict[0]),
            why="normal, demand 288.0 of 600.0 kW",
            account=account(self.gateway.controller.state),
            relays=tuple(RelayState(relay.shed, 0) for relay in relays),
        )

    def peer_account(self, more_uwh: int) -> Account:
        own = account(self.gateway.controller.state)
        return Account(own.start_utc_ns, own.import_uwh + more_uwh)


_SHED_FAN = (RelayState(False, 0), RelayState(False, 0), RelayState(True, 0))


def test_relays_that_differ_for_five_seconds_are_told_with_both_reasons() -> None:
    watched = _Watched()
    watched.run(49, relays=_SHED_FAN, stage=2, why="shedding:demand, demand 640.0 of 600.0 kW")
    assert watched.divergence.text == ""
    watched.run(1, relays=_SHED_FAN, stage=2, why="shedding:demand, demand 640.0 of 600.0 kW")
    text = watched.divergence.text
    head, _, theirs = text.partition("; at the peer ")
    assert head.startswith("decision: here NORMAL, nothing shed, ")
    assert head.endswith(" of 600.0 kW)")
    assert theirs.startswith("SHED, fan-1 shed, ")
    assert theirs.endswith(" kWh so far (shedding:demand, demand 640.0 of 600.0 kW)")
    assert not watched.divergence.energy_differs


def test_moment_alike_after_each_state_that_came_does_not_hide_a_difference() -> None:
    watched = _Watched()
    watched.run(60, missed=10, relays=_SHED_FAN)
    assert watched.divergence.text.startswith("decision: ")


def test_short_or_rare_differences_are_none() -> None:
    watched = _Watched()
    for _ in range(10):
        watched.run(30, relays=_SHED_FAN)
        watched.run(30, alike=True)
    assert watched.divergence.text == ""


def test_stages_one_apart_are_a_matter_of_thresholds_and_two_apart_are_not() -> None:
    watched = _Watched()
    watched.run(100, stage=1)
    assert watched.divergence.text == ""
    watched.run(50, stage=2)
    assert watched.divergence.text.startswith("decision: ")


def test_stage_that_only_a_newer_release_knows_is_told_by_its_number() -> None:
    watched = _Watched()
    watched.run(50, stage=9)
    assert "; at the peer stage 9, nothing shed, " in watched.divergence.text


def test_end_of_a_difference_is_told_after_ten_quiet_seconds() -> None:
    watched = _Watched()
    watched.run(50, relays=_SHED_FAN)
    text = watched.divergence.text
    watched.run(CLEAR_NS // (100 * MS) - 1, alike=True)
    assert watched.divergence.text == text
    watched.run(1, alike=True)
    assert watched.divergence.text == ""


def test_text_of_a_standing_difference_does_not_change() -> None:
    watched = _Watched()
    watched.run(50, relays=_SHED_FAN)
    text = watched.divergence.text
    watched.run(50, relays=_SHED_FAN, why="something else")
    assert watched.divergence.text == text


def test_energy_that_differs_by_more_than_lag_and_quantisation_is_told_after_ten_seconds() -> None:
    watched = _Watched()
    allowed_uwh = 3 * PULSE_UWH + _LAG_UWH
    for more_uwh, told in ((allowed_uwh, False), (allowed_uwh + 2 * PULSE_UWH, True)):
        for _ in range(ENERGY_NS // (100 * MS) + 2):
            watched.run(1, account=watched.peer_account(more_uwh))
        assert watched.divergence.energy_differs is told
    assert watched.divergence.text.startswith("energy of the running interval: here ")
    watched.run(101, alike=True)
    assert not watched.divergence.energy_differs


def test_energy_of_a_long_interval_may_differ_by_a_hundredth() -> None:
    watched = _Watched()
    running = watched.gateway.controller.state.demand.intervals.running
    assert running is not None
    running.import_uwh += 100_000 * PULSE_UWH
    for more_uwh, told in ((1000 * PULSE_UWH, False), (1020 * PULSE_UWH, True)):
        for _ in range(102):
            watched.run(1, account=watched.peer_account(more_uwh))
        assert watched.divergence.energy_differs is told


def test_intervals_that_are_not_the_same_are_told_and_none_is_not_compared() -> None:
    watched = _Watched()
    watched.run(120, account=Account())
    assert watched.divergence.text == ""
    watched.run(120, account=Account(5, 0))
    assert watched.divergence.energy_differs


def test_peer_that_is_not_followed_any_more_is_not_compared_with() -> None:
    watched = _Watched()
    watched.run(50, relays=_SHED_FAN)
    watched.divergence.forget()
    assert watched.divergence.text == ""
    watched.run(49, relays=_SHED_FAN)
    assert watched.divergence.text == ""


def test_peer_that_has_said_no_relays_yet_differs_in_them() -> None:
    """Commands of another number of loads are never taken for equal."""
    watched = _Watched()
    watched.run(50, relays=())
    assert watched.divergence.text.startswith("decision: ")
