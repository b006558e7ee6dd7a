"""What a unit of two has in force from its start until it hears its twin or has the duty."""

from __future__ import annotations

from typing import Final

from edge.model.scan import RelayCommand
from edge.model.units import NS_PER_S

# As long as a mirror is held (docs/twin.md). Who has neither heard anybody nor got the duty by then
# can not know whether anybody still wants what it found in force.
_FOUND_NS_MAX: Final = 30 * NS_PER_S


class StartingRelays:
    """`relays` as they were found or remembered, for a while; then their `safe` values."""

    def __init__(
        self, relays: tuple[RelayCommand, ...], safe: tuple[RelayCommand, ...], start_mono_ns: int
    ) -> None:
        self.relays = relays
        self.safe = safe
        self._until_mono_ns = start_mono_ns + _FOUND_NS_MAX

    def may_stay(self, now_mono_ns: int) -> bool:
        """Whether what was found may still be in force."""
        return now_mono_ns <= self._until_mono_ns
