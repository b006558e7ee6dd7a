"""One bench: line, meters, board and the real controller, started together and ended together.

It breaks things by order and tells what was seen, by the board, by the plant and at the
controller's own desk. It judges nothing: that is for tests and for the demo.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from ctypes.util import find_library
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from hil import timezone
from hil import works as wiring
from hil.controller import Controller, is_alive
from hil.desk import Desk
from hil.events import EventReader
from hil.faults import Faults
from hil.launch import BenchProcess
from hil.lifetime import undisturbed
from hil.observer import Log
from hil.shim.build import build
from hil.site import SitePaths, write_site
from hil.works import UNIT, Works

DEADLINE_S = 30.0  # a shared machine may stall; nothing waits this long when all is well
_LOOK_S = 0.02
_LEFT_S_MAX = 10.0
_Seen = TypeVar("_Seen")


def has_libmodbus() -> bool:
    return find_library("modbus") is not None


class Bench:
    """The whole bench in a folder of its own, which goes with it.

    Enter it to have everything up but the controller; :meth:`start_controller` starts that. With a
    `plan_slot_s` in the works the plan folder is `plans`.
    """

    def __init__(self, works: Works | None = None, *, seed: int = 1) -> None:
        self.works = works or Works()
        self.seed = seed
        self.environment: dict[str, str] = {}
        self.plan_day = ""
        self._ends = contextlib.ExitStack()
        self._controller: Controller | None = None

    def __enter__(self) -> Bench:
        try:
            self._begin()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with undisturbed():
            self._ends.close()

    def _begin(self) -> None:
        # Short, for the sake of socket paths. Ends with the bench whatever happened.
        self.folder = Path(tempfile.mkdtemp(prefix="denban-"))
        self._ends.callback(shutil.rmtree, self.folder, ignore_errors=True)
        folder = self.folder
        self.plans = folder / "plans"
        self.plans.mkdir()
        self.store = folder / "state"
        self.store.mkdir()
        self.runtime = folder / "run"
        self.port = folder / "ttyRS485"
        self.site = folder / "site.toml"
        self.log = folder / "controller.log"
        self._clock_file = folder / "clock"
        self._clock_file.write_bytes(bytes(8))
        self.desk = Desk(self.runtime / "control")
        self.events = EventReader(self.store / "journal.db")
        paths = SitePaths(self.port, self.runtime / "control", self.store, self.plans)
        write_site(self.site, self.works, paths)
        self.board = self._start("hil.board", "board", self._board_config())
        self.hub = self._start("hil.hub", "hub", self._hub_config())
        self._start_meters()
        self.faults = Faults(self.board, self.hub, self.meters)
        self._ends.callback(self._end_controller)

    def _start(self, module: str, name: str, config: dict[str, Any]) -> BenchProcess:
        config["orders"] = str(self.folder / f"{name}.sock")
        process = BenchProcess(module, self.folder / f"{name}.json", config)
        self._ends.callback(process.close)
        return process

    def _board_config(self) -> dict[str, Any]:
        return {
            "log": str(self.folder / "board.log"),
            "values": str(self.folder / "values"),
            "units": {UNIT: {"socket": str(self.folder / "unit.sock")}},
            "seed": self.seed,
            **wiring.board_wiring(self.works),
        }

    def _hub_config(self) -> dict[str, Any]:
        nodes = [
            {"name": name, "path": str(path), "kind": "gateway" if path == self.port else "meter"}
            for name, path in self._ports().items()
        ]
        return {"nodes": nodes, "log": str(self.folder / "bus.jsonl"), "seed": self.seed}

    def _ports(self) -> dict[str, Path]:
        meters = {name: self.folder / f"tty-{name}" for name in ("incomer", "chillers")}
        return {"gateway": self.port, **meters}

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
            "line": {"kind": "serial", "port": str(self._ports()[name])},
            "units": [unit],
        }
        return self._start(f"hil.meters.{server}_server", f"meter-{name}", config)

    # The controller.

    def start_controller(self, *, wait: bool = True) -> Controller:
        """Start it, after the end of the one before; with `wait` return after its first scan."""
        self._end_controller()
        environment = {
            "LD_PRELOAD": str(build()),
            "DENBAN_BOARD_SOCKET": str(self.folder / "unit.sock"),
            "DENBAN_CLOCK_FILE": str(self._clock_file),
            **self.environment,
        }
        self._controller = Controller(self.site, UNIT, environment, self.log)
        if wait:
            self.wait_status(lambda answer: answer["identity"]["pid"] == self.control_pid)
        return self._controller

    @property
    def controller(self) -> Controller:
        """The one that was started last."""
        assert self._controller is not None, "no controller was started"
        return self._controller

    @property
    def control_pid(self) -> int:
        return self.controller.pid

    def _end_controller(self) -> None:
        if self._controller is not None:
            self._controller.close()
            self._controller = None
            self._await_unit_gone()

    def _await_unit_gone(self) -> None:
        """Children of a killed controller end by themselves, or else by force."""
        deadline_s = time.monotonic() + _LEFT_S_MAX
        while pids := self.unit_pids():
            if time.monotonic() > deadline_s:
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)
                return
            _pause()

    def unit_pids(self) -> list[int]:
        """Every living process that is connected to the board as the unit."""
        pids = self.board.order("snapshot")["units"][UNIT]["pids"]
        return [pid for pid in pids if is_alive(pid)]

    # Waiting and looking.

    def wait(
        self, what: str, look: Callable[[], _Seen | None], within_s: float = DEADLINE_S
    ) -> _Seen:
        """The first result of `look` that is not None, False or empty.

        Raises TimeoutError that says `what` did not come, or RuntimeError when the controller
        ended while it should live.
        """
        deadline_s = time.monotonic() + within_s
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{what}: not seen in {within_s:g} s\n{self.log_text()}")
            _pause()

    def wait_status(
        self, wanted: Callable[[dict[str, Any]], bool], within_s: float = DEADLINE_S
    ) -> dict[str, Any]:
        """The first status answer that is as `wanted`."""
        newest: dict[str, Any] = {}

        def look() -> dict[str, Any] | None:
            if (code := self.controller.exit_code) is not None:
                raise RuntimeError(f"controller: ended with {code}\n{self.log_text()}")
            answer = self.desk.status()
            if answer is not None:
                newest.update(answer)
            return answer if answer is not None and wanted(answer) else None

        try:
            return self.wait("status", look, within_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\nnewest status: {newest}") from None

    def log_text(self) -> str:
        """What the controller wrote to its standard error."""
        return self.log.read_text() if self.log.exists() else ""

    def observed(self) -> Log:
        """The board's log until now: moves, watchdog, energy of intervals."""
        return Log.read(self.folder / "board.log")

    def snapshot(self) -> dict[str, Any]:
        """The board's state now: loads, lamps, pulses, watchdog, power, energy."""
        found: dict[str, Any] = self.board.order("snapshot")
        return found

    def pulses_arrived(self) -> int:
        """Pulses at the unit's input since its line was requested, as its kernel numbers them."""
        for line in self.board.order("pins")[UNIT]:
            if line["pin"] == wiring.PULSE_PIN:
                return int(line["line_seqno"])
        return 0

    def begin_day_at(self, midnight_utc_s: int) -> None:
        """Before the controller starts: its local day begins then, and `plan_day` is its date.

        The works must have the zone of hil.timezone.
        """
        assert self.works.timezone == timezone.NAME
        offset_s = timezone.offset_for_midnight_s(midnight_utc_s)
        self.environment |= timezone.write_timezone(self.folder / "zoneinfo", offset_s)
        self.plan_day = datetime.fromtimestamp(midnight_utc_s + offset_s, UTC).date().isoformat()

    # The plant.

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

    # Faults of the controller's own machine; `faults` has those of its wiring.

    def step_clock(self, difference_s: float) -> None:
        """Set the controller's wall clock apart from the machine's by so much; 0 sets it right."""
        with self._clock_file.open("r+b") as file:
            file.write(round(difference_s * 1e9).to_bytes(8, sys.byteorder, signed=True))

    def fill_disk(self, on: bool) -> None:
        """No file of the keeper may grow: what a full disk is to the one process that writes.

        Raises LookupError while there is no keeper.
        """
        keeper_pid = self.controller.child("edge.keeper")
        if keeper_pid is None:
            raise LookupError("edge.keeper: not running")
        bytes_max = 0 if on else resource.RLIM_INFINITY
        resource.prlimit(keeper_pid, resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))


def _pause() -> None:
    """Between two looks at something that can not be waited for."""
    time.sleep(_LOOK_S)
