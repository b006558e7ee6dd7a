"""Books energy into aligned intervals: splits it exactly at boundaries and closes what is over.

Intervals are labelled on the grid's time (monotonic time + `offset_ns`), which the caller gives and
may move. Never creates or drops energy; says of each closed interval how far it may be believed.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.core.demand.response import ThermalResponse
from edge.model.energy import Booking

# A return from a long outage closes many intervals; so many a scan keep its work bounded.
CUTS_PER_STEP: Final = 32
# A length further off nominal is irregular: slewing and a synchronised clock stay well below.
IRREGULAR_RATIO: Final = 1 / 200
# Thermal demand with more unknown history than this is partial: 0.01 is left after two intervals.
UNKNOWN_RATIO_MAX: Final = 0.02


class Running(Struct):
    """An interval under way. `covered_ns` of it are metered; `highest_w` is of thermal demand."""

    start_utc_ns: int
    start_mono_ns: int
    import_uwh: int = 0
    export_uwh: int = 0
    covered_ns: int = 0
    estimated: bool = False
    partial: bool = False
    highest_w: float = 0.0


class Closed(Struct, frozen=True):
    """A finished interval with the energy booked in it. `length_ns` is its real, monotonic
    length, `covered_ns` of it metered.

    `partial`: irregular length or energy unknown, so it makes no peak. `estimated`: the total is
    right, its share of a longer span is not metered. `synced`: an end-of-interval pulse ended it.
    """

    start_utc_ns: int
    end_utc_ns: int
    length_ns: int
    covered_ns: int
    import_uwh: int
    export_uwh: int
    partial: bool
    estimated: bool
    synced: bool
    highest_w: float


class Waiting(Struct, frozen=True):
    """A span of a long outage that is still to be booked; `missed` if nothing was metered in it."""

    span: Booking
    missed: bool


class LedgerState(Struct):
    """Energy is booked up to `front_mono_ns`. `closing` ended, but its pulse may still come."""

    front_mono_ns: int | None = None
    running: Running | None = None
    closing: Running | None = None
    waiting: list[Waiting] = []


class Ledger:
    """A row of intervals of `step_ns`. `hold_ns` > 0 keeps an ended one open for its pulse."""

    def __init__(
        self,
        step_ns: int,
        alignment_ns: int,
        hold_ns: int,
        state: LedgerState,
        response: ThermalResponse | None = None,
    ) -> None:
        self.step_ns = step_ns
        self.state = state
        self._alignment_ns = alignment_ns
        self._hold_ns = hold_ns
        self._response = response
        self._offset_ns = 0
        self._synced_utc_ns = 0
        self._cuts = 0
        self._closed: list[Closed] = []

    def start_of(self, grid_ns: int) -> int:
        """Label of the interval that contains the grid time `grid_ns` (its start belongs to it)."""
        return grid_ns - (grid_ns - self._alignment_ns) % self.step_ns

    def lag_ns(self, now_mono_ns: int) -> int:
        """Time since energy was last booked, 0 before the first booking."""
        front_mono_ns = self.state.front_mono_ns
        return 0 if front_mono_ns is None else max(0, now_mono_ns - front_mono_ns)

    def step(
        self,
        bookings: tuple[Booking, ...],
        known_until_mono_ns: int,
        offset_ns: int,
        synced_utc_ns: int,
    ) -> list[Closed]:
        """Book new energy; the intervals that are final now, oldest first.

        `synced_utc_ns` is the label of the last boundary that a pulse has confirmed.
        """
        self._offset_ns = offset_ns
        self._synced_utc_ns = synced_utc_ns
        self._cuts = 0
        self._catch_up()
        for booking in bookings:
            self._book(booking)
        end_mono_ns = self._end_mono_ns()
        if end_mono_ns is not None and known_until_mono_ns > end_mono_ns:
            self._take(Booking(end_mono_ns, known_until_mono_ns, 0, 0), missed=False)
        self._release()
        return self._take_closed()

    def reopen(self, label_utc_ns: int) -> None:
        """A late pulse: what was booked after the boundary `label_utc_ns` goes back before it."""
        closing, running = self.state.closing, self.state.running
        if closing is None or closing.start_utc_ns + self.step_ns != label_utc_ns:
            return
        assert running is not None
        closing.import_uwh += running.import_uwh
        closing.export_uwh += running.export_uwh
        closing.covered_ns += running.covered_ns
        closing.estimated |= running.estimated
        closing.partial |= running.partial
        closing.highest_w = max(closing.highest_w, running.highest_w)
        self.state.running, self.state.closing = closing, None

    def end_at(self, label_utc_ns: int) -> None:
        """Let the running interval end, irregular, at the boundary `label_utc_ns` of a new grid."""
        running = self.state.running
        if running is not None:
            self._finish_closing()
            running.start_utc_ns = label_utc_ns - self.step_ns
            running.partial = True

    def relabel(self) -> list[Closed]:
        """Close what runs as it is, partial: its labels were wrong. The next one starts anew."""
        running = self.state.running
        if running is not None:
            assert self.state.front_mono_ns is not None
            self._finish_closing()
            running.partial = True
            self._finish(running, self.state.front_mono_ns)
            self.state.running = None
        return self._take_closed()

    def _take_closed(self) -> list[Closed]:
        if not self._closed:
            return self._closed
        closed, self._closed = self._closed, []
        return closed

    def _catch_up(self) -> None:
        waiting = self.state.waiting
        while waiting and self._cuts < CUTS_PER_STEP:
            first = waiting.pop(0)
            rest = self._pass(first.span, missed=first.missed)
            if rest is not None:
                waiting.insert(0, Waiting(rest, first.missed))

    def _end_mono_ns(self) -> int | None:
        waiting = self.state.waiting
        return waiting[-1].span.to_mono_ns if waiting else self.state.front_mono_ns

    def _book(self, span: Booking) -> None:
        end_mono_ns = self._end_mono_ns()
        if end_mono_ns is None:
            self.state.front_mono_ns = span.from_mono_ns
        elif span.from_mono_ns > end_mono_ns:
            self._take(Booking(end_mono_ns, span.from_mono_ns, 0, 0), missed=True)
        self._take(span, missed=False)

    def _take(self, span: Booking, *, missed: bool) -> None:
        waiting = self.state.waiting
        rest = span if waiting else self._pass(span, missed=missed)
        if rest is not None:
            waiting.append(Waiting(rest, missed))

    def _pass(self, span: Booking, *, missed: bool) -> Booking | None:
        """Book `span` across boundaries; what is left of it when this step has cut often enough."""
        state = self.state
        while True:
            assert state.front_mono_ns is not None
            running = state.running
            if running is None:
                running = state.running = self._begin(state.front_mono_ns)
            end_mono_ns = running.start_utc_ns + self.step_ns - self._offset_ns
            cut_mono_ns = max(end_mono_ns, state.front_mono_ns)
            if span.to_mono_ns < cut_mono_ns:
                self._add(running, span, missed=missed)
                return None
            if self._cuts >= CUTS_PER_STEP:
                return span
            self._cuts += 1
            if span.to_mono_ns == cut_mono_ns:
                self._add(running, span, missed=missed)
                self._close(running, cut_mono_ns)
                return None
            if span.from_mono_ns < cut_mono_ns:
                head, span = span.split(cut_mono_ns)
                self._add(running, head, missed=missed)
            self._close(running, cut_mono_ns)

    def _begin(self, front_mono_ns: int) -> Running:
        grid_ns = front_mono_ns + self._offset_ns
        start_utc_ns = self.start_of(grid_ns)
        begun = Running(start_utc_ns, front_mono_ns, partial=grid_ns != start_utc_ns)
        if self._response is not None:
            begun.highest_w = self._response.demand_w
        return begun

    def _add(self, running: Running, span: Booking, *, missed: bool) -> None:
        state = self.state
        running.import_uwh += span.import_uwh
        running.export_uwh += span.export_uwh
        if span.estimated:
            running.estimated = True
        span_ns = span.to_mono_ns - span.from_mono_ns
        if missed:
            running.partial = True
        else:
            running.covered_ns += span_ns
        assert state.front_mono_ns is not None
        state.front_mono_ns = max(state.front_mono_ns, span.to_mono_ns)
        if self._response is not None:
            if missed:
                self._response.miss(span_ns)
            else:
                self._response.book(span)
            running.highest_w = max(running.highest_w, self._response.demand_w)

    def _close(self, running: Running, cut_mono_ns: int) -> None:
        state = self.state
        self._finish_closing()
        end_utc_ns = running.start_utc_ns + self.step_ns
        response = self._response
        if response is not None and response.unknown_ratio > UNKNOWN_RATIO_MAX:
            running.partial = True
        highest_w = 0.0 if response is None else response.demand_w
        state.running = Running(end_utc_ns, cut_mono_ns, highest_w=highest_w)
        if self._hold_ns and end_utc_ns > self._synced_utc_ns:
            state.closing = running
        else:
            self._finish(running, cut_mono_ns)

    def _release(self) -> None:
        running, front_mono_ns = self.state.running, self.state.front_mono_ns
        if self.state.closing is None:
            return
        assert running is not None
        assert front_mono_ns is not None
        if front_mono_ns > running.start_mono_ns + self._hold_ns:
            self._finish_closing()

    def _finish_closing(self) -> None:
        closing, running = self.state.closing, self.state.running
        if closing is not None:
            assert running is not None
            self.state.closing = None
            self._finish(closing, running.start_mono_ns)

    def _finish(self, running: Running, end_mono_ns: int) -> None:
        length_ns = end_mono_ns - running.start_mono_ns
        irregular = abs(length_ns - self.step_ns) > self.step_ns * IRREGULAR_RATIO
        end_utc_ns = running.start_utc_ns + self.step_ns
        self._closed.append(
            Closed(
                start_utc_ns=running.start_utc_ns,
                end_utc_ns=end_utc_ns,
                length_ns=length_ns,
                covered_ns=running.covered_ns,
                import_uwh=running.import_uwh,
                export_uwh=running.export_uwh,
                partial=running.partial or irregular,
                estimated=running.estimated,
                synced=end_utc_ns <= self._synced_utc_ns,
                highest_w=running.highest_w,
            )
        )
