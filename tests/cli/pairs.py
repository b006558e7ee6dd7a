"""A status answer of EG-KITA as one of two gateways."""

from __future__ import annotations

from msgspec.structs import replace

from edge.keeper.duty import role_word
from edge.keeper.requests import Answer
from edge.model.twin_status import TwinStatus
from tests.cli.answers import ANSWER, IDENTITY


def answer_of(twin: TwinStatus | None) -> Answer:
    role = "single" if twin is None else role_word(twin)
    identity = replace(IDENTITY, role=role, version="1.0.0")
    return replace(ANSWER, identity=identity, twin=twin)
