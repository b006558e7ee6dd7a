"""Times of shedding that scale with the demand interval where the site file gives none."""

from __future__ import annotations

from edge.config.locate import Path
from edge.config.sections.demand import DemandSection
from edge.config.site import Site
from edge.model.spec import DemandMethod

# 10 of 30 min, the common default (Panasonic KW8M).
_MASK_SHARE = 3
# The last 3 of 30 min.
_NO_RESTORE_SHARE = 10
_WATCHDOG_S_SINGLE = 10
_WATCHDOG_S_PAIR = 2
# What step_s reads.
STEP_PATHS: tuple[Path, ...] = (
    ("demand", "method"),
    ("demand", "interval_s"),
    ("demand", "subinterval_s"),
)


def step_s(demand: DemandSection) -> int:
    """Time from one end of an interval to the next: of a sliding window its sub-interval."""
    if demand.method is DemandMethod.SLIDING and demand.subinterval_s is not None:
        return demand.subinterval_s
    return demand.interval_s


def mask_s(site: Site) -> float:
    """Time at the start of the interval in which only certain excess sheds."""
    given = site.shedding.mask_s
    return given if given is not None else step_s(site.demand) / _MASK_SHARE


def no_restore_s(site: Site) -> float:
    """Time before the end of the interval in which nothing is restored."""
    given = site.shedding.no_restore_s
    return given if given is not None else step_s(site.demand) / _NO_RESTORE_SHARE


def watchdog_s(site: Site) -> int:
    """Time until the hardware resets a machine that hangs; the other unit waits for so long."""
    given = site.watchdog.timeout_s
    if given is not None:
        return given
    return _WATCHDOG_S_SINGLE if len(site.unit) == 1 else _WATCHDOG_S_PAIR


def settle_s(site: Site) -> float:
    """Time until the projection has wholly seen an action: until the window from which it
    estimates lies behind it. With less, half of each step is unseen and too much is shed.
    """
    return site.shedding.settle_s + site.projection.window_s
