"""What the site file means to the decisions: SI units, nanoseconds, exact ratios. Made by
edge.config.

Records here are complete and consistent; the decisions check none of it again.
"""

from __future__ import annotations

import enum
from datetime import date, time, tzinfo

from msgspec import Struct

from edge.model.registers import Quantity


class Direction(enum.StrEnum):
    IMPORT = "import"
    EXPORT = "export"


class PulseSpec(Struct, frozen=True):
    """A pulse input: `uwh_numerator / uwh_denominator` µWh a pulse, exact, CT and VT included."""

    name: str
    uwh_numerator: int
    uwh_denominator: int
    direction: Direction


class MeterSpec(Struct, frozen=True):
    """A Modbus meter as the decisions see it: MeterSample values are primary-side W and µWh
    already.

    `counter_modulus_uwh` is where the energy counter wraps to zero (None: never, or unknown).
    A sample older than `stale_ns` is no longer believed.
    """

    name: str
    bus: str
    quantities: frozenset[Quantity]
    counter_modulus_uwh: int | None
    stale_ns: int


class SourceKind(enum.StrEnum):
    PULSE = "pulse"
    ENERGY = "energy"
    POWER = "power"


class SourceSpec(Struct, frozen=True):
    """One source of the site's energy: a pulse input by name, or a quantity of a meter by name."""

    kind: SourceKind
    name: str


class MeteringSpec(Struct, frozen=True):
    """Sources of the site's energy, best first. `power_w_max` is what the connection can carry at
    most: a delta above it is a fault, not energy. Cross-check: alarm when two sources differ by
    more than `cross_check_ratio` over `cross_check_ns` (and by more than their resolution).
    A better source that is back takes over again after `steady_ns` without a fault.
    """

    sources: tuple[SourceSpec, ...]
    pulses: tuple[PulseSpec, ...]
    meters: tuple[MeterSpec, ...]
    power_w_max: float
    stale_ns: int
    cross_check_ratio: float
    cross_check_ns: int
    steady_ns: int = 60_000_000_000


class DemandMethod(enum.StrEnum):
    BLOCK = "block"
    SLIDING = "sliding"
    THERMAL = "thermal"


class CalendarTarget(Struct, frozen=True):
    """A target for some months, weekdays (0 is Monday) and dates, from `start` to `end` local time.

    Empty sets mean all. `end` 00:00 means the end of the day; `end` before `start` wraps midnight.
    """

    target_w: float
    months: frozenset[int]
    weekdays: frozenset[int]
    dates: frozenset[date]
    start: time
    end: time


class DemandSpec(Struct, frozen=True):
    """The demand that the contract measures. `alignment_ns` shifts interval starts from UTC
    multiples of `interval_ns` (local alignment is worked out by the compiler from the time zone).

    SLIDING: `interval_ns` is the window, `subinterval_ns` its step. THERMAL: `interval_ns` is the
    time to 90 % (tau = T / ln 10). BLOCK: `subinterval_ns` equals `interval_ns`. `eoi_window_ns` 0:
    no end-of-interval pulse is fitted.
    """

    method: DemandMethod
    interval_ns: int
    subinterval_ns: int
    alignment_ns: int
    contract_w: float
    calendar: tuple[CalendarTarget, ...]
    eoi_window_ns: int


class Estimator(enum.StrEnum):
    TWO_POINT = "two_point"
    MOVING_AVERAGE = "moving_average"
    LEAST_SQUARES = "least_squares"


class ProjectionSpec(Struct, frozen=True):
    """How present power is estimated: over `window_ns` back, bounds `bound_sigmas` wide."""

    estimator: Estimator
    window_ns: int
    bound_sigmas: float


class PlanSpec(Struct, frozen=True):
    """Holding the filed plan. Ratios are of the slot's planned energy; `loss_ratio` turns metered
    into settled energy: settled = metered / (1 - loss_ratio). Prices in `currency` per kWh, low to
    high. A slot's plan may change until `gate_close_ns` before the slot starts.
    """

    slot_ns: int
    over_ratio_allowed: float
    under_ratio_allowed: float
    loss_ratio: float
    shortage_price_range: tuple[float, float]
    surplus_price_range: tuple[float, float]
    currency: str
    hold_over: bool
    hold_under: bool
    gate_close_ns: int = 3600 * 1_000_000_000


class LostPolicy(enum.StrEnum):
    """What to do with the loads when no source of energy has been believable for `lost_hold_ns`."""

    HOLD = "hold"
    SHED = "shed"
    RELEASE = "release"


class LoadKind(enum.StrEnum):
    SHED = "shed"
    ABSORB = "absorb"


class DailyWindow(Struct, frozen=True):
    """Hours of a local day; `end` at or before `start` wraps midnight. Empty weekdays: all."""

    start: time
    end: time
    weekdays: frozenset[int]


class LoadSpec(Struct, frozen=True):
    """A load behind a relay. `priority` 1 is shed first; loads of one `group` and priority rotate.

    `duty_ratio` of the rated power is expected while it runs, until more is learned.
    `safe_shed` is the wish while nobody decides. `has_feedback`: an auxiliary contact says if it is
    on. `lead_ns`: time from the command until the power is really gone (or there).
    """

    name: str
    kind: LoadKind
    rated_w: float
    priority: int
    group: str
    min_shed_ns: int
    max_shed_ns: int
    min_run_ns: int
    rest_ns: int
    lead_ns: int
    essential: tuple[DailyWindow, ...]
    safe_shed: bool
    has_feedback: bool
    duty_ratio: float = 1.0


class SheddingSpec(Struct, frozen=True):
    """Stage thresholds and pace. Ratios are of the target.

    `mask_ns` after an interval's start only the optimistic bound may shed; `no_restore_ns` before
    its end nothing is restored; `settle_ns` after an action before the next (as long as the power
    estimate takes to show it all, so at least the projection's window); `restore_margin_ratio`
    is kept free after a restore; `caution_ratio` of the target starts the caution stage,
    `hysteresis_ratio` below ends it.
    """

    loads: tuple[LoadSpec, ...]
    mask_ns: int
    no_restore_ns: int
    settle_ns: int
    caution_ratio: float
    hysteresis_ratio: float
    restore_margin_ratio: float
    instant_limit_w: float | None
    instant_release_ratio: float
    lost_hold_ns: int
    lost_policy: LostPolicy


class ControlSpec(Struct, frozen=True):
    """The whole site as the decisions see it."""

    site: str
    timezone: tzinfo
    metering: MeteringSpec
    demand: DemandSpec
    projection: ProjectionSpec
    plan: PlanSpec | None
    shedding: SheddingSpec
