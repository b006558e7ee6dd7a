"""Thermal demand: the exact exponential response of a meter that warms up with power.

Knows nothing of clocks or intervals: it is fed spans of energy in their order.
"""

from __future__ import annotations

import math

from msgspec import Struct

from edge.model.energy import Booking
from edge.model.units import NS_W_PER_UWH, mean_power_w


class ResponseState(Struct):
    """`demand_w` counts known energy only. `unknown_ratio` is the weight that power before the
    first booking (or within gaps) still has in the true demand: 1 at the start, 0.01 after two
    intervals.
    """

    demand_w: float = 0.0
    unknown_ratio: float = 1.0


class ThermalResponse:
    """D += (P - D)(1 - exp(-dt / tau)), tau = T / ln 10: 90 % of a step after T (Siemens 9340)."""

    def __init__(self, interval_ns: int, state: ResponseState) -> None:
        self.tau_ns = interval_ns / math.log(10.0)
        self._state = state

    @property
    def demand_w(self) -> float:
        """Demand at the end of the last span, W."""
        return self._state.demand_w

    @property
    def unknown_ratio(self) -> float:
        """Share of the true demand that comes from power nobody metered, 0 to 1."""
        return self._state.unknown_ratio

    def book(self, span: Booking) -> None:
        """Take a metered span; its power counts as constant. Energy at an instant is an impulse."""
        state = self._state
        span_ns = span.to_mono_ns - span.from_mono_ns
        if span_ns == 0:
            state.demand_w += span.import_uwh * NS_W_PER_UWH / self.tau_ns
            return
        left = math.exp(-span_ns / self.tau_ns)
        state.demand_w = state.demand_w * left + mean_power_w(span.import_uwh, span_ns) * (1 - left)
        state.unknown_ratio *= left

    def miss(self, span_ns: int) -> None:
        """Let a span pass whose power is unknown."""
        state = self._state
        left = math.exp(-span_ns / self.tau_ns)
        state.demand_w *= left
        state.unknown_ratio = 1.0 - (1.0 - state.unknown_ratio) * left
