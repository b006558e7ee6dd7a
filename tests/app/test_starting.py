"""What a unit of two has in force before it knows of anybody."""

from __future__ import annotations

from edge.app.starting import StartingRelays
from edge.model.scan import RelayCommand

S = 1_000_000_000
FOUND = (RelayCommand("chiller", shed=True),)
SAFE = (RelayCommand("chiller", shed=False),)


def test_relays_found_at_the_start_hold_for_half_a_minute_then_are_safe() -> None:
    starting = StartingRelays(FOUND, SAFE, 100 * S)
    assert (starting.relays, starting.safe) == (FOUND, SAFE)
    assert starting.may_stay(130 * S)
    assert not starting.may_stay(130 * S + 1)
