"""What `denban init` asks about a plant: few questions, the same in the dialogue and in a file.

Only what no default can know. Whether the answers make a sound site is judged where every site is,
by edge.config.load, on the text that edge.config.draft makes of them.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from edge.config.document import decode_document
from edge.config.sections.loads import Contact
from edge.config.sections.metering import MeterRole
from edge.config.sections.plant import BoardModel
from edge.config.sections.terms import Name, NonEmpty, Pin, Positive, Seconds, Section
from edge.model.bus import Parity
from edge.model.problem import ProblemsError


class UnitAnswer(Section, frozen=True):
    """[[unit]]: one gateway. The first one is ahead in a tie."""

    name: Name
    hardware_serial: NonEmpty
    addresses: tuple[NonEmpty, ...] = ()


class LineAnswer(Section, frozen=True):
    """[[line]]: a serial line with meters."""

    name: Name
    port: NonEmpty
    baudrate: Annotated[int, Meta(ge=300, le=460800)] = 19200
    parity: Parity = Parity.EVEN


class MeterAnswer(Section, frozen=True):
    """[[meter]]: a meter on one of the lines. Ratios only where they are not set in the meter."""

    name: Name
    line: Name
    unit_id: Annotated[int, Meta(ge=1, le=247)]
    profile: Name
    role: MeterRole = MeterRole.INFO
    ct_ratio: Positive | None = None
    vt_ratio: Positive | None = None


class PulseAnswer(Section, frozen=True):
    """[pulse]: the pulse output of the meter that measures the whole site."""

    pin: Pin
    pulse_constant_per_kwh: Positive
    ct_ratio: Positive = 1.0
    vt_ratio: Positive = 1.0


class LoadAnswer(Section, frozen=True):
    """[[load]]: a load behind a relay. Its safe value follows from the contact."""

    name: Name
    pin: Pin
    rated_kw: Positive
    priority: Annotated[int, Meta(ge=1, le=99)]
    min_shed_s: Seconds = 300.0
    max_shed_s: Seconds = 1800.0
    contact: Contact = Contact.ENERGISE_TO_SHED


class Answers(Section, frozen=True):
    """All of them."""

    site: NonEmpty
    timezone: NonEmpty
    contract_kw: Positive
    unit: tuple[UnitAnswer, ...]
    interval_s: Annotated[int, Meta(ge=60, le=7200)] = 1800
    board: BoardModel = BoardModel.PI_4
    gpio_chip: NonEmpty | None = None
    line: tuple[LineAnswer, ...] = ()
    meter: tuple[MeterAnswer, ...] = ()
    pulse: PulseAnswer | None = None
    load: tuple[LoadAnswer, ...] = ()


def read_answers(data: bytes, file: str) -> Answers:
    """The answers that a TOML file gives. Raises ProblemsError with every fault of its keys."""
    answers, findings = decode_document(data, file, Answers, {})
    if findings.errors:
        step = "see docs/init-answers.example.toml"
        raise ProblemsError(
            tuple(replace(p, effect="not written", next_step=step) for p in findings.errors)
        )
    return answers
