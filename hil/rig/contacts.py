"""Relay contacts of both gateways as the observer sees them, and what the loads make of them.

Contacts that shed when energised are in parallel, the others in series. It writes every change
to the journal, in the words of the process bench's board.
"""

from __future__ import annotations

from hil.board.journal import Journal
from hil.works import LOADS, UNITS


class Contacts:
    """All relays are at rest until the observer says otherwise."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._energised = {load: dict.fromkeys(UNITS, False) for load in LOADS}
        self._sheds = {load: LOADS[load].safe == "shed" for load in LOADS}

    def move(self, unit: str, load: str, t_ns: int, *, energised: bool) -> None:
        relays = self._energised[load]
        if relays[unit] == energised:
            return
        relays[unit] = energised
        self._journal.add(
            t_ns, "line", unit=unit, pin=LOADS[load].pin, direction="out", level=int(energised)
        )
        sheds_at = LOADS[load].contact == "energise_to_shed"
        units = [each for each, on in relays.items() if on == sheds_at]
        if bool(units) != self._sheds[load]:
            self._sheds[load] = bool(units)
            self._journal.add(t_ns, "contact", load=load, shed=bool(units), units=units)

    def shed_loads(self) -> set[str]:
        return {load for load, sheds in self._sheds.items() if sheds}

    def energised(self) -> dict[str, dict[str, bool]]:
        """By load, then by unit."""
        return {load: dict(relays) for load, relays in self._energised.items()}
