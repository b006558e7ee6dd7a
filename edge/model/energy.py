"""Energy that metering has established, as spans of time with their energy in whole µWh."""

from __future__ import annotations

from msgspec import Struct


class Booking(Struct, frozen=True, array_like=True, gc=False):
    """Energy of one span (from, to]. Bookings of one controller follow each other without gap or
    overlap.

    `estimated`: the total is metered, its spread over the span is not (an outage, a restart), so
    every interval that it touches is marked. `from == to` is allowed (energy that appeared at an
    instant).
    """

    from_mono_ns: int
    to_mono_ns: int
    import_uwh: int
    export_uwh: int
    estimated: bool = False

    def split(self, at_mono_ns: int) -> tuple[Booking, Booking]:
        """Two bookings that meet at `at_mono_ns` (strictly inside the span); their sum is exact."""
        assert self.from_mono_ns < at_mono_ns < self.to_mono_ns
        part_ns = at_mono_ns - self.from_mono_ns
        span_ns = self.to_mono_ns - self.from_mono_ns
        import_uwh = self.import_uwh * part_ns // span_ns
        export_uwh = self.export_uwh * part_ns // span_ns
        return (
            Booking(self.from_mono_ns, at_mono_ns, import_uwh, export_uwh, self.estimated),
            Booking(
                at_mono_ns,
                self.to_mono_ns,
                self.import_uwh - import_uwh,
                self.export_uwh - export_uwh,
                self.estimated,
            ),
        )


class MeteringStep(Struct, frozen=True):
    """What metering knows after one scan.

    `bookings` are new energy since the last scan; the ledger is complete until
    `known_until_mono_ns`. `resolution_uwh` is the smallest step of the source in use (a pulse, a
    register's last digit). `power_w` is the newest believable power register (import positive),
    None where there is none. `lost_since_mono_ns` is set while no source is believable.
    """

    bookings: tuple[Booking, ...]
    known_until_mono_ns: int
    resolution_uwh: int
    power_w: float | None
    power_mono_ns: int
    lost_since_mono_ns: int | None
