"""What of the peer's state a standby takes over each second: orders, plans, labels, loads, what was
acknowledged. What this unit sees with its own inputs stays its own.
"""

from __future__ import annotations

from msgspec.structs import astuple, replace

from edge.core.alarms import AlarmState
from edge.core.demand.planbook import PlanBookState
from edge.core.demand.siteclock import SLEW_LIMIT_NS, ClockState
from edge.core.demand.tracker import DemandState
from edge.core.shedding.loads import LoadState
from edge.core.shedding.state import SheddingState
from edge.core.twin.sync_snapshot import LoadRow, Snapshot, plan_of


def demand_part(own: DemandState, told: Snapshot, *, whole: bool) -> DemandState:
    """Without its energy. `whole`: the energy will come, so its labels are the peer's."""
    theirs, peak = told.peak, own.peak
    is_higher = (theirs.month, theirs.demand_w) > (peak.month, peak.demand_w)
    demand = replace(
        own,
        limit=told.limit,
        plans=_plans(own.plans, told),
        peak=replace(theirs) if is_higher else peak,
    )
    _follow_labels(demand, told, whole=whole)
    return demand


def _plans(own: PlanBookState, told: Snapshot) -> PlanBookState:
    """The plans of the unit on duty; a day that it has none for keeps ours."""
    by_day = {plan.day: plan for plan in own.plans}
    for row in told.plans:
        known = by_day.get(row.day)
        if known is None or (known.version, known.digest) != (row.version, row.digest):
            by_day[row.day] = plan_of(row)
    missing_days = [day for day in told.missing_days if day not in by_day]
    return PlanBookState([by_day[day] for day in sorted(by_day)], missing_days)


def _follow_labels(demand: DemandState, told: Snapshot, *, whole: bool) -> None:
    """One site has one grid. What the own wall clock says of it stays the own clock's business."""
    theirs, own = told.clock, demand.clock
    if theirs.anchor_mono_ns is None:
        return
    if whole:
        demand.sync = told.sync
    else:
        if own.anchor_mono_ns is None or _differs(own, theirs):
            return
        demand.sync = replace(demand.sync, shift_ns=told.sync.shift_ns)
    demand.clock = replace(
        own,
        anchor_mono_ns=theirs.anchor_mono_ns,
        anchor_utc_ns=theirs.anchor_utc_ns,
        trusted=theirs.trusted if whole else own.trusted,
    )


def _differs(own: ClockState, theirs: ClockState) -> bool:
    assert own.anchor_mono_ns is not None
    assert theirs.anchor_mono_ns is not None
    own_offset_ns = own.anchor_utc_ns - own.anchor_mono_ns
    return abs(theirs.anchor_utc_ns - theirs.anchor_mono_ns - own_offset_ns) > SLEW_LIMIT_NS


def shedding_part(own: SheddingState, told: Snapshot) -> SheddingState:
    """Commands, ages, overrides and what was learned are the duty's. `lost_policy_active` goes with
    our own metering.
    """
    return SheddingState(
        loads={
            name: _load(load, told.loads[name]) if name in told.loads else load
            for name, load in own.loads.items()
        },
        stages=dict(told.stages),
        settle_until_mono_ns=told.settle_until_mono_ns,
        response_until_mono_ns=told.response_until_mono_ns,
        unseen_w=told.unseen_w,
        probe=told.probe,
        emergency=told.emergency,
        lost_policy_active=own.lost_policy_active,
    )


def _load(own: LoadState, told: LoadRow) -> LoadState:
    """Contact and announced faults are what we see and what our alarm board has."""
    load = LoadState(*astuple(told))
    load.fault, load.override_alarm = own.fault, own.override_alarm
    if own.closed not in {None, load.closed}:
        load.closed, load.closed_since_mono_ns = own.closed, own.closed_since_mono_ns
    return load


def alarms_part(own: AlarmState, told: Snapshot) -> AlarmState:
    """What stands is what we see ourselves; what was acknowledged there is acknowledged here."""
    acknowledged = set(told.acknowledged)
    standing = [
        replace(alarm, acknowledged=True) if alarm.name in acknowledged else alarm
        for alarm in own.standing
    ]
    return AlarmState(standing, told.stage, told.stage_acknowledged)
