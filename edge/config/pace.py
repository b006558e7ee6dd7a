"""Times of shedding that scale with the demand interval where the site file gives none."""

from __future__ import annotations

from edge.config.site import Site

# 10 of 30 min, the common default (Panasonic KW8M).
_MASK_SHARE = 3
# The last 3 of 30 min.
_NO_RESTORE_SHARE = 10


def mask_s(site: Site) -> float:
    """Time at the start of the interval in which only certain excess sheds."""
    given = site.shedding.mask_s
    return given if given is not None else site.demand.interval_s / _MASK_SHARE


def no_restore_s(site: Site) -> float:
    """Time before the end of the interval in which nothing is restored."""
    given = site.shedding.no_restore_s
    return given if given is not None else site.demand.interval_s / _NO_RESTORE_SHARE
