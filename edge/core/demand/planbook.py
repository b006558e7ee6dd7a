"""The plans in force: takes new versions, finds a slot's plan, warns of a day that has none.

Judges no file: what arrives here was accepted by `read_plan`.
"""

from __future__ import annotations

from datetime import timedelta, tzinfo
from typing import Final

from msgspec import Struct

from edge.core.demand.localtime import local_datetime
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import TakePlan
from edge.model.plan import Plan
from edge.model.scan import ScanInputs
from edge.model.units import NS_PER_HOUR, UWH_PER_KWH

# Yesterday, today and a week ahead with a day to spare.
PLAN_DAYS_MAX: Final = 10
# A missing plan is reported so long before its day: time to file one before the first gate closes.
MISSING_LEAD_NS: Final = 3 * NS_PER_HOUR


class PlanBookState(Struct):
    """Plans by day, oldest first, and the days that were reported as missing theirs."""

    plans: list[Plan] = []
    missing_days: list[str] = []


class PlanBook:
    """Plans of slots of `slot_ns`."""

    def __init__(self, slot_ns: int, timezone: tzinfo, state: PlanBookState) -> None:
        self._slot_ns = slot_ns
        self._timezone = timezone
        self._state = state
        self._planned: dict[int, int] = {}
        self._index()

    def planned_uwh(self, start_utc_ns: int) -> int | None:
        """Planned energy of the slot that starts then, None without a plan."""
        return self._planned.get(start_utc_ns)

    def take(self, order: TakePlan, inputs: ScanInputs, site_utc_ns: int) -> Event | None:
        """Put a plan into force; None when it is in force already, as any version."""
        state, plan = self._state, order.plan
        self._forget_old(site_utc_ns)
        known = next((known for known in state.plans if known.day == plan.day), None)
        if known is not None and _is_same(known, plan):
            return None
        facts: dict[str, Fact] = {
            "version": plan.version,
            "digest": plan.digest,
            "slots": len(plan.slots),
            "planned_kwh": sum(slot.planned_uwh for slot in plan.slots) / UWH_PER_KWH,
            "who": order.who,
        }
        refusal = self._refusal(plan, known, site_utc_ns)
        if refusal is not None:
            return _event(inputs, plan.day, Severity.WARNING, facts | {"refused": refusal})
        others = [other for other in state.plans if other.day != plan.day]
        state.plans = sorted([*others, plan], key=lambda one: one.day)
        self._index()
        if plan.day in state.missing_days:
            state.missing_days.remove(plan.day)
            facts |= {"reason": "missing", "cleared": True}
        return _event(inputs, plan.day, Severity.INFO, facts)

    def watch(self, inputs: ScanInputs, site_utc_ns: int, events: list[Event]) -> None:
        """Warn once of each day without a plan, from some hours before it begins."""
        state = self._state
        self._forget_old(site_utc_ns)
        today = self._day(site_utc_ns)
        soon = self._day(site_utc_ns + MISSING_LEAD_NS)
        planned = {plan.day for plan in state.plans}
        for day in dict.fromkeys((today, soon)):
            if day not in planned and day not in state.missing_days:
                state.missing_days.append(day)
                events.append(_event(inputs, day, Severity.WARNING, {"reason": "missing"}))

    def _refusal(self, plan: Plan, known: Plan | None, site_utc_ns: int) -> str | None:
        if plan.slot_ns != self._slot_ns:
            return "slot_length"
        if plan.day < self._oldest_day(site_utc_ns):
            return "day_is_over"
        if known is None:
            return "too_many_days" if len(self._state.plans) >= PLAN_DAYS_MAX else None
        # The archive that counts versions may have been lost; its clock then tells which is newer.
        older = plan.version <= known.version and plan.received_utc_ns <= known.received_utc_ns
        return "older_version" if older else None

    def _day(self, utc_ns: int) -> str:
        return local_datetime(utc_ns, self._timezone).date().isoformat()

    def _oldest_day(self, site_utc_ns: int) -> str:
        """Yesterday is kept: its last slots may close late."""
        today = local_datetime(site_utc_ns, self._timezone).date()
        return (today - timedelta(days=1)).isoformat()

    def _forget_old(self, site_utc_ns: int) -> None:
        state = self._state
        oldest = self._oldest_day(site_utc_ns)
        if any(plan.day < oldest for plan in state.plans):
            state.plans = [plan for plan in state.plans if plan.day >= oldest]
            self._index()
        state.missing_days = [day for day in state.missing_days if day >= oldest]

    def _index(self) -> None:
        self._planned = {
            slot.start_utc_ns: slot.planned_uwh for plan in self._state.plans for slot in plan.slots
        }


def _is_same(known: Plan, plan: Plan) -> bool:
    """The same bytes with the same meaning; each unit's archive counts versions by itself."""
    return known.digest == plan.digest and known.slots == plan.slots


def _event(inputs: ScanInputs, day: str, severity: Severity, facts: dict[str, Fact]) -> Event:
    return Event(inputs.now_mono_ns, inputs.now_utc_ns, EventKind.PLAN, day, severity, facts)
