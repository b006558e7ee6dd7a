"""What a unit on duty tells of its state, packed for the link. Fields are only ever appended, so
that two releases that differ in their minor version read each other.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from edge.core.controller import ControllerState
from edge.core.demand.intervals import LedgerState
from edge.core.demand.peak import PeakState
from edge.core.demand.projection import HistoryState
from edge.core.demand.response import ResponseState
from edge.core.demand.siteclock import ClockState
from edge.core.demand.sliding import SubInterval
from edge.core.demand.sync import SyncState
from edge.core.demand.target import LimitState
from edge.core.metering.recent import RecentPower
from edge.core.shedding.loads import LoadState
from edge.core.shedding.state import Probe
from edge.model.plan import Plan, PlanSlot
from edge.model.status import Stage


class LoadRow(LoadState, array_like=True):
    """A load without the names of its fields."""


class SubRow(SubInterval, frozen=True, array_like=True):
    """A sub-interval without the names of its fields."""


class PlanRow(Struct, frozen=True, array_like=True):
    """A day's plan: its slots follow on one another, so only their energies are said."""

    day: str
    version: int
    received_utc_ns: int
    digest: str
    slot_ns: int
    start_utc_ns: int
    planned_uwh: tuple[int, ...]


class Energy(Struct, frozen=True, array_like=True):
    """The demand of the running interval and all before it that still counts. Complete until
    `front_mono_ns`; exact, not within a step, at `settled_mono_ns`.
    """

    front_mono_ns: int
    settled_mono_ns: int
    recent: RecentPower
    intervals: LedgerState
    slots: LedgerState
    response: ResponseState
    subs: tuple[SubRow, ...]
    history: HistoryState


class Snapshot(Struct, frozen=True, array_like=True):
    """The state of the unit on duty, its instants on its own clock. `energy` is None before it
    has metered any. `acknowledged` names the alarms that were, and still stand.
    """

    energy: Energy | None
    clock: ClockState
    sync: SyncState
    limit: LimitState
    plans: tuple[PlanRow, ...]
    missing_days: tuple[str, ...]
    peak: PeakState
    loads: dict[str, LoadRow]
    stages: dict[str, Stage]
    settle_until_mono_ns: int | None
    response_until_mono_ns: int | None
    unseen_w: float
    probe: Probe | None
    emergency: bool
    stage: Stage
    stage_acknowledged: bool
    acknowledged: tuple[str, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
decode_snapshot: Final = msgspec.msgpack.Decoder(Snapshot).decode


def snapshot(state: ControllerState) -> bytes:
    """The state as it is now. A site of 8 loads, 4 pulse inputs and two days of plan takes less
    than 4 kB.
    """
    demand, shedding, alarms = state.demand, state.shedding, state.alarms
    return _encode(
        Snapshot(
            energy=_energy(state),
            clock=demand.clock,
            sync=demand.sync,
            limit=demand.limit,
            plans=tuple(_row(plan) for plan in demand.plans.plans),
            missing_days=tuple(demand.plans.missing_days),
            peak=demand.peak,
            loads={name: LoadRow(*astuple(load)) for name, load in shedding.loads.items()},
            stages=shedding.stages,
            settle_until_mono_ns=shedding.settle_until_mono_ns,
            response_until_mono_ns=shedding.response_until_mono_ns,
            unseen_w=shedding.unseen_w,
            probe=shedding.probe,
            emergency=shedding.emergency,
            stage=alarms.stage,
            stage_acknowledged=alarms.stage_acknowledged,
            acknowledged=tuple(alarm.name for alarm in alarms.standing if alarm.acknowledged),
        )
    )


def plan_of(row: PlanRow) -> Plan:
    """The plan that was packed."""
    slots = tuple(
        PlanSlot(row.start_utc_ns + index * row.slot_ns, planned_uwh)
        for index, planned_uwh in enumerate(row.planned_uwh)
    )
    return Plan(row.day, row.version, row.received_utc_ns, row.digest, row.slot_ns, slots)


def _row(plan: Plan) -> PlanRow:
    return PlanRow(
        plan.day,
        plan.version,
        plan.received_utc_ns,
        plan.digest,
        plan.slot_ns,
        plan.slots[0].start_utc_ns if plan.slots else 0,
        tuple(slot.planned_uwh for slot in plan.slots),
    )


def _energy(state: ControllerState) -> Energy | None:
    demand, ledger = state.demand, state.metering.ledger
    if ledger.booked_until_mono_ns is None:
        return None
    return Energy(
        ledger.booked_until_mono_ns,
        ledger.settled_mono_ns,
        ledger.recent,
        demand.intervals,
        demand.slots,
        demand.response,
        tuple(SubRow(*astuple(sub)) for sub in demand.sliding.subs),
        demand.history,
    )
