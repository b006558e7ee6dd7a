"""One scan of demand: labels, intervals, present power, and where each limit is heading.

Puts the parts of this package in order; decides on no load. The state is advanced in place.
"""

from __future__ import annotations

from datetime import tzinfo

from msgspec import Struct, field

from edge.core.demand.block import BlockDemand
from edge.core.demand.imbalance import Imbalance
from edge.core.demand.intervals import Closed, Ledger, LedgerState
from edge.core.demand.localtime import LocalClock
from edge.core.demand.peak import MonthPeak, PeakState
from edge.core.demand.planbook import PlanBookState
from edge.core.demand.present import Present, Target
from edge.core.demand.projection import HistoryState, PowerEstimator
from edge.core.demand.record import DemandRecord
from edge.core.demand.response import ResponseState, ThermalResponse
from edge.core.demand.siteclock import ClockState, SiteClock
from edge.core.demand.sliding import SlidingDemand, SlidingState
from edge.core.demand.slots import PlanSlots
from edge.core.demand.sync import IntervalSync, SyncState, Verdict
from edge.core.demand.target import LimitState, Targets
from edge.core.demand.thermal import ThermalDemand
from edge.model.energy import MeteringStep
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import SetLimit, TakePlan
from edge.model.outlook import LimitOutlook, LocalMoment, PowerEstimate
from edge.model.scan import ScanInputs
from edge.model.spec import DemandMethod, DemandSpec, PlanSpec, ProjectionSpec
from edge.model.units import NS_PER_S, UWH_PER_KWH, W_PER_KW


class DemandState(Struct):
    """All that demand keeps from one scan to the next."""

    clock: ClockState = field(default_factory=ClockState)
    sync: SyncState = field(default_factory=SyncState)
    intervals: LedgerState = field(default_factory=LedgerState)
    response: ResponseState = field(default_factory=ResponseState)
    sliding: SlidingState = field(default_factory=SlidingState)
    slots: LedgerState = field(default_factory=LedgerState)
    history: HistoryState = field(default_factory=HistoryState)
    limit: LimitState = field(default_factory=LimitState)
    plans: PlanBookState = field(default_factory=PlanBookState)
    peak: PeakState = field(default_factory=PeakState)


class DemandStep(Struct, frozen=True):
    """What shedding needs: the limits, present power (None: unknown) and local time.

    `site_utc_ns` is the site's time that labels intervals; `label_trusted` is False until a
    believed clock has agreed with it.
    """

    limits: tuple[LimitOutlook, ...]
    power: PowerEstimate | None
    local: LocalMoment
    site_utc_ns: int
    label_trusted: bool


