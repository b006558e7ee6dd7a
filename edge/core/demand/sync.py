"""Follows the utility's end-of-interval pulse: shifts the interval grid against the site's time.

Decides which pulse is a boundary, which is a duplicate and when pulses are missing. Knows no
energy.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from edge.core.demand.intervals import Ledger
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.scan import ScanInputs
from edge.model.units import NS_PER_S


class Verdict(enum.Enum):
    """What one pulse was. ADOPTED: it came in step outside the window and began a new grid."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    OUTSIDE = "outside_window"
    ADOPTED = "adopted"


class SyncState(Struct):
    """`shift_ns` is what the grid is behind the site's time. `synced_utc_ns` labels the last
    boundary that a pulse has confirmed, 0 for none; `rejected_mono_ns` is the last pulse outside
    the window.
    `reported_utc_ns` labels the boundary near which a rejected pulse was last reported.
    """

    shift_ns: int = 0
    synced_utc_ns: int = 0
    pulse_mono_ns: int | None = None
    rejected_mono_ns: int | None = None
    missing: bool = False
    reported_utc_ns: int = 0


class IntervalSync:
    """The grid of `ledger` under pulses every `interval_ns`, each within ± `window_ns`."""

    def __init__(self, interval_ns: int, window_ns: int, ledger: Ledger, state: SyncState) -> None:
        self._interval_ns = interval_ns
        self._window_ns = window_ns
        self._ledger = ledger
        self._state = state

    def step(self, inputs: ScanInputs, clock_offset_ns: int, events: list[Event]) -> list[Verdict]:
        """Take the scan's pulses, oldest first; no pulse is fitted where the window is 0."""
        if self._window_ns == 0:
            return []
        verdicts = [
            self._pulse(inputs, pulse_mono_ns, clock_offset_ns, events)
            for pulse_mono_ns in inputs.eoi_mono_ns
        ]
        self._watch(inputs, events)
        return verdicts

    def forget(self) -> None:
        """The labels have jumped: the grid is the site clock's again until the next pulse."""
        state = self._state
        state.shift_ns = 0
        state.synced_utc_ns = 0
        state.rejected_mono_ns = None

    def _pulse(
        self, inputs: ScanInputs, pulse_mono_ns: int, clock_offset_ns: int, events: list[Event]
    ) -> Verdict:
        state = self._state
        grid_ns = pulse_mono_ns + clock_offset_ns - state.shift_ns
        label_utc_ns = self._nearest(grid_ns)
        off_ns = grid_ns - label_utc_ns
        if abs(off_ns) > self._window_ns:
            if self._in_step(pulse_mono_ns):
                return self._adopt(inputs, pulse_mono_ns, clock_offset_ns, events)
            state.rejected_mono_ns = pulse_mono_ns
            return self._reject(inputs, Verdict.OUTSIDE, label_utc_ns, off_ns, events)
        if label_utc_ns <= state.synced_utc_ns:
            return self._reject(inputs, Verdict.DUPLICATE, label_utc_ns, off_ns, events)
        state.shift_ns += off_ns
        state.synced_utc_ns = label_utc_ns
        self._seen(inputs, pulse_mono_ns, events)
        self._ledger.reopen(label_utc_ns)
        return Verdict.ACCEPTED

    def _in_step(self, pulse_mono_ns: int) -> bool:
        """Whether a rejected pulse was an interval ago: one proves nothing, two are a clock."""
        rejected_mono_ns = self._state.rejected_mono_ns
        if rejected_mono_ns is None:
            return False
        spacing_off_ns = pulse_mono_ns - rejected_mono_ns - self._interval_ns
        return abs(spacing_off_ns) <= self._window_ns

    def _adopt(
        self, inputs: ScanInputs, pulse_mono_ns: int, clock_offset_ns: int, events: list[Event]
    ) -> Verdict:
        state = self._state
        site_utc_ns = pulse_mono_ns + clock_offset_ns
        label_utc_ns = self._nearest(site_utc_ns)
        state.shift_ns = site_utc_ns - label_utc_ns
        state.synced_utc_ns = label_utc_ns
        facts: dict[str, Fact] = {
            "reason": Verdict.ADOPTED.value,
            "shift_s": state.shift_ns / NS_PER_S,
            "boundary_utc_ns": label_utc_ns,
        }
        events.append(_event(inputs, Severity.WARNING, facts))
        self._seen(inputs, pulse_mono_ns, events)
        self._ledger.end_at(label_utc_ns)
        return Verdict.ADOPTED

    def _nearest(self, grid_ns: int) -> int:
        return self._ledger.start_of(grid_ns + self._ledger.step_ns // 2)

    def _seen(self, inputs: ScanInputs, pulse_mono_ns: int, events: list[Event]) -> None:
        state = self._state
        state.pulse_mono_ns = pulse_mono_ns
        state.rejected_mono_ns = None
        if state.missing:
            state.missing = False
            facts: dict[str, Fact] = {"reason": "missing", "cleared": True}
            events.append(_event(inputs, Severity.INFO, facts))

    def _reject(
        self,
        inputs: ScanInputs,
        verdict: Verdict,
        label_utc_ns: int,
        off_ns: int,
        events: list[Event],
    ) -> Verdict:
        # A bouncing contact would fill the journal: one entry a boundary is enough.
        if self._state.reported_utc_ns != label_utc_ns:
            self._state.reported_utc_ns = label_utc_ns
            facts: dict[str, Fact] = {
                "reason": verdict.value,
                "off_s": off_ns / NS_PER_S,
                "window_s": self._window_ns / NS_PER_S,
                "boundary_utc_ns": label_utc_ns,
            }
            events.append(_event(inputs, Severity.WARNING, facts))
        return verdict

    def _watch(self, inputs: ScanInputs, events: list[Event]) -> None:
        state = self._state
        if state.pulse_mono_ns is None:
            state.pulse_mono_ns = inputs.now_mono_ns
        silent_ns = inputs.now_mono_ns - state.pulse_mono_ns
        if not state.missing and silent_ns > self._interval_ns + 2 * self._window_ns:
            state.missing = True
            facts: dict[str, Fact] = {"reason": "missing", "silent_s": silent_ns / NS_PER_S}
            events.append(_event(inputs, Severity.WARNING, facts))


def _event(inputs: ScanInputs, severity: Severity, facts: dict[str, Fact]) -> Event:
    return Event(inputs.now_mono_ns, inputs.now_utc_ns, EventKind.SYNC, "demand", severity, facts)
