"""What the peer's state takes over of everything but energy, and what stays this unit's own."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.alarms import StandingAlarm
from edge.core.controller import ControllerState
from edge.core.demand.peak import PeakState
from edge.core.demand.siteclock import ClockState
from edge.core.metering.ledger import LedgerState
from edge.core.shedding.loads import LoadState
from edge.core.shedding.reason import LoadFault
from edge.core.twin.sync_energy import EnergyTrail
from edge.core.twin.sync_relays import account, plan_digest
from edge.core.twin.sync_snapshot import snapshot
from edge.model.energy import Booking
from edge.model.order import Acknowledge, Override, OverrideMode, SetLimit, TakePlan
from edge.model.plan import Plan, PlanSlot
from edge.model.spec import ControlSpec
from edge.model.status import Stage
from edge.model.twin import Account
from tests.core.twin.sync_plant import MS, UTC_NS, Gateway, S, pulses_only
from tests.specs import BLOCK_NS, control_spec, load_spec

_BOOT_NS = 500 * S
_EDGES = [at * 400 * MS for at in range(1, 400)]
_NOW_NS = 20 * S + 50 * MS
_FAN = "fan-1"


def test_trail_splits_energy_of_others_between_its_own_instants() -> None:
    trail = EnergyTrail()
    assert trail.since_mono_ns is None
    trail.note(LedgerState(), ())
    trail.note(LedgerState(S, S), ())
    trail.note(LedgerState(11 * S, 11 * S), (Booking(S, 11 * S, 1000, 100),))
    trail.note(LedgerState(12 * S, 11 * S), (Booking(11 * S, 12 * S, 0, 0, estimated=True),))
    trail.note(LedgerState(13 * S, 13 * S), (Booking(12 * S, 13 * S, 50, 0),))
    assert trail.since_mono_ns == S
    assert [one.span for one in trail.after(4 * S, 5 * S, 14 * S)] == [
        Booking(5 * S, 11 * S, 700, 70),
        Booking(11 * S, 13 * S, 50, 0, estimated=True),
        Booking(13 * S, 14 * S, 0, 0),
    ]
    # What the peer should have seen already comes at its front; what it saw does not come at all.
    assert trail.after(4 * S, 12 * S, 12 * S)[0].span == Booking(12 * S, 12 * S, 700, 70)
    trail.note(LedgerState(15 * S, 15 * S), (Booking(13 * S, 15 * S, 0, 0),))
    assert len(trail.after(4 * S, 16 * S, 16 * S)) == 2
    assert trail.after(15 * S + 4 * MS, 15 * S, 15 * S) == []
    assert [one.span for one in trail.after(0, 15 * S, 15 * S)] == [
        Booking(15 * S, 15 * S, 1000, 100),
        Booking(15 * S, 15 * S, 50, 0),
    ]


def test_trail_gives_of_an_estimate_only_what_the_peer_has_not_metered() -> None:
    """The peer was exact at 4 s, at its last pulse, and has metered until its front."""
    trail = EnergyTrail()
    trail.note(LedgerState(S, S), ())
    trail.note(LedgerState(11 * S, 11 * S), (Booking(S, 11 * S, 500, 50, estimated=True),))
    trail.note(LedgerState(12 * S, 12 * S), (Booking(11 * S, 12 * S, 24, 0),))

    def given(front_s: int) -> list[Booking]:
        return [one.span for one in trail.after(4 * S, front_s * S, 12 * S)]

    last = Booking(11 * S, 12 * S, 24, 0)
    assert given(11) == [last]
    assert given(5) == [Booking(5 * S, 11 * S, 300, 30, estimated=True), last]


def _pair(spec: ControlSpec | None = None) -> tuple[Gateway, Gateway]:
    """Both have run for 20 s; the second one's clock is 500 s ahead."""
    spec = pulses_only() if spec is None else spec
    duty, standby = Gateway(spec, _EDGES, 0, 0), Gateway(spec, _EDGES, _BOOT_NS, 0)
    for step in range(1, 201):
        duty.scan(step * 100 * MS)
        standby.scan(step * 100 * MS)
    return duty, standby


def _adopted(duty: Gateway, standby: Gateway, *, whole: bool = False) -> ControllerState:
    assert standby.adopt(duty.tell(), _BOOT_NS, _NOW_NS, whole=whole)
    return standby.controller.state


def _plan(day: str, version: int, energy_uwh: int = 300_000_000_000) -> Plan:
    start_ns = UTC_NS - 800 * S
    slots = tuple(PlanSlot(start_ns + index * BLOCK_NS, energy_uwh + index) for index in range(48))
    return Plan(day, version, UTC_NS, f"{version:064x}", BLOCK_NS, slots)


def test_snapshot_of_eight_loads_and_two_days_of_plan_is_at_most_4_kb() -> None:
    spec = control_spec()
    loads = tuple(load_spec(f"machine-{index}", 50e3, index + 1) for index in range(8))
    duty, _ = _pair(replace(spec, shedding=replace(spec.shedding, loads=loads)))
    plans = [TakePlan(_plan(day, 1), "plan folder") for day in ("2026-09-21", "2026-09-22")]
    duty.scan(21 * S, tuple(plans))
    for second in range(22, 160):
        duty.scan(second * S)
    assert 2500 < len(duty.tell()) <= 4096


