"""Energy of a time that no source has measured: estimated from the power before and after it."""

from __future__ import annotations

from edge.core.metering.power import PowerSource
from edge.core.metering.source import Source
from edge.model.units import energy_uwh, mean_power_w

Flows = tuple[float, float]


def power_since_break_w(source: Source) -> Flows | None:
    """Import and export power of a source since its counting began anew; None if too early."""
    if isinstance(source, PowerSource):
        return max(0.0, source.power_w), max(0.0, -source.power_w)
    track = source.track
    span_ns = 0 if track.heard_mono_ns is None else track.heard_mono_ns - track.from_mono_ns
    if span_ns <= 0:
        return None
    return mean_power_w(track.import_uwh, span_ns), mean_power_w(track.export_uwh, span_ns)


def gap_energy_uwh(before_w: Flows | None, after_w: Flows | None, gap_ns: int) -> tuple[int, int]:
    """Import and export in µWh of a gap between two powers: their mean, or the one that is known.

    With neither known it is zero; the booking is marked estimated in any case.
    """
    known = [flows for flows in (before_w, after_w) if flows is not None]
    if not known:
        return 0, 0
    import_w = sum(flows[0] for flows in known) / len(known)
    export_w = sum(flows[1] for flows in known) / len(known)
    return energy_uwh(import_w, gap_ns), energy_uwh(export_w, gap_ns)
