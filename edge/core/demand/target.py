"""What an interval must stay below: the strictest of contract, calendar and demand-response limit.

Also takes the orders that set such a limit. Knows no energy and no plan.
"""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from edge.core.demand.localtime import local_datetime, local_utc_ns
from edge.core.demand.present import Target
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import SetLimit
from edge.model.scan import ScanInputs
from edge.model.spec import CalendarTarget, DemandSpec
from edge.model.units import W_PER_KW

_DAY: Final = timedelta(days=1)


class LimitState(Struct):
    """The demand-response limit in force or to come; kept a while for intervals that close late."""

    order: SetLimit | None = None
    ended: bool = False


class Targets:
    """Targets of the demand intervals of one site."""

    def __init__(self, spec: DemandSpec, timezone: tzinfo, state: LimitState) -> None:
        self._spec = spec
        self._timezone = timezone
        self._state = state

    def strictest(self, start_utc_ns: int, end_utc_ns: int) -> Target:
        """The target of an interval: a target that holds for any part of it holds for all of it."""
        best = Target(self._spec.contract_w, "contract")
        for entry in self._spec.calendar:
            if entry.target_w < best.target_w and self._touches(entry, start_utc_ns, end_utc_ns):
                best = Target(entry.target_w, "calendar")
        order = self._state.order
        if order is None or order.limit_w is None or order.limit_w >= best.target_w:
            return best
        if order.start_utc_ns < end_utc_ns and start_utc_ns < order.end_utc_ns:
            best = Target(order.limit_w, "limit")
        return best

    def take(self, order: SetLimit, inputs: ScanInputs, site_utc_ns: int) -> Event:
        """Put a limit into force, or end it; an order that can never hold is refused."""
        facts: dict[str, Fact] = {
            "limit_kw": None if order.limit_w is None else order.limit_w / W_PER_KW,
            "start_utc_ns": order.start_utc_ns,
            "end_utc_ns": order.end_utc_ns,
            "who": order.who,
        }
        if order.limit_w is None:
            self._state.order = None
            return _event(inputs, Severity.INFO, facts | {"cleared": True})
        refusal = _refusal(order, site_utc_ns)
        if refusal is not None:
            return _event(inputs, Severity.WARNING, facts | {"refused": refusal})
        self._state.order = order
        self._state.ended = False
        return _event(inputs, Severity.INFO, facts)

    def expire(self, inputs: ScanInputs, site_utc_ns: int, events: list[Event]) -> None:
        """Report the end of a limit once, and forget it when no interval can still need it."""
        state = self._state
        order = state.order
        if order is None or site_utc_ns < order.end_utc_ns:
            return
        if not state.ended:
            state.ended = True
            facts: dict[str, Fact] = {"end_utc_ns": order.end_utc_ns, "cleared": True}
            events.append(_event(inputs, Severity.INFO, facts))
        if site_utc_ns >= order.end_utc_ns + 2 * self._spec.interval_ns:
            state.order = None

    def _touches(self, entry: CalendarTarget, start_utc_ns: int, end_utc_ns: int) -> bool:
        """Whether `entry` holds at any instant of the interval."""
        day = local_datetime(start_utc_ns, self._timezone).date() - _DAY
        last = local_datetime(end_utc_ns, self._timezone).date()
        while day <= last:
            if _is_on(entry, day):
                from_utc_ns, until_utc_ns = self._window(entry, day)
                if from_utc_ns < end_utc_ns and start_utc_ns < until_utc_ns:
                    return True
            day += _DAY
        return False

    def _window(self, entry: CalendarTarget, day: date) -> tuple[int, int]:
        """The hours of `entry` that begin on `day`; of an hour that occurs twice, both."""
        wraps = entry.end <= entry.start
        return (
            local_utc_ns(day, entry.start, self._timezone),
            local_utc_ns(day + _DAY if wraps else day, entry.end, self._timezone, fold=1),
        )


def _is_on(entry: CalendarTarget, day: date) -> bool:
    return (
        (not entry.months or day.month in entry.months)
        and (not entry.weekdays or day.weekday() in entry.weekdays)
        and (not entry.dates or day in entry.dates)
    )


def _refusal(order: SetLimit, site_utc_ns: int) -> str | None:
    limit_w = order.limit_w
    assert limit_w is not None
    if not 0.0 <= limit_w < float("inf"):
        return "limit_out_of_range"
    if order.end_utc_ns <= order.start_utc_ns:
        return "end_before_start"
    if order.end_utc_ns <= site_utc_ns:
        return "already_over"
    return None


def _event(inputs: ScanInputs, severity: Severity, facts: dict[str, Fact]) -> Event:
    return Event(
        inputs.now_mono_ns, inputs.now_utc_ns, EventKind.LIMIT, "demand_response", severity, facts
    )
