"""One gateway on a bench: its folder, its controller's lives, its desk, its own faults.

With a machine its processes live in namespaces of their own and can lose power; without one they
are the bench's.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hil.controller import Controller, is_alive
from hil.desk import Desk
from hil.events import EventReader
from hil.faults import Faults
from hil.network.machine import HOME, Machine
from hil.process_space import inner_pid
from hil.shim.build import build
from hil.waiting import DEADLINE_S, wait_for

_LEFT_S_MAX = 10.0
_COMMAND_S_MAX = 60.0
_PROGRAMS = Path(sys.executable).parent


class Gateway:
    """`folder` has `run`, `state`, `plans` and the site file; `pids` are the unit's processes.

    `environment` goes to each start over the bench's own. With `supervised` a controller that
    ends is started again 0.1 s later, as its service would be. `reboots_after_s`: a machine whose
    power was cut or that was reset boots again after so long, seen while somebody waits here.
    `claims`: the unit that it is started as, which should be its own.
    """

    def __init__(
        self,
        unit: str,
        folder: Path,
        board_socket: Path,
        pids: Callable[[], list[int]],
        faults: Faults,
        machine: Machine | None = None,
    ) -> None:
        self.unit = unit
        self.folder = folder
        self.faults = faults
        self.machine = machine
        self.environment: dict[str, str] = {}
        self.supervised = False
        self.reboots_after_s: float | None = None
        self.plans = folder / "plans"
        self.store = folder / "state"
        self.runtime = folder / "run"
        self.port = folder / "ttyRS485"
        self.site = folder / "site.toml"
        self.key_file = folder / "twin.key"
        self.claims = unit
        self.log = folder / "controller.log"
        self.desk = Desk(self.runtime / "control")
        self.events = EventReader(self.store / "journal.db")
        self._board_socket = board_socket
        self._board_pids = pids
        self._clock_file = folder / "clock"
        self._controller: Controller | None = None
        self._down_s: float | None = None
        for made in (self.plans, self.store):
            made.mkdir()
        self._clock_file.write_bytes(bytes(8))

    # The controller.

    def start(self, *, wait: bool = True) -> Controller:
        """Start it, after the end of the one before; with `wait` return after its first scan."""
        self.end()
        if self.machine is not None:
            self.machine.boot()
            self._down_s = None
        controller = self.launch()
        if wait:
            self.wait_status(lambda answer: answer["identity"]["pid"] == self.own_pid)
        return controller

    def launch(self) -> Controller:
        """Start the controller where the one before has ended, on a machine that is on."""
        environment = {
            "LD_PRELOAD": str(build()),
            "DENBAN_BOARD_SOCKET": str(self._board_socket),
            "DENBAN_CLOCK_FILE": str(self._clock_file),
            **self.environment,
        }
        site = self.site
        start: Callable[..., subprocess.Popen[Any]] = subprocess.Popen
        if self.machine is not None:
            site = HOME / site.name
            start = self.machine.popen
        self._controller = Controller(
            site, self.claims, environment, self.log, start=start, supervised=self.supervised
        )
        return self._controller

    @property
    def controller(self) -> Controller:
        """The one that was started last."""
        assert self._controller is not None, "no controller was started"
        return self._controller

    @property
    def control_pid(self) -> int:
        return self.controller.pid

    @property
    def own_pid(self) -> int:
        """The control process's number as it is told at the desk."""
        with contextlib.suppress(OSError):
            return inner_pid(self.control_pid)
        return 0

    def end(self) -> None:
        """Nothing of the unit runs any more; a machine is left without power."""
        if self.machine is not None:
            self.machine.cut_power()
        if self._controller is not None:
            self._controller.close()
            self._controller = None
            self._await_gone()

    def _await_gone(self) -> None:
        """Children of a killed controller end by themselves, or else by force."""
        try:
            wait_for("the end of all processes", lambda: not self.pids(), _LEFT_S_MAX)
        except TimeoutError:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)

    def pids(self) -> list[int]:
        """Every living process of the unit that the bench can know of."""
        pids = self.machine.pids() if self.machine is not None else self._board_pids()
        return [pid for pid in pids if is_alive(pid)]

    # The machine.

    def cut_power(self) -> None:
        """Every process ends and every output falls at once, no farewell is said; :meth:`start`
        boots it again.
        """
        assert self.machine is not None, "the gateway has no machine of its own"
        self.faults.cut_power()
        self.machine.cut_power()

    def attend(self) -> None:
        """Boot the machine again when it has been down for long enough."""
        if self.reboots_after_s is None or self.machine is None or self._controller is None:
            return
        if self.machine.is_on:
            return
        now_s = time.monotonic()
        if self._down_s is None:
            self._down_s = now_s
        if now_s - self._down_s >= self.reboots_after_s:
            self.start(wait=False)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`denban ARGUMENTS...` on this machine, at this unit's desk, without a terminal."""
        return self.run_within([str(_PROGRAMS / "denban"), *arguments], _COMMAND_S_MAX)

    def run_within(self, words: list[str], within_s: float) -> subprocess.CompletedProcess[str]:
        """A program on this machine, which finds this unit's desk.

        Raises subprocess.TimeoutExpired.
        """
        assert self.machine is not None, "the gateway has no machine of its own"
        process = self.machine.popen(
            words,
            env={
                **os.environ,
                "PATH": f"{_PROGRAMS}:{os.environ.get('PATH', os.defpath)}",
                "DENBAN_SOCKET": str(HOME / "run" / "control"),
                "NO_COLOR": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            said, complained = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, said, complained)

    # Waiting and looking.

    def wait_status(
        self, wanted: Callable[[dict[str, Any]], bool], within_s: float = DEADLINE_S
    ) -> dict[str, Any]:
        """The first status answer that is as `wanted`.

        Raises TimeoutError, or RuntimeError when the controller ended while it should live.
        """
        newest: dict[str, Any] = {}

        def look() -> dict[str, Any] | None:
            self.attend()
            code = self.controller.exit_code
            if code is not None and self.reboots_after_s is None:
                raise RuntimeError(f"controller: ended with {code}\n{self.log_text()}")
            answer = self.desk.status()
            if answer is not None:
                newest.update(answer)
            return answer if answer is not None and wanted(answer) else None

        try:
            return wait_for(f"{self.unit}: status", look, within_s, self.log_text)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\nnewest status: {newest}") from None

    def log_text(self) -> str:
        """What the controller wrote to its standard error."""
        return self.log.read_text() if self.log.exists() else ""

    # Faults of the gateway's own machine; `faults` has those of its wiring.

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
