"""The booked energy of the site: one front that only moves on, whichever source moves it.

Books what a source has counted, exactly once, and tells all others how far they need not care any
more. Choosing the source is not done here.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from edge.core.metering.recent import RecentPower
from edge.core.metering.source import Source
from edge.model.energy import Booking
from edge.model.spec import Direction


class LedgerState(Struct):
    """The ledger is complete until `booked_until_mono_ns` (None: nothing yet). Energy is exact, not
    within a step, at `settled_mono_ns`, the last change of the source that was in use; never later.
    """

    booked_until_mono_ns: int | None = None
    settled_mono_ns: int = 0
    recent: RecentPower = field(default_factory=RecentPower)


class Ledger:
    """Books energy of the sources; `stale_ns` is the longest span that counts as measured."""

    def __init__(self, sources: Sequence[Source], state: LedgerState, stale_ns: int) -> None:
        self._sources = sources
        self._state = state
        self._stale_ns = stale_ns

    @property
    def booked_until_mono_ns(self) -> int | None:
        """How far the ledger is complete; None before the first baseline."""
        return self._state.booked_until_mono_ns

    def knows_all(self, source: Source) -> bool:
        """Whether the source has counted since the ledger was last settled, without a break."""
        return source.track.from_mono_ns <= self._state.settled_mono_ns

    def is_ahead(self, source: Source) -> bool:
        """Whether the source has been heard since the front."""
        heard_mono_ns, front = source.track.heard_mono_ns, self._state.booked_until_mono_ns
        return heard_mono_ns is not None and front is not None and heard_mono_ns > front

    def start(self, source: Source) -> None:
        """The first baseline: energy counts from here on."""
        heard_mono_ns = source.track.heard_mono_ns
        assert heard_mono_ns is not None
        self._state.booked_until_mono_ns = heard_mono_ns
        self.settle(heard_mono_ns)

    def book(self, source: Source) -> Booking:
        """Move the front to the source's last word, with all that it has pending. The booking is
        estimated if its span is too long to be called measured.
        """
        front, heard_mono_ns = self._state.booked_until_mono_ns, source.track.heard_mono_ns
        assert front is not None
        assert heard_mono_ns is not None
        assert heard_mono_ns > front
        import_uwh, export_uwh = source.track.take()
        longest_ns = max(self._stale_ns, source.stale_ns)
        booking = Booking(
            front, heard_mono_ns, import_uwh, export_uwh, heard_mono_ns - front > longest_ns
        )
        self._state.booked_until_mono_ns = heard_mono_ns
        if source.track.at_mono_ns > self._state.settled_mono_ns:
            self.settle(source.track.at_mono_ns)
        self._state.recent.note(booking)
        self._tell_others(source, booking)
        return booking

    def bridge(self, until_mono_ns: int, import_uwh: int, export_uwh: int) -> Booking:
        """Book estimated energy from the front to `until_mono_ns`, which no source has measured."""
        front = self._state.booked_until_mono_ns
        assert front is not None
        booking = Booking(front, until_mono_ns, import_uwh, export_uwh, estimated=True)
        self._state.booked_until_mono_ns = until_mono_ns
        self.settle(until_mono_ns)
        self._state.recent.note(booking)
        return booking

    def mean_w(self) -> tuple[float, float] | None:
        """Mean import and export power of the last minutes as booked."""
        return self._state.recent.mean_w()

    def settle(self, mono_ns: int) -> None:
        """All energy until `mono_ns` is booked, or given up: no source books it any more."""
        self._state.settled_mono_ns = mono_ns
        for source in self._sources:
            source.track.settle(mono_ns)

    def _tell_others(self, booked: Source, booking: Booking) -> None:
        if not (booking.import_uwh or booking.export_uwh):
            return
        for source in self._sources:
            if source is not booked:
                of_import = source.direction is Direction.IMPORT
                source.track.unmatched_uwh += (
                    booking.import_uwh if of_import else booking.export_uwh
                )
