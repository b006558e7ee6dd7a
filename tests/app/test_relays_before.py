"""What a restarted unit has in force until it knows better."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from edge.app.assembly import _relays_before
from edge.config.io import OutputPolicy, RelayPlan
from edge.model.scan import RelayCommand
from edge.model.twin import TwinMemory

SAFE = OutputPolicy.SAFE
PLANS = (
    RelayPlan("chiller", 5, shed_level=True, safe_shed=False, at_stop=SAFE, at_crash=SAFE),
    RelayPlan("oven", 6, shed_level=True, safe_shed=True, at_stop=SAFE, at_crash=SAFE),
)
BEFORE = (RelayCommand("chiller", shed=True), RelayCommand("oven", shed=True))


def relays_before(
    before: tuple[RelayCommand, ...], found: dict[str, bool], *, twin: bool, alone: bool
) -> dict[str, bool]:
    # Only these fields are looked at.
    site: Any = SimpleNamespace(io=SimpleNamespace(twin=object() if twin else None, relays=PLANS))
    memory = TwinMemory()
    memory.alone = alone
    continued: Any = SimpleNamespace(relays=before, twin=memory)
    return {command.load: command.shed for command in _relays_before(site, continued, found)}


@pytest.mark.parametrize(
    ("before", "alone", "found", "expected"),
    [
        # What the lines say goes before all else.
        (BEFORE, False, {"chiller": True, "oven": False}, {"chiller": True, "oven": False}),
        (BEFORE, True, {"chiller": False, "oven": False}, {"chiller": False, "oven": False}),
        ((), False, {"chiller": True, "oven": True}, {"chiller": True, "oven": True}),
        # Lines that nobody held: a restart sheds nothing, unless it was alone.
        (BEFORE, False, {}, {"chiller": False, "oven": False}),
        (BEFORE, True, {}, {"chiller": True, "oven": True}),
        (BEFORE, False, {"chiller": True}, {"chiller": True, "oven": False}),
        # A cold start.
        ((), False, {}, {"chiller": False, "oven": True}),
    ],
)
def test_unit_of_two_begins_with_what_it_finds(
    before: tuple[RelayCommand, ...],
    alone: bool,
    found: dict[str, bool],
    expected: dict[str, bool],
) -> None:
    assert relays_before(before, found, twin=True, alone=alone) == expected


def test_single_unit_begins_with_what_its_state_says() -> None:
    assert relays_before(BEFORE, {"chiller": False}, twin=False, alone=False) == {
        "chiller": True,
        "oven": True,
    }
