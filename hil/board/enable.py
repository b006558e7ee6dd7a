"""The one-shots beside the units: hardware that takes a unit's drivers away when its scans stop.

It decides nothing else: an edge starts the time anew, the end of the time takes the line down.
"""

from __future__ import annotations

from functools import partial

from hil.board.clock import NS_PER_S, Agenda, now_ns
from hil.board.config import BoardConfig, EnableConfig
from hil.board.journal import Journal
from hil.board.line import Line
from hil.board.wiring import Wiring
from hil.rpc import Client


class OneShot:
    """A retriggerable monostable; `is_up` is its output, the enable line. Down at the start."""

    def __init__(
        self,
        unit: str,
        config: EnableConfig,
        wiring: Wiring,
        journal: Journal,
        agenda: Agenda,
        line_orders: Client | None,
    ) -> None:
        self._unit = unit
        self._config = config
        self._wiring = wiring
        self._journal = journal
        self._agenda = agenda
        self._line_orders = line_orders
        self._until_ns = 0
        self.is_up = True
        wiring.hear(unit, config.pin, self._trigger)

    def _trigger(self, line: Line, t_ns: int) -> None:
        if not (line.is_output and line.level):
            return
        self._until_ns = t_ns + round(self._config.hold_ms * NS_PER_S / 1000)
        self._agenda.at(self._until_ns, self._end)
        self.set(t_ns, up=True)

    def _end(self, t_ns: int) -> None:
        if t_ns >= self._until_ns:
            self.set(t_ns, up=False)

    def set(self, t_ns: int, *, up: bool) -> None:
        if up == self.is_up:
            return
        self.is_up = up
        self._journal.add(t_ns, "enable", unit=self._unit, up=up)
        if self._line_orders is not None:
            self._line_orders.call("drive", node=self._config.node, on=up)
        self._wiring.gate_relays(self._unit, t_ns, driven=up)
        for unit, lines in self._wiring.lines.items():
            if unit != self._unit:
                lines[self._config.peer_pin].set_contact(int(up), t_ns)


def make_one_shots(
    config: BoardConfig, wiring: Wiring, journal: Journal, agenda: Agenda
) -> dict[str, OneShot]:
    """One for each unit that has one; their lines go down with the first step."""
    if not config.enables:
        return {}
    orders = Client(config.line_orders) if config.line_orders is not None else None
    found: dict[str, OneShot] = {}
    for unit, enable in config.enables.items():
        found[unit] = OneShot(unit, enable, wiring, journal, agenda, orders)
        agenda.at(now_ns(), partial(found[unit].set, up=False))
    return found