def test_orders_given_to_the_duty_hold_in_the_standby() -> None:
    duty, standby = _pair()
    limit = SetLimit(400e3, UTC_NS, UTC_NS + 900 * S, "utility")
    plan = _plan("2026-09-21", 3)
    held = Override(_FAN, OverrideMode.SHED, 600 * S, "operator")
    duty.controller.state.shedding.loads[_FAN].since_mono_ns = -200 * S
    duty.scan(20 * S + 20 * MS, (limit, TakePlan(plan, "plan folder"), held))
    state = _adopted(duty, standby)
    assert state.demand.limit.order == limit
    assert state.demand.plans.plans == [plan]
    load = state.shedding.loads[_FAN]
    assert (load.override, load.on) == (OverrideMode.SHED, False)
    assert load.override_until_mono_ns == _BOOT_NS + 620 * S + 20 * MS
    assert load.since_mono_ns == _BOOT_NS + 20 * S + 20 * MS
    assert state.shedding.settle_until_mono_ns == _BOOT_NS + 40 * S + 20 * MS


def test_order_that_the_duty_has_ended_is_ended_in_the_standby() -> None:
    duty, standby = _pair()
    limit = SetLimit(400e3, UTC_NS, UTC_NS + 900 * S, "utility")
    for gateway in (duty, standby):
        gateway.scan(20 * S + 20 * MS, (limit,))
    duty.scan(20 * S + 30 * MS, (replace(limit, limit_w=None),))
    assert _adopted(duty, standby).demand.limit.order is None


def test_plan_of_a_day_that_the_duty_has_lost_is_kept_and_a_newer_one_taken() -> None:
    duty, standby = _pair()
    kept, older, newer = (_plan("2026-09-22", 1), _plan("2026-09-21", 1), _plan("2026-09-21", 2, 5))
    standby.scan(20 * S + 20 * MS, tuple(TakePlan(plan, "x") for plan in (older, kept)))
    duty.scan(20 * S + 20 * MS, (TakePlan(newer, "x"),))
    duty.controller.state.demand.plans.missing_days = ["2026-09-20", "2026-09-22"]
    before = plan_digest(standby.controller.state)
    _adopted(duty, standby)
    book = _adopted(duty, standby).demand.plans
    assert book.plans == [newer, kept]
    assert book.missing_days == ["2026-09-20"]
    assert plan_digest(standby.controller.state) not in {before, bytes(8)}


def test_digest_is_of_the_plans_alone() -> None:
    duty, standby = _pair()
    assert plan_digest(duty.controller.state) == bytes(8)
    for gateway in (duty, standby):
        gateway.scan(20 * S + 20 * MS, (TakePlan(_plan("2026-09-21", 1), gateway.spec.site),))
    ours, theirs = plan_digest(duty.controller.state), plan_digest(standby.controller.state)
    assert ours == theirs
    assert len(ours) == 8


def test_higher_peak_of_the_month_counts_whoever_saw_it() -> None:
    duty, standby = _pair()
    high, low = PeakState("2026-09", 500e3, 1), PeakState("2026-09", 400e3, 2)
    for theirs, ours, expected in ((high, low, high), (low, high, high)):
        duty.controller.state.demand.peak = theirs
        standby.controller.state.demand.peak = ours
        assert _adopted(duty, standby).demand.peak == expected


def test_contact_and_announced_faults_of_a_load_stay_its_own() -> None:
    duty, standby = _pair()
    told, own = (g.controller.state.shedding.loads[_FAN] for g in (duty, standby))
    told.learned_w, told.fault, told.closed, told.closed_since_mono_ns = 42e3, None, True, 7 * S
    own.fault, own.override_alarm, own.closed = LoadFault.RELAY, True, False
    load = _adopted(duty, standby).shedding.loads[_FAN]
    assert (load.learned_w, load.fault, load.override_alarm) == (42e3, LoadFault.RELAY, True)
    assert (load.closed, load.closed_since_mono_ns) == (False, None)


def test_closing_of_a_contact_that_both_see_is_the_earlier_known() -> None:
    """A standby that has just begun would otherwise count the load's run from its own start."""
    duty, standby = _pair()
    told, own = (g.controller.state.shedding.loads[_FAN] for g in (duty, standby))
    told.closed, told.closed_since_mono_ns = True, 7 * S
    for closed in (None, True):
        own.closed, own.closed_since_mono_ns = closed, 519 * S
        load = _adopted(duty, standby).shedding.loads[_FAN]
        assert (load.closed, load.closed_since_mono_ns) == (True, _BOOT_NS + 7 * S)


def test_load_that_the_peer_does_not_name_stays_as_it_is() -> None:
    duty, standby = _pair()
    del duty.controller.state.shedding.loads[_FAN]
    own = standby.controller.state.shedding.loads[_FAN]
    assert isinstance(own, LoadState)
    assert _adopted(duty, standby).shedding.loads[_FAN] is own


