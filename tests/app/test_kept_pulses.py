"""The whole controller killed and started again under 1 kHz of pulses, with descriptors kept by a
service manager: what it books is what the meter gave, to the pulse.
"""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.controller import ControllerState
from edge.keeper.slots import CHECKPOINT_NAME, read_newest
from edge.model.checkpoint import Checkpoint
from hil.controller import children
from tests.adapters.service_manager import DEADLINE_S, ServiceManager
from tests.hil.board_rig import Rig

ROOT = Path(__file__).parents[2]
PULSE_UWH = 100_000  # 10000 pulse/kWh
RATE_HZ = 1000
TRAIN_COUNT = 1500
AWAY_COUNT = 400
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

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.manager = ServiceManager(rig.path / "notify")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, debounce_ms: float = 0) -> None:
        """Start a controller and wait until its first scan is done."""
        site = self._rig.path / "site.toml"
        site.write_text(SITE.format(folder=self._rig.path, debounce_ms=debounce_ms))
        self.manager.messages.clear()
        self._process = self.manager.start(
            [sys.executable, "-c", _DENBAN, "run", str(site), "--unit", "EG-KITA"],
            {
                "LD_PRELOAD": str(self._rig.library),
                "DENBAN_BOARD_SOCKET": str(self._rig.path / "a.sock"),
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


def inodes(pid: int) -> set[int]:
    """Inodes of what a process has open."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile: a child that is starting
            found.add(link.stat().st_ino)
    return found


@pytest.fixture
def works() -> Iterator[Works]:
    with Rig(unit_changes={"a": {"watchdog": {"kill": False}}}) as rig:
        made = Works(rig)
        yield made
        made.close()


def away_and_back(works: Works, end: Callable[[], None]) -> None:
    """Pulses begin, the controller books some, ends, some come while it is away, it is back."""
    booked = works.booked_count()
    works.pulse(TRAIN_COUNT)
    works.wait(lambda: works.booked_count() > booked)
    end()
    given = works.given_count()
    works.pulse(AWAY_COUNT)
    works.wait(lambda: works.given_count() >= given + AWAY_COUNT)
    works.start()


def settle(works: Works, count: int) -> None:
    """Wait until all is given and booked, then for the state that is saved at a stop."""
    works.wait(lambda: works.given_count() == count and works.booked_count() >= count)
    works.stop()


def test_pulses_at_1_khz_over_two_kills_and_a_restart_are_booked_exactly(works: Works) -> None:
    works.start()
    for end in (works.kill, works.stop, works.kill):
        away_and_back(works, end)
    given_count = 3 * (TRAIN_COUNT + AWAY_COUNT)
    settle(works, given_count)
    state = works.state()
    assert state is not None
    track = state.metering.tracks["pulse.incomer"]
    assert (works.booked_count(), track.breaks_count) == (given_count, 0)


def test_pulses_that_ended_while_the_controller_was_away_are_booked_by_the_next_run(
    works: Works,
) -> None:
    works.start()
    works.wait(lambda: works.state() is not None)
    works.kill()
    works.pulse(AWAY_COUNT)
    works.wait(lambda: works.given_count() == AWAY_COUNT)
    works.start()
    settle(works, AWAY_COUNT)
    assert works.booked_count() == AWAY_COUNT


def test_pulses_of_before_are_not_booked_again_when_none_came_while_the_controller_was_away(
    works: Works,
) -> None:
    works.start()
    works.pulse(AWAY_COUNT)
    works.wait(lambda: works.booked_count() == AWAY_COUNT)
    works.kill()
    works.start()
    works.pulse(1)
    settle(works, AWAY_COUNT + 1)
    assert works.booked_count() == AWAY_COUNT + 1


def test_kept_lines_are_held_by_the_control_process_alone(works: Works) -> None:
    works.start()
    works.wait(lambda: len(works.manager.names) == 2)
    works.kill()
    works.start()
    kept = works.manager.inodes()
    assert kept <= inodes(works.pid)
    found = children(works.pid)
    assert [command for command in found.values() if "edge.keeper" in command]
    for pid in found:
        assert not kept & inodes(pid)


def test_pulses_of_a_site_file_with_another_debounce_are_counted_anew(works: Works) -> None:
    works.start()
    works.wait(lambda: len(works.manager.names) == 2)
    (before, _) = works.manager.names
    works.stop()
    works.start(debounce_ms=0.1)
    works.wait(lambda: len(works.manager.names) == 2 and before not in works.manager.names)
