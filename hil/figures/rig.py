"""One gateway with its plant, as processes: board, line, meters, and the real controller.

Its state folder lies on a real file system and its runtime folder in memory, as on a gateway, so
that what is written to the disk can be told apart.
"""

from __future__ import annotations

import select
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from hil.boottime import boottime_ns
from hil.controller import Controller
from hil.desk import Desk
from hil.figures import plant
from hil.figures.plant import PlantSize
from hil.launch import BenchProcess
from hil.lifetime import Undertaking
from hil.shim.build import build

_MEMORY = Path("/dev/shm")
READY_S_MAX = 30.0


class GatewayRig(Undertaking):
    """Enter it to have all but the controller; `folder` is where the state folder is made."""

    def __init__(self, folder: Path, size: PlantSize) -> None:
        super().__init__()
        self._parent = folder
        self.size = size
        self._controller: Controller | None = None

    def _begin(self) -> None:
        self.store = self._make_folder(self._parent)
        self.runtime = self._make_folder(_MEMORY if _MEMORY.is_dir() else None)
        runtime = self.runtime
        self._port = runtime / "ttyRS485"
        self._site = runtime / "site.toml"
        self.log = runtime / "controller.log"
        self.desk = Desk(runtime / "control")
        plant.write_site(self._site, self.size, self._port, runtime, self.store)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ends.callback(self._notify.close)
        self._notify.bind(str(runtime / "notify"))
        self.board = self._start("hil.board", "board", self._board_config())
        if self.size.meters:
            self._start("hil.hub", "hub", self._hub_config())
            self._start("hil.meters.pymodbus_server", "meters", self._meters_config())
        self._ends.callback(self.stop)

    def _make_folder(self, parent: Path | None) -> Path:
        path = Path(tempfile.mkdtemp(prefix="denban-", dir=parent))
        self._ends.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def _start(self, module: str, name: str, config: dict[str, Any]) -> BenchProcess:
        config["orders"] = str(self.runtime / f"{name}.sock")
        process = BenchProcess(module, self.runtime / f"{name}.json", config)
        self._ends.callback(process.close)
        return process

    def _board_config(self) -> dict[str, Any]:
        return {
            "log": str(self.runtime / "board.log"),
            "values": str(self.runtime / "values"),
            # Lines that end with their owner, so that each start is seen to request them.
            "units": {
                plant.UNIT: {"socket": str(self.runtime / "unit.sock"), "dead_owner": "revert"}
            },
            **plant.board_parts(self.size),
        }

    def _hub_config(self) -> dict[str, Any]:
        nodes = [
            {"name": "gateway", "path": str(self._port), "kind": "gateway"},
            {"name": "meters", "path": str(self.runtime / "tty-meters"), "kind": "meter"},
        ]
        return {
            "nodes": nodes,
            "log": str(self.runtime / "bus.jsonl"),
            "baudrate": self.size.baudrate,
        }

    def _meters_config(self) -> dict[str, Any]:
        line = {
            "kind": "serial",
            "port": str(self.runtime / "tty-meters"),
            "baudrate": self.size.baudrate,
        }
        units = plant.meter_units(self.size)
        return {"values": str(self.runtime / "values"), "line": line, "units": units}

    # The controller.

    def start(self) -> float:
        """Start the controller; seconds from exec to its READY=1. Raises RuntimeError."""
        environment = {
            "LD_PRELOAD": str(build()),
            "DENBAN_BOARD_SOCKET": str(self.runtime / "unit.sock"),
            "NOTIFY_SOCKET": str(self.runtime / "notify"),
        }
        while select.select([self._notify], [], [], 0)[0]:
            self._notify.recv(4096)  # of the one before
        self.started_ns = boottime_ns()
        self._controller = Controller(self._site, plant.UNIT, environment, self.log)
        deadline_ns = self.started_ns + int(READY_S_MAX * 1e9)
        while (left_ns := deadline_ns - boottime_ns()) > 0:
            if self._heard_ready(min(left_ns / 1e9, 1.0)):
                return (boottime_ns() - self.started_ns) / 1e9
            if self.controller.exit_code is not None:
                break
        raise RuntimeError(
            f"controller: not ready: got exit code {self.controller.exit_code}, need READY=1 within"
            f" {READY_S_MAX} s; not measured; it said:\n{self.log.read_text()}"
        )

    def _heard_ready(self, within_s: float) -> bool:
        if not select.select([self._notify], [], [], within_s)[0]:
            return False
        return b"READY=1" in self._notify.recv(4096)

    @property
    def controller(self) -> Controller:
        assert self._controller is not None, "the controller was not started"
        return self._controller

    def child(self, module: str) -> int:
        """Pid of the controller's child. Raises LookupError."""
        pid = self.controller.child(module)
        if pid is None:
            raise LookupError(f"{module}: no such child of the controller")
        return pid

    def status(self) -> dict[str, Any]:
        """The desk's newest answer. Raises RuntimeError when none comes."""
        deadline_s = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline_s:
            answer = self.desk.status()
            if answer is not None:
                return answer
            time.sleep(0.1)
        raise RuntimeError(f"desk: no status within {READY_S_MAX} s\n{self.log.read_text()}")

    def stop(self) -> None:
        """End the controller as its service would, if it runs."""
        if self._controller is not None:
            controller, self._controller = self._controller, None
            if controller.exit_code is None:
                controller.stop()
            controller.close()

    def moves(self, since_ns: int = 0) -> list[dict[str, Any]]:
        """Changes of contacts and lines at the board since then."""
        found: list[dict[str, Any]] = self.board.order("moves", since_ns=since_ns)
        return found


def work_folder(root: Path) -> Path:
    """A folder on a real file system for state folders of rigs."""
    path = root / "build" / "figures"
    path.mkdir(parents=True, exist_ok=True)
    return path
