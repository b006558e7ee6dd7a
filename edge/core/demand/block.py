"""Block demand: energy of one aligned interval over its nominal length. So is a slot of a plan."""

from __future__ import annotations

from edge.core.demand.intervals import Closed, Ledger
from edge.core.demand.present import Present, Target, energy_outlook
from edge.core.demand.record import DemandRecord
from edge.model.outlook import LimitOutlook
from edge.model.units import mean_power_w


class BlockDemand:
    """Demand of the intervals of `ledger`, named `name` in the outlook."""

    def __init__(self, name: str, ledger: Ledger) -> None:
        self._name = name
        self._ledger = ledger
        self._interval_ns = ledger.step_ns

    def span(self, grid_ns: int) -> tuple[int, int]:
        """Start and end label of what the present target must hold for."""
        start_utc_ns = self._ledger.start_of(grid_ns)
        return start_utc_ns, start_utc_ns + self._interval_ns

    def record(self, closed: Closed) -> DemandRecord:
        """The demand of a closed interval, over nominal length."""
        return DemandRecord(
            start_utc_ns=closed.start_utc_ns,
            end_utc_ns=closed.end_utc_ns,
            energy_uwh=closed.import_uwh,
            demand_w=mean_power_w(closed.import_uwh, self._interval_ns),
            partial=closed.partial,
            estimated=closed.estimated,
        )

    def forget(self) -> None:
        """Nothing is kept from earlier intervals."""

    def outlook(self, present: Present, target: Target) -> LimitOutlook:
        """base = (energy so far + power x unmetered time) / T, gain = time left / T."""
        interval_ns = self._interval_ns
        start_utc_ns = self._ledger.start_of(present.grid_ns)
        elapsed_ns = present.grid_ns - start_utc_ns
        remaining_ns = interval_ns - elapsed_ns
        running = self._ledger.state.running
        energy_uwh = covered_ns = 0
        partial = running is None
        if running is not None and running.start_utc_ns == start_utc_ns:
            energy_uwh = running.import_uwh
            covered_ns = running.covered_ns
            partial = running.partial
        missing_ns = max(0, elapsed_ns - covered_ns)
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
            partial=partial,
        )
