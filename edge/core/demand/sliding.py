"""Sliding demand: the mean of a window that moves on by one sub-interval at a time.

Looks at every window that ends within half an interval and reports the one that allows least: the
next window alone would let power run until only a collapse could save the one after it.
"""

from __future__ import annotations

from msgspec import Struct

from edge.core.demand.intervals import IRREGULAR_RATIO, Closed, Ledger
from edge.core.demand.present import Present, Target, energy_outlook
from edge.core.demand.record import DemandRecord
from edge.model.outlook import LimitOutlook
from edge.model.units import NS_W_PER_UWH, mean_power_w


class SubInterval(Struct, frozen=True):
    """A closed sub-interval, `covered_ns` of it metered."""

    start_utc_ns: int
    import_uwh: int
    covered_ns: int
    partial: bool
    estimated: bool


class SlidingState(Struct):
    """The newest sub-intervals, oldest first, at most as many as a window has."""

    subs: list[SubInterval] = []


class SlidingDemand:
    """Demand over `interval_ns`, renewed at each close of `ledger`, whose step divides it."""

    def __init__(self, name: str, interval_ns: int, ledger: Ledger, state: SlidingState) -> None:
        self._name = name
        self._ledger = ledger
        self._state = state
        self._interval_ns = interval_ns
        self._step_ns = ledger.step_ns
        self._count = interval_ns // ledger.step_ns
        self._windows = max(1, interval_ns // 2 // ledger.step_ns)
        self._kept: list[tuple[int, int]] = []
        self._kept_at: tuple[int, bool] | None = None

    def span(self, grid_ns: int) -> tuple[int, int]:
        """Start and end label of what the present target must hold for: now to the horizon."""
        start_utc_ns = self._ledger.start_of(grid_ns)
        return start_utc_ns, start_utc_ns + self._windows * self._step_ns

    def record(self, closed: Closed) -> DemandRecord:
        """The demand of the window that ends with `closed`."""
        subs = self._state.subs
        subs.append(
            SubInterval(
                closed.start_utc_ns,
                closed.import_uwh,
                min(closed.covered_ns, self._step_ns),
                closed.partial,
                closed.estimated,
            )
        )
        self._kept_at = None
        start_utc_ns = closed.end_utc_ns - self._interval_ns
        while subs[0].start_utc_ns < start_utc_ns:
            subs.pop(0)
        energy_uwh = sum(sub.import_uwh for sub in subs)
        return DemandRecord(
            start_utc_ns=start_utc_ns,
            end_utc_ns=closed.end_utc_ns,
            energy_uwh=energy_uwh,
            demand_w=mean_power_w(energy_uwh, self._interval_ns),
            partial=len(subs) < self._count or any(sub.partial for sub in subs),
            estimated=any(sub.estimated for sub in subs),
        )

    def forget(self) -> None:
        """The labels have jumped: earlier sub-intervals no longer fit the window."""
        self._state.subs.clear()
        self._kept_at = None

    def outlook(self, present: Present, target: Target) -> LimitOutlook:
        """Of the windows that end within the horizon, the one that allows the least power."""
        interval_ns = self._interval_ns
        power_w = present.power.power_w
        sub_start_utc_ns = self._ledger.start_of(present.grid_ns)
        ends_in_ns = sub_start_utc_ns + self._step_ns - present.grid_ns
        windows_with_running, running_uwh, running_ns = self._running(sub_start_utc_ns)
        tightest_w = float("inf")
        tightest = (0, 0, interval_ns)
        for index, (kept_uwh, kept_ns) in enumerate(self._kept_sums(sub_start_utc_ns)):
            has_running = index < windows_with_running
            energy_uwh = kept_uwh + running_uwh if has_running else kept_uwh
            covered_ns = kept_ns + running_ns if has_running else kept_ns
            missing_ns = max(0, interval_ns - ends_in_ns - covered_ns)
            spent = energy_uwh * NS_W_PER_UWH + power_w * missing_ns
            allowed_w = (target.target_w * interval_ns - spent) / ends_in_ns
            if allowed_w < tightest_w:
                tightest_w = allowed_w
                tightest = (energy_uwh, missing_ns, ends_in_ns)
            ends_in_ns += self._step_ns
        energy_uwh, missing_ns, remaining_ns = tightest
        lag_ns = min(missing_ns, self._ledger.lag_ns(present.now_mono_ns))
        return energy_outlook(
            self._name,
            target,
            present,
            energy_uwh=energy_uwh,
            missing_ns=missing_ns,
            lag_ns=lag_ns,
            interval_ns=interval_ns,
            remaining_ns=remaining_ns,
            partial=missing_ns - lag_ns > interval_ns * IRREGULAR_RATIO,
        )

    def _running(self, sub_start_utc_ns: int) -> tuple[int, int, int]:
        """How many of the windows ahead hold the running sub-interval, its energy, metered time."""
        running = self._ledger.state.running
        if running is None:
            return 0, 0, 0
        oldest_utc_ns = sub_start_utc_ns + self._step_ns - self._interval_ns
        windows = (running.start_utc_ns - oldest_utc_ns) // self._step_ns + 1
        return windows, running.import_uwh, running.covered_ns

    def _kept_sums(self, sub_start_utc_ns: int) -> list[tuple[int, int]]:
        """Energy and metered time of closed sub-intervals in each window ahead, the next to end
        first; these change once a sub-interval."""
        closing = self._ledger.state.closing
        at = (sub_start_utc_ns, closing is None)
        if at == self._kept_at:
            return self._kept
        past = [(sub.start_utc_ns, sub.import_uwh, sub.covered_ns) for sub in self._state.subs]
        if closing is not None:
            past.append((closing.start_utc_ns, closing.import_uwh, closing.covered_ns))
        oldest_utc_ns = sub_start_utc_ns + self._step_ns - self._interval_ns
        self._kept = []
        for index in range(self._windows):
            from_utc_ns = oldest_utc_ns + index * self._step_ns
            fitting = [sub for sub in past if sub[0] >= from_utc_ns]
            self._kept.append((sum(sub[1] for sub in fitting), sum(sub[2] for sub in fitting)))
        self._kept_at = at
        return self._kept
