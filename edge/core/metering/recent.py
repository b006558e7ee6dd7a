"""Mean power of the last minutes as booked, to bridge a gap that no source has measured."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from edge.model.energy import Booking
from edge.model.units import NS_PER_MIN, mean_power_w

# A minute smooths pulses of 1 kWh at 60 kW and still follows the plant.
BUCKET_NS: Final = NS_PER_MIN


class RecentPower(Struct):
    """Two buckets, the running one and the full one before it, so one to two minutes in all."""

    from_mono_ns: int | None = None
    to_mono_ns: int = 0
    import_uwh: int = 0
    export_uwh: int = 0
    full_span_ns: int = 0
    full_import_uwh: int = 0
    full_export_uwh: int = 0

    def note(self, booking: Booking) -> None:
        """Count a booking; one that is estimated says nothing about power and ends the history."""
        if booking.estimated:
            self.from_mono_ns, self.full_span_ns = None, 0
            return
        if self.from_mono_ns is None:
            self.from_mono_ns = booking.from_mono_ns
            self.import_uwh = self.export_uwh = 0
            self.full_import_uwh = self.full_export_uwh = 0
        self.to_mono_ns = booking.to_mono_ns
        self.import_uwh += booking.import_uwh
        self.export_uwh += booking.export_uwh
        span_ns = self.to_mono_ns - self.from_mono_ns
        if span_ns >= BUCKET_NS:
            self.full_span_ns = span_ns
            self.full_import_uwh, self.full_export_uwh = self.import_uwh, self.export_uwh
            self.from_mono_ns = self.to_mono_ns
            self.import_uwh = self.export_uwh = 0

    def mean_w(self) -> tuple[float, float] | None:
        """Mean import and export power in W, None without history."""
        if self.from_mono_ns is None:
            return None
        span_ns = self.to_mono_ns - self.from_mono_ns + self.full_span_ns
        return (
            mean_power_w(self.import_uwh + self.full_import_uwh, span_ns),
            mean_power_w(self.export_uwh + self.full_export_uwh, span_ns),
        )
