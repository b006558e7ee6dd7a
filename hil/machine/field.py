"""What stands around two emulated gateways: the bench's board, line, meters and switch as they
are, with ends to which machines connect. It knows nothing of what is connected.
"""

from __future__ import annotations

from typing import Any

from hil.boottime import boottime_ns
from hil.field import Field
from hil.machine.command_line import Card, Connections
from hil.network.network import Paths, mac, port_config
from hil.observer import Log
from hil.tail import Tail
from hil.works import UNITS, Works

PATHS_COUNT = 2
# An emulated processor is starved as no real one is: an edge waits for a guest's kernel.
_PATIENCE_S = 0.2


class MachineField(Field):
    """Enter it to have all that is up without a machine; `connections` says where they connect."""

    def __init__(self, works: Works, seed: int) -> None:
        super().__init__(works, seed, {unit: unit for unit in UNITS})

    def _begin(self) -> None:
        super()._begin()
        self.bursts = Tail(self.bus_log)
        self.board_events = Tail(self.folder / "board.log")
        self.links = Paths(self.folder, self._switch_ports(), self.seed)
        self._ends.callback(self.links.close)

    def _switch_ports(self) -> list[dict[str, str]]:
        return [
            {
                **port_config(path, place, unit),
                "socket": str(card.switch),
                "machine": str(card.own),
            }
            for place, unit in enumerate(UNITS)
            for path, card in enumerate(self.connections(unit).cards)
        ]

    def connections(self, unit: str) -> Connections:
        place = UNITS.index(unit)
        cards = tuple(
            Card(mac(path, place), self.home(unit) / f"net{path}", self.home(unit) / f"port{path}")
            for path in range(PATHS_COUNT)
        )
        return Connections(self.board_socket(unit), self.home(unit) / "rs485", cards)

    def _hub_config(self) -> dict[str, Any]:
        config = super()._hub_config()
        for node in config["nodes"]:
            if node["kind"] == "gateway":
                node["port"] = "socket"
                node["path"] = str(self.connections(node["name"]).line)
        return config

    def _board_config(self) -> dict[str, Any]:
        config = super()._board_config()
        for unit in config["units"].values():
            unit["kind"] = "virtio"
        for pulse in config["pulses"].values():
            pulse["patience_s"] = _PATIENCE_S
        return config

    def observed(self) -> Log:
        return Log(self.board_events.rows())

    def now_ns(self) -> int:
        return boottime_ns()
