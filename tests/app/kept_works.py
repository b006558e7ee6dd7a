"""A whole controller in one life after the other, with a service manager that keeps descriptors."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.core.controller import ControllerState
from edge.keeper.slots import CHECKPOINT_NAME, read_newest
from edge.model.checkpoint import Checkpoint
from tests.adapters.service_manager import DEADLINE_S, ServiceManager
from tests.hil.board_rig import Rig

ROOT = Path(__file__).parents[2]
PULSE_UWH = 100_000  # 10000 pulse/kWh
RATE_HZ = 1000
LOOK_S = 0.02  # neither the board nor a file tells when it changes
_DENBAN = "from edge.cli.main import main; main()"  # as its entry point does
SITE = """\
[site]
name = "Mill"
timezone = "Asia/Tokyo"

[unit.EG-KITA]
hardware_serial = "a1"

[demand]
contract_kw = 600

[pulse.incomer]
pin = 18
pulse_constant_per_kwh = 10000
debounce_ms = {debounce_ms}

[metering]
sources = ["pulse.incomer"]
power_kw_max = 700

[load.chiller]
pin = 5
rated_kw = 120
priority = 1
min_shed_s = 6
max_shed_s = 60

[store]
directory = "{folder}/state"

[control]
socket = "{folder}/run/control"
"""


class Works:
    """A board, a service manager, and one controller after the other."""

    def __init__(self, rig: Rig, unit: str = "a", site: str = SITE) -> None:
        """`unit` is the board's, `site` a template with `folder` and `debounce_ms`."""
        self._rig = rig
        self._unit = unit
        self.site = site
        self.folder = rig.path
        self.confine: list[str] = []  # a program that becomes the controller of its last argument
        self.manager = ServiceManager(rig.path / "notify")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, debounce_ms: float = 0) -> None:
        """Start a controller and wait until its first scan is done."""
        site = self._rig.path / "site.toml"
        site.write_text(self.site.format(folder=self._rig.path, debounce_ms=debounce_ms))
        self.manager.messages.clear()
        command = [sys.executable, "-c", _DENBAN, "run", str(site), "--unit", "EG-KITA"]
        self._process = self.manager.start(
            [*self.confine, json.dumps(command)] if self.confine else command,
            {
                "LD_PRELOAD": str(self._rig.library),
                "RUNTIME_DIRECTORY": str(self._rig.path / "run"),
                "DENBAN_BOARD_SOCKET": str(self._rig.path / f"{self._unit}.sock"),
            },
            ROOT,
        )
        self.manager.attend_until("READY=1")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate(timeout=DEADLINE_S)
        self.manager.attend()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.communicate(timeout=DEADLINE_S)
        assert self._process.returncode == 0
        self.manager.attend()

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        self._process.communicate(timeout=DEADLINE_S)
        self.manager.attend()
        return self._process.returncode

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pulse(self, count: int) -> None:
        self._rig.order("pulses", line="contact", count=count, rate_hz=RATE_HZ)

    def given_count(self) -> int:
        """Pulses that the meter has given so far."""
        return int(self._rig.order("snapshot")["pulses"]["contact"]["pulses_count"])

    def state(self) -> ControllerState | None:
        payload = read_newest(self._rig.path / "state" / CHECKPOINT_NAME)
        if payload is None:
            return None
        checkpoint = msgspec.msgpack.decode(payload, type=Checkpoint)
        return msgspec.msgpack.decode(checkpoint.state, type=ControllerState)

    def booked_count(self) -> float:
        """Pulses whose energy is in the saved state."""
        state = self.state()
        track = state.metering.tracks.get("pulse.incomer") if state else None
        return track.total_import_uwh / PULSE_UWH if track else 0

    def wait(self, seen: Callable[[], bool]) -> None:
        """Look at the board and at the saved state until something is so."""
        deadline_s = time.monotonic() + DEADLINE_S
        while not seen():
            assert time.monotonic() < deadline_s, (self.booked_count(), self.given_count())
            self.manager.attend()
            select.select([], [], [], LOOK_S)

    def close(self) -> None:
        if self._process is not None:
            self.kill()
        self.manager.close()
