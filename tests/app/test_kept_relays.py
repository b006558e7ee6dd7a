"""The whole controller killed, restarted, or not startable, on a board that makes inputs of a dead
owner's outputs: a service manager holds the relay lines, so none moves that should not.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.app import unmanned
from hil.desk import Desk
from tests.adapters.service_manager import DEADLINE_S
from tests.app.kept_works import SITE, Works
from tests.hil.board_rig import Rig

PIN = 5
# Sheds by hand ten seconds after the start, not 75.
HASTY = f"""{SITE}
[shedding]
settle_s = 0

[projection]
window_s = 10
"""
UNMANNED = Path(unmanned.__file__)
UP, DOWN, GIVEN_UP = ("out", 1), ("out", 0), ("in", 0)


class Mill:
    """One unit with one relay, on the reverting board."""

    def __init__(self, rig: Rig, site: str) -> None:
        self.rig = rig
        self.works = Works(rig, "b", site)
        self.starting = rig.path / "run" / "starting"
        self.starting.parent.mkdir(exist_ok=True)
        self._seen = 0

    @property
    def all_moves(self) -> list[tuple[str, int]]:
        return self.rig.levels("b", PIN)

    def moves(self) -> list[tuple[str, int]]:
        """Of the relay's line since the last call."""
        moved = self.all_moves[self._seen :]
        self._seen += len(moved)
        return moved

    def shed(self) -> None:
        desk = Desk(self.rig.path / "run" / "control")
        self.works.wait(lambda: desk.status() is not None)
        assert desk.override("chiller", "shed", 600)["ok"]
        self.works.wait(lambda: self.all_moves[-1] == UP)

    def start_that_fails(self, *, ago_s: float) -> None:
        """What the start command does after a start without a scan, `ago_s` after the first."""
        uptime_s = float(Path("/proc/uptime").read_text().split()[0])
        self.starting.write_text(f"{uptime_s - ago_s:.2f}\n")
        environment = {
            "LD_PRELOAD": str(self.rig.library),
            "DENBAN_BOARD_SOCKET": str(self.rig.path / "b.sock"),
        }
        python = shutil.which("python3") or sys.executable
        command = f"{python} -I -S {UNMANNED} {self.starting}; exit 1"  # the shell stays its parent
        process = self.works.manager.start(["/bin/sh", "-c", command], environment, self.rig.path)
        process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 1

    def close(self) -> None:
        self.works.close()


class Story:
    """Every way in which a run can end and be followed, one after the other."""

    def __init__(self, mill: Mill) -> None:
        works = mill.works
        works.start()
        mill.shed()
        self.shed = mill.moves()
        for _ in range(2):
            works.kill()
            works.start()
        self.killed = mill.moves()
        os.kill(works.pid, signal.SIGHUP)
        self.exit_code = works.ended()
        works.start()
        self.restarted = mill.moves()
        works.kill()
        mill.start_that_fails(ago_s=9)
        self.unmanned_9_s = mill.moves()
        mill.start_that_fails(ago_s=10.5)
        self.unmanned_10_s = mill.moves()
        mill.start_that_fails(ago_s=20)
        self.unmanned_20_s = mill.moves()
        works.start()
        works.wait(lambda: not mill.starting.exists())
        works.wait(lambda: mill.all_moves[-1] == UP)
        self.back = mill.moves()
        works.stop()
        self.stopped = mill.moves()
        (name,) = (name for name in works.manager.names if name.startswith("relay-"))
        works.site = HASTY.replace("[load.chiller]", "[load.press]").replace("pin = 5", "pin = 6")
        works.start()
        works.wait(lambda: name not in works.manager.names)
        works.wait(lambda: mill.all_moves[-1] == GIVEN_UP)
        self.rewired = mill.moves()


def _mill(site: str) -> Iterator[Mill]:
    with Rig(unit_changes={"b": {"watchdog": {"kill": False}}}) as rig:
        mill = Mill(rig, site)
        yield mill
        mill.close()


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    for mill in _mill(HASTY):
        yield Story(mill)


@pytest.fixture
def bare_mill() -> Iterator[Mill]:
    yield from _mill(SITE)


def test_relay_of_a_killed_controller_does_not_move(story: Story) -> None:
    assert story.shed == [DOWN, UP]
    assert story.killed == []


def test_relay_does_not_move_by_an_ordered_restart(story: Story) -> None:
    assert (story.exit_code, story.restarted) == (0, [])


def test_relay_nobody_commands_is_held_for_ten_seconds_then_goes_to_its_safe_level(
    story: Story,
) -> None:
    assert story.unmanned_9_s == []
    assert story.unmanned_10_s == [DOWN]
    assert story.unmanned_20_s == []


def test_relay_is_commanded_again_by_the_start_that_succeeds(story: Story) -> None:
    assert story.back == [UP]


def test_relay_goes_to_its_policy_by_a_stop_and_is_held_there(story: Story) -> None:
    assert story.stopped == [DOWN]


def test_relay_line_of_no_load_is_given_up(story: Story) -> None:
    assert story.rewired == [GIVEN_UP]


def test_relay_without_a_service_manager_that_keeps_it_ends_with_its_owner(
    bare_mill: Mill,
) -> None:
    bare_mill.works.manager.room_count = 0
    bare_mill.works.start()
    bare_mill.works.kill()
    bare_mill.works.wait(lambda: bare_mill.all_moves == [DOWN, GIVEN_UP])
