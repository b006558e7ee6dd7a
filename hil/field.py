"""What stands around gateways on a bench: the board, the line, the meters, in one folder.

One class for one gateway or two: who enters it says which units there are. It judges nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path
from typing import Any, TypeVar

from hil import works as wiring
from hil.faults import Faults
from hil.launch import BenchProcess
from hil.lifetime import Undertaking
from hil.observer import Log
from hil.waiting import DEADLINE_S, wait_for
from hil.works import Works

_Seen = TypeVar("_Seen")


def has_libmodbus() -> bool:
    return find_library("modbus") is not None


class Field(Undertaking):
    """The whole bench in a folder of its own, which goes with it. Enter it to have all that is up
    without a controller. `nodes`: each unit's node on the line.
    """

    def __init__(self, works: Works | None, seed: int, nodes: dict[str, str]) -> None:
        super().__init__()
        self.works = works or Works()
        self.seed = seed
        self._nodes = nodes

    def _begin(self) -> None:
        # Short, for the sake of socket paths. Ends with the bench whatever happened.
        self.folder = Path(tempfile.mkdtemp(prefix="denban-"))
        self._ends.callback(shutil.rmtree, self.folder, ignore_errors=True)
        for unit in self._nodes:
            self.home(unit).mkdir(exist_ok=True)
        self.hub = self._start("hil.hub", "hub", self._hub_config())
        self.board = self._start("hil.board", "board", self._board_config())
        self._start_meters()
        self.faults = Faults(self.board, self.hub, self.meters)

    def home(self, unit: str) -> Path:
        """The unit's own folder: its serial port, its state, its log."""
        return self.folder / unit

    def board_socket(self, unit: str) -> Path:
        return self.folder / f"board-{unit}.sock"

    def _start(self, module: str, name: str, config: dict[str, Any]) -> BenchProcess:
        config["orders"] = str(self.folder / f"{name}.sock")
        process = BenchProcess(module, self.folder / f"{name}.json", config)
        self._ends.callback(process.close)
        return process

    def _board_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "log": str(self.folder / "board.log"),
            "values": str(self.folder / "values"),
            "units": {unit: {"socket": str(self.board_socket(unit))} for unit in self._nodes},
            "seed": self.seed,
            **wiring.board_wiring(self.works),
        }
        if self.works.enable_lines:
            config["line_orders"] = str(self.folder / "hub.sock")
            pins = {"pin": wiring.ENABLE_PIN, "peer_pin": wiring.PEER_ENABLE_PIN}
            config["enables"] = {unit: {**pins, "node": node} for unit, node in self._nodes.items()}
        return config

    def _hub_config(self) -> dict[str, Any]:
        gateways = {node: self.home(unit) / "ttyRS485" for unit, node in self._nodes.items()}
        nodes = [
            {"name": name, "path": str(path), "kind": kind}
            for kind, ports in (("gateway", gateways), ("meter", self._meter_ports()))
            for name, path in ports.items()
        ]
        return {"nodes": nodes, "log": str(self.bus_log), "seed": self.seed}

    @property
    def bus_log(self) -> Path:
        return self.folder / "bus.jsonl"

    def lift_transmitter(self, unit: str, *, on: bool) -> None:
        """For a self-test: a unit without a controller may drive the line though its enable line is
        down; `on` false puts the transmitter back under the line, where there is one.
        """
        if self.works.enable_lines:
            self.hub.order("drive", node=self._nodes[unit], on=on)

    def _meter_ports(self) -> dict[str, Path]:
        return {name: self.folder / f"tty-{name}" for name in ("incomer", "chillers")}

    def _start_meters(self) -> None:
        """Two servers that are not ours, where both are installed."""
        second = "libmodbus" if has_libmodbus() else "pymodbus"
        self.meters = {
            "incomer": self._start_meter("incomer", "pymodbus", wiring.INCOMER_METER),
            "chillers": self._start_meter("chillers", second, wiring.CHILLERS_METER),
        }
        self.meter_servers = {"incomer": "pymodbus", "chillers": second}

    def _start_meter(self, name: str, server: str, unit: dict[str, Any]) -> BenchProcess:
        config = {
            "values": str(self.folder / "values"),
            "line": {"kind": "serial", "port": str(self._meter_ports()[name])},
            "units": [unit],
        }
        return self._start(f"hil.meters.{server}_server", f"meter-{name}", config)

    # Waiting and looking.

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float = DEADLINE_S
    ) -> _Seen:
        """The first result of `look` that is not None, False or empty.

        Raises TimeoutError that says `what` did not come.
        """
        return wait_for(what, look, within_s, self.log_text)

    def log_text(self) -> str:
        """What the controllers wrote to their standard error."""
        return ""

    def observed(self) -> Log:
        """The board's log until now: moves, watchdog, energy of intervals."""
        return Log.read(self.folder / "board.log")

    def snapshot(self) -> dict[str, Any]:
        """The board's state now: loads, lamps, pulses, watchdog, power, energy."""
        found: dict[str, Any] = self.board.order("snapshot")
        return found

    def pulses_arrived(self, unit: str = wiring.UNIT) -> int:
        """Pulses at the unit's input since its line was requested, as its kernel numbers them."""
        for line in self.board.order("pins")[unit]:
            if line["pin"] == wiring.PULSE_PIN:
                return int(line["line_seqno"])
        return 0

    # The plant.

    def since_boundary_uwh(self, snapshot: dict[str, Any]) -> int | None:
        """What the plant had taken in its running interval at `snapshot`; None before the first."""
        marks = [e for e in self.observed().events if e["event"] == "interval"]
        if not marks:
            return None
        taken: int = snapshot["import_uwh"][wiring.FEEDER] - marks[-1]["import_uwh"][wiring.FEEDER]
        return taken

    def plant_stop(self) -> None:
        """No load runs and there is no base load: the plant draws nothing."""
        self.set_base_kw(0)
        for name in wiring.LOADS:
            self.board.order("load_trip", name=name, on=True)

    def plant_run(self, base_kw: float) -> None:
        """All loads and a base load of `base_kw`."""
        for name in wiring.LOADS:
            self.board.order("load_trip", name=name, on=False)
        self.set_base_kw(base_kw)

    def set_base_kw(self, base_kw: float) -> None:
        self.board.order("plant_set", name="base_w", value_w=base_kw * 1000)
