"""Promise: a port that is missing, busy, no serial port or not ours is said with its cause, is a
warning while it lasts, and control goes on with pulses.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.bus.port import open_port
from edge.model.bus import BusPlan
from edge.model.event import EventKind, Severity
from tests.bus.line import FakeLine, at_once, plan_for
from tests.promises.gateway import Gateway

_DEADLINE_S = 30.0


@contextmanager
def _missing(folder: Path) -> Iterator[BusPlan]:
    yield plan_for(folder / "none")


@contextmanager
def _no_tty(folder: Path) -> Iterator[BusPlan]:
    (folder / "file").write_bytes(b"")
    yield plan_for(folder / "file")


@contextmanager
def _busy(folder: Path) -> Iterator[BusPlan]:
    plan = plan_for(folder / "port")
    with FakeLine(folder / "port", at_once(b"")):
        holder, _ = open_port(plan)
        try:
            yield plan
        finally:
            holder.close()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_missing, "port is missing: got no such file or directory"),
        (_no_tty, "is not a serial port: got inappropriate ioctl for device"),
        (_busy, "port is busy: got "),
    ],
)
def test_port_that_can_not_be_opened_is_said_and_control_goes_on_with_pulses(
    fault: object, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert callable(fault)
    with fault(tmp_path) as plan, Gateway(plan) as gateway:
        event = gateway.run_until(EventKind.BUS, "main")
        assert (event.severity, event.facts["condition"]) == (Severity.WARNING, "port_lost")
        counted_kwh = gateway.energy_kwh
        gateway.run_scans(20)
        assert gateway.energy_kwh > counted_kwh
        assert "bus main" in gateway.status.alarms
    line = capfd.readouterr().err.splitlines()[0]
    assert line.startswith(f"bus.main {plan.port}: {said}")
    assert "; no meter of this line is read; " in line
    assert line.endswith("it is tried again until it works")


def test_port_of_another_user_names_the_right_that_is_missing() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give up rights")
    master, slave = pty.openpty()
    try:
        port = os.ttyname(slave)
        Path(port).chmod(0o600)
        done = subprocess.run(
            [sys.executable, "-m", "tests.promises.port_as_nobody", port],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            timeout=_DEADLINE_S,
        )
    finally:
        os.close(master)
        os.close(slave)
    assert done.stdout == (
        f"bus.main {port}: no permission to open the port: got permission denied;"
        " no meter of this line is read; add the service's user to the group of the"
        " device; it is tried again until it works\n"
    )