class DemandTracker:
    """Demand of one site. Given a state it continues from there, else it begins."""

    def __init__(
        self,
        demand: DemandSpec,
        projection: ProjectionSpec,
        plan: PlanSpec | None,
        timezone: tzinfo,
        state: DemandState,
    ) -> None:
        self._state = state
        self._clock = SiteClock(state.clock)
        self._ledger, self._method = _method(demand, state)
        self._sync = IntervalSync(
            demand.interval_ns, demand.eoi_window_ns, self._ledger, state.sync
        )
        self._estimator = PowerEstimator(projection, demand.contract_w, state.history)
        self._targets = Targets(demand, timezone, state.limit)
        self._target: Target | None = None
        self._target_span = (0, 0)
        self._local = LocalClock(timezone)
        self._peak = MonthPeak(timezone, state.peak)
        self._unknown_power = PowerEstimate(demand.contract_w / 2, 0.0, demand.contract_w)
        self._present: Present | None = None
        self._slots: PlanSlots | None = None
        if plan is not None:
            self._slots = PlanSlots(
                plan, timezone, demand.eoi_window_ns, demand.contract_w, state.slots, state.plans
            )

    def step(self, inputs: ScanInputs, metering: MeteringStep) -> tuple[DemandStep, list[Event]]:
        """One scan, with what metering has made of the same inputs."""
        events: list[Event] = []
        self._follow_clock(inputs, events)
        site_utc_ns = inputs.now_mono_ns + self._clock.offset_ns
        self._take_orders(inputs, site_utc_ns, events)
        self._account(inputs, metering, events)
        power = self._estimator.step(metering, inputs.now_mono_ns)
        present = self._present = Present(
            now_mono_ns=inputs.now_mono_ns,
            grid_ns=site_utc_ns - self._state.sync.shift_ns,
            power=self._unknown_power if power is None else power,
            resolution_uwh=metering.resolution_uwh,
        )
        limits = self._limits(present, inputs, site_utc_ns, events)
        local = self._local.moment(site_utc_ns)
        return DemandStep(limits, power, local, site_utc_ns, self._clock.trusted), events

    def imbalance(self) -> Imbalance | None:
        """How the present plan slot will settle if power stays; None without a plan for it."""
        if self._slots is None or self._present is None:
            return None
        return self._slots.imbalance(self._present)

    def _follow_clock(self, inputs: ScanInputs, events: list[Event]) -> None:
        if self._clock.step(inputs, events):
            self._sync.forget()
            self._record(self._ledger.relabel(), inputs, events)
            self._method.forget()
            self._relabel_slots(inputs, events)
        verdicts = self._sync.step(inputs, self._clock.offset_ns, events)
        if Verdict.ADOPTED in verdicts:
            self._method.forget()
            self._relabel_slots(inputs, events)
        elif self._slots is not None and Verdict.ACCEPTED in verdicts:
            self._slots.ledger.reopen(self._state.sync.synced_utc_ns)

    def _relabel_slots(self, inputs: ScanInputs, events: list[Event]) -> None:
        if self._slots is not None:
            self._settle(self._slots, self._slots.ledger.relabel(), inputs, events)

    def _take_orders(self, inputs: ScanInputs, site_utc_ns: int, events: list[Event]) -> None:
        for order in inputs.orders:
            if isinstance(order, SetLimit):
                events.append(self._targets.take(order, inputs, site_utc_ns))
                self._target = None
            elif isinstance(order, TakePlan) and self._slots is not None:
                self._slots.take(order, inputs, site_utc_ns, events)
        self._targets.expire(inputs, site_utc_ns, events)

    def _account(self, inputs: ScanInputs, metering: MeteringStep, events: list[Event]) -> None:
        sync = self._state.sync
        taken = (
            metering.bookings,
            metering.known_until_mono_ns,
            self._clock.offset_ns - sync.shift_ns,
            sync.synced_utc_ns,
        )
        self._record(self._ledger.step(*taken), inputs, events)
        if self._slots is not None:
            self._settle(self._slots, self._slots.ledger.step(*taken), inputs, events)

    def _limits(
        self, present: Present, inputs: ScanInputs, site_utc_ns: int, events: list[Event]
    ) -> tuple[LimitOutlook, ...]:
        span = self._method.span(present.grid_ns)
        if self._target is None or span != self._target_span:
            self._target_span = span
            self._target = self._targets.strictest(*span)
        demand = self._method.outlook(present, self._target)
        if self._slots is None:
            return (demand,)
        plan = self._slots.outlook(present, inputs, site_utc_ns, events)
        return (demand,) if plan is None else (demand, plan)

    def _record(self, closed: list[Closed], inputs: ScanInputs, events: list[Event]) -> None:
        for one in closed:
            record = self._method.record(one)
            target = self._targets.strictest(one.start_utc_ns, one.end_utc_ns)
            peak = self._peak.take(record)
            over = not record.partial and record.demand_w > target.target_w
            facts = _facts(one, record, target)
            facts["peak_of_month"] = peak
            facts["label_trusted"] = self._clock.trusted
            severity = Severity.WARNING if over else Severity.INFO
            events.append(
                Event(
                    inputs.now_mono_ns,
                    inputs.now_utc_ns,
                    EventKind.INTERVAL_CLOSED,
                    "demand",
                    severity,
                    facts,
                )
            )

    def _settle(
        self, slots: PlanSlots, closed: list[Closed], inputs: ScanInputs, events: list[Event]
    ) -> None:
        events.extend(slots.settled(one, inputs) for one in closed)


def _method(
    spec: DemandSpec, state: DemandState
) -> tuple[Ledger, BlockDemand | SlidingDemand | ThermalDemand]:
    step_ns = spec.subinterval_ns if spec.method is DemandMethod.SLIDING else spec.interval_ns
    response = None
    if spec.method is DemandMethod.THERMAL:
        response = ThermalResponse(spec.interval_ns, state.response)
    ledger = Ledger(step_ns, spec.alignment_ns, spec.eoi_window_ns, state.intervals, response)
    if response is not None:
        return ledger, ThermalDemand("demand", spec.interval_ns, ledger, response)
    if spec.method is DemandMethod.SLIDING:
        return ledger, SlidingDemand("demand", spec.interval_ns, ledger, state.sliding)
    return ledger, BlockDemand("demand", ledger)


def _facts(closed: Closed, record: DemandRecord, target: Target) -> dict[str, Fact]:
    """Start, end and energy are the record's (a window's, for sliding demand); `new_uwh` is what is
    in no earlier record, so that its sum is the energy of the site."""
    return {
        "start_utc_ns": record.start_utc_ns,
        "end_utc_ns": record.end_utc_ns,
        "energy_uwh": record.energy_uwh,
        "energy_kwh": record.energy_uwh / UWH_PER_KWH,
        "new_uwh": closed.import_uwh,
        "export_uwh": closed.export_uwh,
        "demand_kw": record.demand_w / W_PER_KW,
        "target_kw": target.target_w / W_PER_KW,
        "binding": target.binding,
        "length_s": closed.length_ns / NS_PER_S,
        "partial": record.partial,
        "estimated": record.estimated,
        "synced": closed.synced,
    }
