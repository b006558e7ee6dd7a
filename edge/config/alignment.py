"""Where local intervals begin on the scale of UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from edge.config.site import Site

# Zones change their rules, not the remainder of their offset; any ordinary year shows its seasons.
_SAMPLE_YEAR = 2026


def alignments_s(site: Site, zone: tzinfo) -> frozenset[int]:
    """Seconds by which interval starts lie after UTC multiples of the step, over the seasons.

    More than one: a change of the clocks would shift the intervals, which no contract means.
    """
    step_s = site.demand.subinterval_s or site.demand.interval_s
    return frozenset(
        (site.demand.alignment_s - _offset_s(zone, month)) % step_s for month in range(1, 13)
    )


def _offset_s(zone: tzinfo, month: int) -> int:
    offset = datetime(_SAMPLE_YEAR, month, 1, tzinfo=UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())