def test_stages_come_from_the_duty_and_the_lost_policy_from_own_metering() -> None:
    duty, standby = _pair()
    told = duty.controller.state
    told.shedding.stages["demand"] = Stage.LIMIT
    told.shedding.emergency = True
    told.shedding.lost_policy_active = True
    shedding = _adopted(duty, standby).shedding
    assert shedding.stages["demand"] is Stage.LIMIT
    assert shedding.emergency
    assert not shedding.lost_policy_active
    standby.controller.state.shedding.lost_policy_active = True
    assert _adopted(duty, standby).shedding.lost_policy_active


def test_alarm_acknowledged_at_the_duty_is_silent_here_and_no_other() -> None:
    duty, standby = _pair()
    for gateway in (duty, standby):
        gateway.controller.state.alarms.standing = [
            StandingAlarm("health disk", True, False, 5),
            StandingAlarm("bus main", False, False, 6),
        ]
    standby.controller.state.alarms.standing.append(StandingAlarm("health clock", True, False, 7))
    duty.scan(20 * S + 20 * MS, (Acknowledge("operator"),))
    alarms = _adopted(duty, standby).alarms
    assert [(one.name, one.acknowledged) for one in alarms.standing] == [
        ("health disk", True),
        ("bus main", False),
        ("health clock", False),
    ]
    assert alarms.stage_acknowledged


def test_labels_follow_the_duty_up_to_a_step_and_on_joining_always() -> None:
    duty, standby = _pair()
    theirs, own = duty.controller.state.demand, standby.controller.state.demand
    theirs.sync.shift_ns = 7 * MS
    theirs.clock.anchor_utc_ns += S
    own.clock.difference_reported = True
    demand = _adopted(duty, standby).demand
    assert _offset_ns(demand.clock) == UTC_NS - _BOOT_NS + S
    assert (demand.sync.shift_ns, demand.clock.difference_reported) == (7 * MS, True)
    theirs.clock.anchor_utc_ns += 3 * S
    theirs.sync.shift_ns = 9 * MS
    demand = _adopted(duty, standby).demand
    assert _offset_ns(demand.clock) == UTC_NS - _BOOT_NS + S
    assert demand.sync.shift_ns == 7 * MS
    theirs.clock.trusted = False
    demand = _adopted(duty, standby, whole=True).demand
    assert _offset_ns(demand.clock) == UTC_NS - _BOOT_NS + 4 * S
    assert (demand.sync.shift_ns, demand.clock.trusted) == (9 * MS, False)


def _offset_ns(clock: ClockState) -> int:
    assert clock.anchor_mono_ns is not None
    return clock.anchor_utc_ns - clock.anchor_mono_ns


def test_labels_of_a_unit_that_has_not_scanned_are_not_followed_and_follow_none() -> None:
    duty, standby = _pair()
    fresh = Gateway(pulses_only(), _EDGES, _BOOT_NS, 20 * S)
    before = standby.controller.state.demand.clock
    assert standby.adopt(snapshot(fresh.controller.state), 0, _NOW_NS, whole=False)
    assert standby.controller.state.demand.clock == before
    assert fresh.adopt(duty.tell(), _BOOT_NS, _NOW_NS, whole=False)
    assert fresh.controller.state.demand.clock.anchor_mono_ns is None
    assert account(fresh.controller.state) == Account()


def test_part_of_the_state_leaves_energy_and_metering_alone() -> None:
    duty, standby = _pair()
    before = standby.controller.state
    state = _adopted(duty, standby)
    assert state.metering is before.metering
    assert state.demand.intervals is before.demand.intervals
    assert state.demand.history is before.demand.history
    running = state.demand.intervals.running
    assert running is not None
    assert account(state) == Account(running.start_utc_ns, running.import_uwh)


def test_bytes_that_are_no_state_change_nothing_and_are_told() -> None:
    duty, standby = _pair()
    for told in (b"", b"\xc1", b"\x91\x01", msgspec.msgpack.encode({"energy": None})):
        assert not standby.adopt(told, _BOOT_NS, _NOW_NS)
        assert standby.sync.trouble.startswith("the peer's state has another layout: ")
    _adopted(duty, standby)
    assert standby.sync.trouble == ""


def test_snapshot_of_a_peer_that_does_not_lead_any_more_is_forgotten() -> None:
    duty, standby = _pair()
    duty.scan(20 * S + 100 * MS)
    assert not standby.adopt(duty.tell(), _BOOT_NS, 20 * S + 110 * MS)
    standby.sync.part(standby.controller.state)
    standby.scan(20 * S + 200 * MS)
    assert not standby.adopt(None, _BOOT_NS, 20 * S + 250 * MS)


def test_adopted_state_is_one_that_a_checkpoint_can_keep() -> None:
    duty, standby = _pair()
    encoded = msgspec.msgpack.encode(_adopted(duty, standby, whole=True))
    decoded = msgspec.msgpack.decode(encoded, type=ControllerState)
    assert msgspec.msgpack.encode(decoded) == encoded
