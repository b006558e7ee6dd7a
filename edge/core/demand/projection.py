"""Estimates present power, with bounds, from a short history of metered energy.

Every estimator is a weighted sum of counter values, so what a counter's steps can hide is known
exactly. Knows no interval and no limit.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct

from edge.model.energy import MeteringStep
from edge.model.outlook import PowerEstimate
from edge.model.spec import Estimator, ProjectionSpec
from edge.model.units import NS_W_PER_UWH

# More points would follow no faster; the regression over them is the costliest part of a scan.
POINTS_PER_WINDOW: Final = 24
# Less history than this share of the window is no estimate unless a power register helps out.
HISTORY_RATIO_MIN: Final = 0.25
# What a power register alone may be off from the mean power of the next minutes.
REGISTER_RATIO: Final = 0.1
# Silence is measured against the usual distance of samples, but no usual distance excuses more.
CADENCE_RATIO_MAX: Final = 0.125


class HistoryState(Struct):
    """Counter values of the last window: energy `totals_uwh[i]` at `times_mono_ns[i]`, right within
    `steps_uwh[i]`. The last point is the newest and moves until it is far from its neighbour.

    `spread_w` is the standard deviation of power between the points, less what steps explain.
    """

    times_mono_ns: list[int] = []
    totals_uwh: list[int] = []
    steps_uwh: list[int] = []
    cadence_ns: int = 0
    spread_w: float = 0.0


class PowerEstimator:
    """Power over the last `window_ns`. `contract_w` is the power that silence may hide."""

    def __init__(self, spec: ProjectionSpec, contract_w: float, state: HistoryState) -> None:
        self._state = state
        self._window_ns = spec.window_ns
        self._sigmas = spec.bound_sigmas
        self._contract_w = contract_w
        self._spacing_ns = max(1, spec.window_ns // POINTS_PER_WINDOW)
        self._slope = {
            Estimator.TWO_POINT: _two_point,
            Estimator.MOVING_AVERAGE: _moving_average,
            Estimator.LEAST_SQUARES: _least_squares,
        }[spec.estimator]

    def step(self, metering: MeteringStep, now_mono_ns: int) -> PowerEstimate | None:
        """Take the scan's energy. None where neither energy nor a power register says anything."""
        self._follow(metering)
        state = self._state
        times = state.times_mono_ns
        if not times:
            return self._from_register(metering)
        history_ns = times[-1] - times[0]
        age_ns = now_mono_ns - times[-1] - state.cadence_ns
        if age_ns > self._window_ns or history_ns < self._window_ns * HISTORY_RATIO_MIN:
            return self._from_register(metering)
        if history_ns < self._window_ns and metering.power_w is not None:
            return self._from_register(metering)
        power_w, error_w = self._slope(times, state.totals_uwh)
        power_w = max(0.0, power_w)
        error_w *= max(state.steps_uwh)
        error_w += self._sigmas * state.spread_w
        if age_ns > 0:
            error_w += max(power_w, self._contract_w) * age_ns / self._window_ns
        return PowerEstimate(power_w, max(0.0, power_w - error_w), power_w + error_w)

    def _from_register(self, metering: MeteringStep) -> PowerEstimate | None:
        if metering.power_w is None or metering.lost_since_mono_ns is not None:
            return None
        power_w = max(0.0, metering.power_w)
        return PowerEstimate(
            power_w, power_w * (1.0 - REGISTER_RATIO), power_w * (1.0 + REGISTER_RATIO)
        )

    def _follow(self, metering: MeteringStep) -> None:
        state = self._state
        until_mono_ns = metering.known_until_mono_ns
        gained_uwh = 0
        estimated_ns = 0
        for booking in metering.bookings:
            gained_uwh += booking.import_uwh
            until_mono_ns = max(until_mono_ns, booking.to_mono_ns)
            if booking.estimated:
                estimated_ns += booking.to_mono_ns - booking.from_mono_ns
        times = state.times_mono_ns
        if not times:
            if metering.bookings:
                self._restart(until_mono_ns, metering.resolution_uwh)
            return
        gap_ns = until_mono_ns - times[-1]
        if gap_ns <= 0:
            state.totals_uwh[-1] += gained_uwh
            return
        if estimated_ns > self._window_ns:
            # Its total is right, but it says nothing of present power.
            self._restart(until_mono_ns, metering.resolution_uwh)
            return
        usual_ns = min(gap_ns, round(self._window_ns * CADENCE_RATIO_MAX))
        state.cadence_ns = max(usual_ns, (7 * state.cadence_ns + usual_ns) // 8)
        self._append(until_mono_ns, state.totals_uwh[-1] + gained_uwh, metering.resolution_uwh)

    def _restart(self, mono_ns: int, step_uwh: int) -> None:
        state = self._state
        state.times_mono_ns = [mono_ns]
        state.totals_uwh = [0]
        state.steps_uwh = [step_uwh]
        state.spread_w = 0.0

    def _append(self, mono_ns: int, total_uwh: int, step_uwh: int) -> None:
        state = self._state
        times, totals, steps = state.times_mono_ns, state.totals_uwh, state.steps_uwh
        if len(times) > 1 and times[-1] - times[-2] < self._spacing_ns:
            times[-1], totals[-1], steps[-1] = mono_ns, total_uwh, max(steps[-1], step_uwh)
            return
        times.append(mono_ns)
        totals.append(total_uwh)
        steps.append(step_uwh)
        while len(times) > 2 and times[1] <= mono_ns - self._window_ns:
            del times[0], totals[0], steps[0]
        state.spread_w = _spread_w(times, totals, max(steps))


def _two_point(times: list[int], totals: list[int]) -> tuple[float, float]:
    """Slope in W from the first point to the last, and the W that 1 µWh of step can hide in it."""
    weight = NS_W_PER_UWH / (times[-1] - times[0])
    return (totals[-1] - totals[0]) * weight, weight


def _moving_average(times: list[int], totals: list[int]) -> tuple[float, float]:
    """The same of the mean of all slopes over half a window: newer half less older half."""
    half = len(times) // 2
    first = len(times) - half
    span_ns = sum(times[first:]) - sum(times[:half])
    weight = NS_W_PER_UWH * half / span_ns
    return (sum(totals[first:]) - sum(totals[:half])) / half * weight, weight


def _least_squares(times: list[int], totals: list[int]) -> tuple[float, float]:
    """The same of the regression line: weights (t - mean) / sum of (t - mean) squared."""
    count = len(times)
    start_ns, start_uwh = times[0], totals[0]
    mean_ns = (sum(times) - count * start_ns) / count
    squares = moment = positive = 0.0
    for time_ns, total_uwh in zip(times, totals, strict=True):
        off_ns = time_ns - start_ns - mean_ns
        squares += off_ns * off_ns
        moment += off_ns * (total_uwh - start_uwh)
        if off_ns > 0.0:
            positive += off_ns
    return moment / squares * NS_W_PER_UWH, positive / squares * NS_W_PER_UWH


def _spread_w(times: list[int], totals: list[int], step_uwh: int) -> float:
    """Standard deviation of the power between points, in W, less what counter steps explain."""
    span_ns = times[-1] - times[0]
    rate = (totals[-1] - totals[0]) / span_ns
    weighted = 0.0
    for index in range(1, len(times)):
        part_ns = times[index] - times[index - 1]
        off_uwh = abs(totals[index] - totals[index - 1] - rate * part_ns) - step_uwh
        if off_uwh > 0.0:
            weighted += off_uwh * off_uwh / part_ns
    return math.sqrt(weighted / span_ns) * NS_W_PER_UWH
