"""How a controller process ends, and what its relays and the watchdog then do, by the bench's
board.

The process is real and uses the real gpiod; the board models the kernel. Unit a's kernel keeps the
outputs of a dead process driven (Raspberry Pi), unit b's makes them inputs with a pull-down
(mainline).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hil.board_rig import DEADLINE_S, Rig, read_line

SHED_5, RUN_5 = ("out", 1), ("out", 0)
SHED_6, RUN_6 = ("out", 0), ("out", 1)
PULLED_DOWN = ("in", 0)


@pytest.fixture
def rig() -> Iterator[Rig]:
    quiet = {"watchdog": {"kill": False}}
    with Rig(unit_changes={"a": quiet, "b": {**quiet, "pulls": {"5": "down", "6": "down"}}}) as rig:
        yield rig


def start(rig: Rig, unit: str, mode: str) -> subprocess.Popen[str]:
    """The program, after its first scan."""
    environment = {
        **os.environ,
        "LD_PRELOAD": str(rig.library),
        "DENBAN_BOARD_SOCKET": str(rig.path / f"{unit}.sock"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.board_program", mode],
        env=environment,
        cwd=Path(__file__).parents[2],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert read_line(process) == "scanned"
    return process


def end(rig: Rig, process: subprocess.Popen[str]) -> str:
    """Wait for the end, and for the board to have seen it. The process's standard error."""
    errors = process.communicate(timeout=DEADLINE_S)[1]
    rig.order("pins")  # the board has read everything that the process sent before
    return errors


def watchdog_events(rig: Rig) -> list[str]:
    return [e["event"] for e in rig.log().events if e["event"].startswith("watchdog_")]


def test_stopped_process_applies_at_stop_and_disarms_the_watchdog(rig: Rig) -> None:
    process = start(rig, "a", "run")
    process.send_signal(signal.SIGTERM)
    assert end(rig, process) == ""
    assert process.returncode == 0
    assert rig.levels("a", 5) == [RUN_5, SHED_5, RUN_5]
    assert rig.levels("a", 6) == [RUN_6, SHED_6]
    assert watchdog_events(rig)[-1] == "watchdog_stopped"


def test_crashed_process_applies_at_crash_and_leaves_the_watchdog_armed(rig: Rig) -> None:
    process = start(rig, "a", "raise")
    assert "ArithmeticError" in end(rig, process)
    assert process.returncode == 1
    assert rig.levels("a", 5) == [RUN_5, SHED_5, RUN_5]
    assert rig.levels("a", 6) == [RUN_6, SHED_6]
    assert "watchdog_stopped" not in watchdog_events(rig)


def test_killed_process_on_a_kernel_that_keeps_outputs_leaves_every_relay_as_it_was(
    rig: Rig,
) -> None:
    process = start(rig, "a", "run")
    process.kill()
    end(rig, process)
    assert rig.levels("a", 5) == [RUN_5, SHED_5]
    assert rig.levels("a", 6) == [RUN_6, SHED_6]
    assert "watchdog_stopped" not in watchdog_events(rig)


def test_killed_process_on_a_mainline_kernel_leaves_its_relays_to_the_pulls(rig: Rig) -> None:
    process = start(rig, "b", "run")
    process.kill()
    end(rig, process)
    assert rig.levels("b", 5) == [RUN_5, SHED_5, PULLED_DOWN]
    assert rig.levels("b", 6) == [RUN_6, SHED_6, PULLED_DOWN]


def test_process_started_after_a_kill_moves_no_relay_that_is_to_be_held(rig: Rig) -> None:
    process = start(rig, "a", "run")
    process.kill()
    end(rig, process)
    second = start(rig, "a", "run")
    assert rig.levels("a", 5) == [RUN_5, SHED_5, RUN_5, SHED_5]
    assert rig.levels("a", 6) == [RUN_6, SHED_6]
    second.kill()
    end(rig, second)


def test_process_started_on_lines_that_are_inputs_begins_with_the_safe_values(rig: Rig) -> None:
    """Unit b's lines are pulled down; the relay to be held is at rest at a high level."""
    process = start(rig, "b", "run")
    process.kill()
    end(rig, process)
    second = start(rig, "b", "run")
    assert rig.levels("b", 6) == [RUN_6, SHED_6, PULLED_DOWN, RUN_6, SHED_6]
    second.kill()
    end(rig, second)
