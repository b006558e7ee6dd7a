"""Thermal demand as a limit: no interval ends, so the outlook always looks equally far ahead."""

from __future__ import annotations

import math
from typing import Final

from edge.core.demand.intervals import UNKNOWN_RATIO_MAX, Closed, Ledger
from edge.core.demand.present import Present, Target
from edge.core.demand.record import DemandRecord
from edge.core.demand.response import ThermalResponse
from edge.model.outlook import LimitOutlook
from edge.model.units import NS_W_PER_UWH

# Half of a step has arrived after T x log10(2): far enough to act, near enough to let bursts pass.
HORIZON_RATIO: Final = math.log10(2.0)


class ThermalDemand:
    """`response` warms with each booking of `ledger`; each interval records its highest demand."""

    def __init__(
        self, name: str, interval_ns: int, ledger: Ledger, response: ThermalResponse
    ) -> None:
        self._name = name
        self._ledger = ledger
        self._response = response
        self._interval_ns = interval_ns
        self._horizon_ns = round(interval_ns * HORIZON_RATIO)
        self._left = math.exp(-self._horizon_ns / response.tau_ns)

    def span(self, grid_ns: int) -> tuple[int, int]:
        """Start and end label of what the present target must hold for."""
        start_utc_ns = self._ledger.start_of(grid_ns)
        return start_utc_ns, start_utc_ns + self._ledger.step_ns

    def record(self, closed: Closed) -> DemandRecord:
        """The highest demand within a closed interval, as a maximum pointer shows it."""
        return DemandRecord(
            start_utc_ns=closed.start_utc_ns,
            end_utc_ns=closed.end_utc_ns,
            energy_uwh=closed.import_uwh,
            demand_w=closed.highest_w,
            partial=closed.partial,
            estimated=closed.estimated,
        )

    def forget(self) -> None:
        """Labels do not matter to a response in monotonic time."""

    def outlook(self, present: Present, target: Target) -> LimitOutlook:
        """Demand at the horizon h: base = D exp(-h / tau), gain = 1 - exp(-h / tau)."""
        response, power = self._response, present.power
        running = self._ledger.state.running
        fresh = 1.0
        lag_ns = self._ledger.lag_ns(present.now_mono_ns)
        if lag_ns:
            fresh = math.exp(-lag_ns / response.tau_ns)
        known_w = response.demand_w * fresh
        lagging = 1.0 - fresh
        unknown = response.unknown_ratio * fresh + lagging
        error_w = present.resolution_uwh * NS_W_PER_UWH / response.tau_ns
        return LimitOutlook(
            name=self._name,
            target_w=target.target_w,
            floor_w=target.floor_w,
            binding=target.binding,
            base_w=self._left * (known_w + unknown * power.power_w),
            base_w_low=self._left * max(0.0, known_w + lagging * power.low_w - error_w),
            base_w_high=self._left * (known_w + unknown * power.high_w + error_w),
            gain_ratio=1.0 - self._left,
            interval_ns=self._interval_ns,
            elapsed_ns=self._interval_ns - self._horizon_ns,
            remaining_ns=self._horizon_ns,
            energy_uwh=0 if running is None else running.import_uwh,
            partial=response.unknown_ratio > UNKNOWN_RATIO_MAX,
        )
