"""What this unit has booked of late, so that its own energy can follow on the peer's.

A snapshot of the peer is some scans old. Its energy is exact at one instant; what this unit has
measured after that instant is added, whole pulses to whole pulses, and nothing counts twice. What
this unit has only estimated counts for the time that the peer has not metered, after its front.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple, replace

from edge.core.demand.intervals import Waiting
from edge.core.metering.ledger import LedgerState
from edge.model.energy import Booking
from edge.model.units import NS_PER_MS

# At one a scan nearly a minute back; where pulses are slow, as far back as there are pulses.
KNOTS_MAX: Final = 512
# One edge as two units saw it: their clocks are compared over a network, which has its delays.
SAME_EDGE_NS: Final = 5 * NS_PER_MS


class Knot(Struct, gc=False):
    """All energy booked so far, at an instant at which that is exact: measured, and estimated.
    `has_estimate`: since the knot before, be it of no energy.
    """

    mono_ns: int
    import_uwh: int
    export_uwh: int
    estimated_import_uwh: int = 0
    estimated_export_uwh: int = 0
    has_estimate: bool = False


class EnergyTrail:
    """Own bookings as totals at exact instants, oldest first. Feed it each scan."""

    def __init__(self) -> None:
        self._knots: deque[Knot] = deque(maxlen=KNOTS_MAX)
        self._now = Knot(0, 0, 0)

    @property
    def since_mono_ns(self) -> int | None:
        """From when on the trail knows everything; None before the first baseline."""
        return self._knots[0].mono_ns if self._knots else None

    @property
    def has_moved(self) -> bool:
        """Whether energy was exact at a second instant: the sources have spoken up."""
        return len(self._knots) > 1

    def note(self, ledger: LedgerState, bookings: Iterable[Booking]) -> None:
        """Take the bookings of one scan, after which the ledger stands as given."""
        now = self._now
        for booking in bookings:
            if booking.estimated:
                now.has_estimate = True
                now.estimated_import_uwh += booking.import_uwh
                now.estimated_export_uwh += booking.export_uwh
            else:
                now.import_uwh += booking.import_uwh
                now.export_uwh += booking.export_uwh
        if ledger.booked_until_mono_ns is None:
            return
        exact_mono_ns = ledger.settled_mono_ns
        if not self._knots or exact_mono_ns > self._knots[-1].mono_ns:
            self._knots.append(replace(now, mono_ns=exact_mono_ns))
            now.has_estimate = False

    def after(self, exact_mono_ns: int, front_mono_ns: int, until_mono_ns: int) -> list[Waiting]:
        """Own energy after `exact_mono_ns`, as spans from `front_mono_ns` to `until_mono_ns`.

        Energy that the peer should have seen before its front comes as energy of that instant.
        """
        spans: list[Waiting] = []
        from_mono_ns = front_mono_ns
        for before, knot in self._steps(exact_mono_ns):
            to_mono_ns = max(front_mono_ns, knot.mono_ns)
            span = _span(before, knot, from_mono_ns, to_mono_ns, front_mono_ns)
            if to_mono_ns > from_mono_ns or span.import_uwh or span.export_uwh:
                spans.append(Waiting(span, missed=False))
            from_mono_ns = to_mono_ns
        if until_mono_ns > from_mono_ns:
            spans.append(Waiting(Booking(from_mono_ns, until_mono_ns, 0, 0), missed=False))
        return spans

    def _steps(self, exact_mono_ns: int) -> Iterator[tuple[Knot, Knot]]:
        """Pairs of neighbours after the instant; the first of them begins there."""
        later: list[Knot] = []
        for knot in reversed(self._knots):
            if knot.mono_ns <= exact_mono_ns + SAME_EDGE_NS:
                begun = knot
                if later and exact_mono_ns > knot.mono_ns + SAME_EDGE_NS:
                    begun = _between(knot, later[-1], exact_mono_ns)
                later.append(begun)
                break
            later.append(knot)
        later.reverse()
        return pairwise(later)


def _span(before: Knot, after: Knot, from_mono_ns: int, to_mono_ns: int, front_ns: int) -> Booking:
    """All that was measured between two knots, and of the estimate what is after the front."""
    known = before
    if before.mono_ns < front_ns:
        known = after if after.mono_ns <= front_ns else _between(before, after, front_ns)
    guessed = (
        after.estimated_import_uwh - known.estimated_import_uwh,
        after.estimated_export_uwh - known.estimated_export_uwh,
    )
    return Booking(
        from_mono_ns,
        to_mono_ns,
        after.import_uwh - before.import_uwh + guessed[0],
        after.export_uwh - before.export_uwh + guessed[1],
        estimated=after.has_estimate and after.mono_ns > front_ns,
    )


def _between(before: Knot, after: Knot, mono_ns: int) -> Knot:
    """The totals at an instant between two knots, as if the power had been constant."""
    part_ns, span_ns = mono_ns - before.mono_ns, after.mono_ns - before.mono_ns
    first, last = astuple(before)[1:-1], astuple(after)[1:-1]
    totals = (a + (b - a) * part_ns // span_ns for a, b in zip(first, last, strict=True))
    return Knot(mono_ns, *totals)
