"""What is held: the contract's demand, the projection of it, and the filed power plan."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from msgspec import Meta

from edge.config.io import Bias, Edge
from edge.config.sections.terms import Hours, NonEmpty, Pin, Positive, Ratio, Section
from edge.model.spec import DemandMethod, Estimator

Month = Annotated[int, Meta(ge=1, le=12)]
Price = Annotated[float, Meta(ge=0)]
PriceRange = tuple[Price, Price]


class CalendarSection(Section, frozen=True):
    """[[demand.calendar]]: another target at some hours. The lowest of all that apply counts."""

    target_kw: Annotated[Positive, Meta(description="Target demand at these hours.")]
    months: Annotated[
        tuple[Month, ...], Meta(description="Months, 1 to 12; none given: every month.")
    ] = ()
    dates: Annotated[
        tuple[dt.date, ...],
        Meta(description="Single days, e.g. [2026-08-13]; none given: every day."),
    ] = ()
    hours: Annotated[
        Hours,
        Meta(description='Local hours, e.g. "mon-fri 13:00-16:00" or "22:00-06:00".'),
    ] = "00:00-24:00"


class DemandSection(Section, frozen=True):
    """[demand]: the demand that the contract measures."""

    contract_kw: Annotated[Positive, Meta(description="Contract demand; never to be passed.")]
    method: Annotated[
        DemandMethod,
        Meta(description="How the utility's meter makes the demand out of energy."),
    ] = DemandMethod.BLOCK
    interval_s: Annotated[
        int,
        Meta(
            ge=60,
            le=7200,
            description="Demand interval; for `thermal` the time to 90 %. It must divide the day.",
        ),
    ] = 1800
    subinterval_s: Annotated[
        Annotated[int, Meta(ge=60, le=7200)] | None,
        Meta(
            description="Step of a `sliding` window; not used otherwise. It divides the interval."
        ),
    ] = None
    alignment_s: Annotated[
        int,
        Meta(ge=0, lt=7200, description="Start of the intervals after the local full hour."),
    ] = 0
    calendar: Annotated[
        tuple[CalendarSection, ...], Meta(description="Targets below the contract at some hours.")
    ] = ()
    eoi_pin: Annotated[
        Pin | None,
        Meta(description="Input of the utility's end-of-interval pulse, if it is fitted."),
    ] = None
    eoi_window_s: Annotated[
        Annotated[float, Meta(gt=0, le=300)],
        Meta(description="Such a pulse counts only so near to the expected end of the interval."),
    ] = 30.0
    eoi_edge: Annotated[Edge, Meta(description="Edge of the input that is the end.")] = Edge.FALLING
    eoi_bias: Annotated[Bias, Meta(description="Resistor of the input.")] = Bias.PULL_UP
    eoi_debounce_ms: Annotated[
        float, Meta(ge=0, le=1000, description="A level must last so long to count.")
    ] = 5.0


class ProjectionSection(Section, frozen=True):
    """[projection]: how present power is estimated from the energy of the last minutes."""

    estimator: Annotated[Estimator, Meta(description="Line through the recent energy.")] = (
        Estimator.LEAST_SQUARES
    )
    window_s: Annotated[
        float, Meta(ge=10, le=900, description="How far back the estimator looks.")
    ] = 60.0
    bound_sigmas: Annotated[
        float,
        Meta(
            ge=0, le=6, description="Width of the bounds, in standard deviations of recent power."
        ),
    ] = 2.0


class PlanSection(Section, frozen=True):
    """[plan]: the power plan that the plant filed, held slot by slot. Left out: no plan is held."""

    directory: Annotated[
        NonEmpty,
        Meta(description="Folder for plan files, relative to the site file or absolute."),
    ]
    slot_s: Annotated[int, Meta(ge=60, le=3600, description="Length of a slot.")] = 1800
    gate_close_s: Annotated[
        Annotated[int, Meta(ge=0, le=86400)],
        Meta(description="A slot's plan may change until so long before the slot."),
    ] = 3600
    loss_ratio: Annotated[
        Annotated[float, Meta(ge=0, lt=0.5)],
        Meta(description="Loss rate of the network: settled = metered / (1 - loss_ratio)."),
    ] = 0.0
    over_ratio_allowed: Annotated[
        Ratio, Meta(description="Allowed excess over the slot's plan, as a share of it.")
    ] = 0.0
    under_ratio_allowed: Annotated[
        Ratio, Meta(description="Allowed shortfall under the slot's plan, as a share of it.")
    ] = 0.0
    hold_over: Annotated[bool, Meta(description="Shed loads to stay at or under the plan.")] = True
    hold_under: Annotated[
        bool, Meta(description="Restore loads and switch absorb loads on to reach the plan.")
    ] = False
    shortage_price_per_kwh: Annotated[
        PriceRange, Meta(description="Lowest and highest price of energy used beyond the plan.")
    ] = (0.0, 0.0)
    surplus_price_per_kwh: Annotated[
        PriceRange, Meta(description="Lowest and highest price paid for energy left over.")
    ] = (0.0, 0.0)
    currency: Annotated[NonEmpty, Meta(description="Currency of the prices.")] = "JPY"
