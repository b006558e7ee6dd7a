"""Holds the filed plan: accounts energy by plan slot, settles what closes, and is a limit itself.

The plan's target and floor are metered power, so that losses and allowed deviation are in them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from edge.core.demand.block import BlockDemand
from edge.core.demand.imbalance import Imbalance, settle
from edge.core.demand.intervals import Closed, Ledger, LedgerState
from edge.core.demand.planbook import PlanBook, PlanBookState
from edge.core.demand.present import Present, Target
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import TakePlan
from edge.model.outlook import LimitOutlook
from edge.model.scan import ScanInputs
from edge.model.spec import PlanSpec
from edge.model.units import NS_PER_S, UWH_PER_KWH, energy_uwh, mean_power_w

_ANY_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


class PlanSlots:
    """Slots of the plan on the demand interval's grid, held below `contract_w` at most."""

    def __init__(
        self,
        spec: PlanSpec,
        timezone: tzinfo,
        hold_ns: int,
        contract_w: float,
        state: LedgerState,
        plans: PlanBookState,
    ) -> None:
        # Slots begin at local midnight. Clocks change by whole slots, so any day's offset does.
        offset = _ANY_DAY.astimezone(timezone).utcoffset() or timedelta()
        alignment_ns = -int(offset.total_seconds()) * NS_PER_S % spec.slot_ns
        self.ledger = Ledger(spec.slot_ns, alignment_ns, hold_ns, state)
        self._spec = spec
        self._contract_w = contract_w
        self._book = PlanBook(spec.slot_ns, timezone, plans)
        self._block = BlockDemand("plan", self.ledger)
        self._start_utc_ns = -1
        self._target: Target | None = None

    def take(
        self, order: TakePlan, inputs: ScanInputs, site_utc_ns: int, events: list[Event]
    ) -> None:
        """Put a plan into force, from the present slot on."""
        event = self._book.take(order, inputs, site_utc_ns)
        if event is not None:
            events.append(event)
            self._start_utc_ns = -1

    def outlook(
        self, present: Present, inputs: ScanInputs, site_utc_ns: int, events: list[Event]
    ) -> LimitOutlook | None:
        """The plan's limit at this instant; None where there is no plan to hold."""
        start_utc_ns = self.ledger.start_of(present.grid_ns)
        if start_utc_ns != self._start_utc_ns:
            self._start_utc_ns = start_utc_ns
            self._target = self._slot_target(start_utc_ns)
            self._book.watch(inputs, site_utc_ns, events)
        return None if self._target is None else self._block.outlook(present, self._target)

    def imbalance(self, present: Present) -> Imbalance | None:
        """How the present slot will settle if power stays; None without a plan for it."""
        planned_uwh = self._book.planned_uwh(self.ledger.start_of(present.grid_ns))
        if planned_uwh is None:
            return None
        outlook = self._block.outlook(present, Target(self._contract_w, "contract"))
        projected_w = outlook.projected_w(present.power.power_w)
        return settle(self._spec, energy_uwh(projected_w, self._spec.slot_ns), planned_uwh)

    def settled(self, closed: Closed, inputs: ScanInputs) -> Event:
        """The journal's entry of a closed slot; what a partial one deviates is not known."""
        spec = self._spec
        planned_uwh = self._book.planned_uwh(closed.start_utc_ns)
        facts: dict[str, Fact] = {
            "start_utc_ns": closed.start_utc_ns,
            "end_utc_ns": closed.end_utc_ns,
            "metered_uwh": closed.import_uwh,
            "metered_kwh": closed.import_uwh / UWH_PER_KWH,
            "planned_kwh": None if planned_uwh is None else planned_uwh / UWH_PER_KWH,
            "partial": closed.partial,
            "estimated": closed.estimated,
        }
        severity = Severity.INFO
        if planned_uwh is not None and not closed.partial:
            result = settle(spec, closed.import_uwh, planned_uwh)
            facts |= imbalance_facts(result, spec.currency)
            severity = Severity.INFO if result.allowed else Severity.WARNING
        return Event(
            inputs.now_mono_ns, inputs.now_utc_ns, EventKind.SLOT_CLOSED, "plan", severity, facts
        )

    def _slot_target(self, start_utc_ns: int) -> Target | None:
        spec = self._spec
        planned_uwh = self._book.planned_uwh(start_utc_ns)
        if planned_uwh is None or not (spec.hold_over or spec.hold_under):
            return None
        metered_w = mean_power_w(planned_uwh, spec.slot_ns) * (1.0 - spec.loss_ratio)
        target_w, binding = self._contract_w, "contract"
        if spec.hold_over:
            target_w, binding = metered_w * (1.0 + spec.over_ratio_allowed), "plan"
        floor_w = metered_w * (1.0 - spec.under_ratio_allowed) if spec.hold_under else None
        return Target(target_w, binding, floor_w)


def imbalance_facts(result: Imbalance, currency: str) -> dict[str, Fact]:
    """A settlement as facts of an event."""
    return {
        "settled_kwh": result.settled_uwh / UWH_PER_KWH,
        "deviation_uwh": result.deviation_uwh,
        "deviation_kwh": result.deviation_uwh / UWH_PER_KWH,
        "direction": result.direction,
        "allowed": result.allowed,
        "cost_low": result.cost_low,
        "cost_high": result.cost_high,
        "currency": currency,
    }
