"""What may be switched: loads behind relays, the pace of shedding, and the alarm contacts."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from edge.config.io import Bias, OutputPolicy
from edge.config.sections.terms import Hours, Name, Pin, Positive, Seconds, Section
from edge.model.spec import LoadKind, LostPolicy


class Contact(enum.StrEnum):
    """How the relay's contact is wired to the load.

    Energise to shed: a dead gateway lets the load run. De-energise to shed: it sheds the load.
    """

    ENERGISE_TO_SHED = "energise_to_shed"
    DE_ENERGISE_TO_SHED = "de_energise_to_shed"


class Active(enum.StrEnum):
    """Level of the line that energises the relay, or closes the input."""

    HIGH = "high"
    LOW = "low"


class SafeValue(enum.StrEnum):
    """What a load does while nobody decides."""

    SHED = "shed"
    RUN = "run"


class LoadSection(Section, frozen=True):
    """[load.NAME]: a load that may be shed (or, of kind `absorb`, switched on under the plan)."""

    pin: Annotated[Pin, Meta(description="GPIO number of the relay's output (BCM).")]
    rated_kw: Annotated[Positive, Meta(description="What shedding it frees at most.")]
    priority: Annotated[Annotated[int, Meta(ge=1, le=99)], Meta(description="1 is shed first.")]
    min_shed_s: Annotated[Seconds, Meta(description="Once shed, it stays so at least so long.")]
    max_shed_s: Annotated[Seconds, Meta(description="It is shed for at most so long at a time.")]
    min_run_s: Annotated[Seconds, Meta(description="Once restored, it runs at least so long.")] = (
        0.0
    )
    rest_s: Annotated[
        Seconds, Meta(description="Time between the end of a shed and the next one.")
    ] = 0.0
    lead_s: Annotated[
        Annotated[float, Meta(ge=0, le=900)],
        Meta(description="Time from the command until the power is really gone."),
    ] = 0.0
    duty_ratio: Annotated[
        Annotated[float, Meta(gt=0, le=1)],
        Meta(description="Share of the rating expected while it runs, until more is learned."),
    ] = 1.0
    kind: Annotated[LoadKind, Meta(description="`absorb`: switched on to reach the plan.")] = (
        LoadKind.SHED
    )
    group: Annotated[
        Name | None, Meta(description="Loads of one group and priority take turns.")
    ] = None
    essential: Annotated[
        tuple[Hours, ...],
        Meta(description='Local hours in which it is never shed, e.g. ["mon-fri 12:00-13:00"].'),
    ] = ()
    contact: Annotated[Contact, Meta(description="How the contact is wired.")] = (
        Contact.ENERGISE_TO_SHED
    )
    active: Annotated[Active, Meta(description="Level of the output that energises the relay.")] = (
        Active.HIGH
    )
    safe: Annotated[SafeValue, Meta(description="What it does while nobody decides.")] = (
        SafeValue.RUN
    )
    at_stop: Annotated[
        OutputPolicy | None, Meta(description="Overrides [shedding] at_stop for this load.")
    ] = None
    at_crash: Annotated[
        OutputPolicy | None, Meta(description="Overrides [shedding] at_crash for this load.")
    ] = None
    feedback_pin: Annotated[
        Pin | None, Meta(description="Input of the contactor's auxiliary contact, if fitted.")
    ] = None
    feedback_active: Annotated[
        Active, Meta(description="Level of that input while the contactor is closed.")
    ] = Active.LOW
    feedback_bias: Annotated[Bias, Meta(description="Resistor of that input.")] = Bias.PULL_UP


class SheddingSection(Section, frozen=True):
    """[shedding]: thresholds and pace. What scales with the interval is derived where not given."""

    mask_s: Annotated[
        Seconds | None,
        Meta(
            description="At the interval's start only certain excess sheds. None given: a third of "
            "the interval (of the sub-interval, with `sliding`)."
        ),
    ] = None
    no_restore_s: Annotated[
        Seconds | None,
        Meta(
            description="Before the interval's end nothing is restored. None given: a tenth of it."
        ),
    ] = None
    settle_s: Annotated[
        Annotated[float, Meta(ge=0, le=600)],
        Meta(description="After an action, so long and `projection.window_s` until the next."),
    ] = 15.0
    caution_ratio: Annotated[
        Annotated[float, Meta(gt=0, le=1)],
        Meta(description="The caution stage begins at this share of the target."),
    ] = 0.95
    hysteresis_ratio: Annotated[
        Annotated[float, Meta(ge=0, le=0.5)], Meta(description="It ends so far below.")
    ] = 0.03
    restore_margin_ratio: Annotated[
        Annotated[float, Meta(ge=0, le=0.5)],
        Meta(description="Share of the target that stays free after a restore."),
    ] = 0.03
    instant_limit_kw: Annotated[
        Positive | None,
        Meta(description="Power that the transformer stands; above it everything may be shed."),
    ] = None
    instant_release_ratio: Annotated[
        Annotated[float, Meta(gt=0, lt=1)],
        Meta(description="That ends below this share of the limit."),
    ] = 0.95
    lost_hold_s: Annotated[
        Seconds, Meta(description="With no believable meter, hold everything so long.")
    ] = 300.0
    lost_policy: Annotated[
        LostPolicy, Meta(description="After that: `hold`, `shed` or `release` the loads.")
    ] = LostPolicy.HOLD
    at_stop: Annotated[
        OutputPolicy, Meta(description="Outputs when the controller is stopped.")
    ] = OutputPolicy.SAFE
    at_crash: Annotated[OutputPolicy, Meta(description="Outputs when the controller dies.")] = (
        OutputPolicy.SAFE
    )


class AlarmSection(Section, frozen=True):
    """[alarm]: contacts for a lamp tower. Each may be left out."""

    caution_pin: Annotated[Pin | None, Meta(description="On at caution and above.")] = None
    shed_pin: Annotated[Pin | None, Meta(description="On while loads are shed.")] = None
    fault_pin: Annotated[Pin | None, Meta(description="On at a severe fault.")] = None
    buzzer_pin: Annotated[Pin | None, Meta(description="On until acknowledged.")] = None
    active: Annotated[Active, Meta(description="Level of an output that is on.")] = Active.HIGH
    acknowledge_pin: Annotated[Pin | None, Meta(description="Button that silences the buzzer.")] = (
        None
    )
    acknowledge_active: Annotated[
        Active, Meta(description="Level of the input while it is pressed.")
    ] = Active.LOW
    acknowledge_bias: Annotated[Bias, Meta(description="Resistor of the input.")] = Bias.PULL_UP
