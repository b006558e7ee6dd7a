"""The month's highest demand so far, which the contract bills. Partial records never count."""

from __future__ import annotations

from datetime import tzinfo

from msgspec import Struct

from edge.core.demand.localtime import local_datetime
from edge.core.demand.record import DemandRecord


class PeakState(Struct):
    """Highest demand of the local `month` (like 2026-04), and the interval that made it."""

    month: str = ""
    demand_w: float = 0.0
    start_utc_ns: int = 0
    estimated: bool = False


class MonthPeak:
    """Follows the records of one site."""

    def __init__(self, timezone: tzinfo, state: PeakState) -> None:
        self._timezone = timezone
        self._state = state

    def take(self, record: DemandRecord) -> bool:
        """Whether `record` is the highest of the month in which it began."""
        state = self._state
        if record.partial:
            return False
        month = local_datetime(record.start_utc_ns, self._timezone).strftime("%Y-%m")
        if month < state.month or (month == state.month and record.demand_w <= state.demand_w):
            return False
        state.month = month
        state.demand_w = record.demand_w
        state.start_utc_ns = record.start_utc_ns
        state.estimated = record.estimated
        return True
