"""The herald beside a real process that is killed, stopped or crashes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.model.twin import PeerBeat
from tests.peer.beats import BEAT, UNITS, link_plan
from tests.peer.ends import End, free_port, udp_paths

_DEADLINE_S = 10.0


class Control:
    """The program of control_program.py on EG-KITA, and the link of EG-MINAMI in this process."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        plan = link_plan(UNITS[0], udp_paths(0, ports))
        self.line = folder / "relay-line"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.peer.control_program",
                msgspec.json.encode(plan).decode(),
                str(self.line),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.herald, self.worker, self.line_fd = map(int, self._answer().split())
        self.peer = End(1, udp_paths(1, ports))

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._answer()

    def meet(self) -> None:
        """Beats in turn until each believes the other."""
        for number in range(1, 5):
            self.peer.say()
            self.ask(str(number))
            self.peer.hear()
            self.peer.clock.now_ns += 100_000_000
        assert self.peer.heard
        self.peer.heard.clear()

    def await_farewell(self, within_s: float = _DEADLINE_S) -> PeerBeat | None:
        sockets = [path._socket for path in self.peer.link._paths]  # type: ignore[attr-defined]
        until_s = time.monotonic() + within_s
        while (left_s := until_s - time.monotonic()) > 0:
            select.select(sockets, [], [], left_s)
            for beat in self.peer.hear():
                if beat.beat.farewell:
                    return beat
        return None

    def close(self) -> None:
        self.peer.link.close()
        self.process.kill()
        with contextlib.suppress(OSError):
            self.process.communicate()
        _await_end(self.worker)
        _await_end(self.herald)

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def _await_end(pid: int) -> None:
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        readable, _, _ = select.select([pidfd], [], [], _DEADLINE_S)
        assert readable, f"process {pid} lives on"
    finally:
        os.close(pidfd)


@pytest.fixture
def ports() -> list[int]:
    return [free_port("127.0.1.1"), free_port("127.0.2.1")]


@pytest.fixture
def control(tmp_path: Path, ports: list[int]) -> Iterator[Control]:
    control = Control(tmp_path, ports)
    yield control
    control.close()


def test_process_that_is_killed_says_farewell_once_when_its_workers_are_gone(
    control: Control,
) -> None:
    control.meet()
    control.process.kill()
    farewell = control.await_farewell()
    assert farewell is not None
    _await_end(control.worker)
    beat = farewell.beat
    assert (beat.on_duty, beat.holds_bus, beat.let_go) == (False, False, True)
    assert (beat.role, beat.epoch, beat.relays) == (BEAT.role, BEAT.epoch, BEAT.relays)
    _await_end(control.herald)
    assert control.peer.hear() == (), "the same words on other paths and again are no second beat"
    assert control.peer.standing() == []


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[bytes]]:
    """A worker that outlives its parent, as one that hangs in the kernel."""
    worker = subprocess.Popen(["sleep", "600"])
    yield worker
    worker.kill()
    worker.wait()


def test_farewell_waits_until_the_worker_is_gone(
    control: Control, stubborn: subprocess.Popen[bytes]
) -> None:
    control.meet()
    control.ask(f"guard {stubborn.pid}")
    control.peer.hear()
    control.process.kill()
    assert control.await_farewell(within_s=0.1) is None
    stubborn.kill()
    assert control.await_farewell() is not None


def test_farewell_waits_for_a_worker_no_longer_than_its_lease(
    control: Control, stubborn: subprocess.Popen[bytes]
) -> None:
    control.meet()
    control.ask(f"guard {stubborn.pid}")
    control.peer.hear()
    control.process.kill()
    assert control.await_farewell() is not None
    assert stubborn.poll() is None


def test_process_that_crashes_says_farewell(control: Control) -> None:
    control.meet()
    assert control.process.stdin is not None
    control.process.stdin.write("crash\n")
    control.process.stdin.flush()
    assert control.await_farewell() is not None


def test_process_that_stops_in_order_is_silent(control: Control) -> None:
    control.meet()
    control.ask("stop")
    _await_end(control.herald)
    assert control.peer.hear() == ()


def test_process_that_is_killed_before_its_first_beat_is_silent(control: Control) -> None:
    control.process.kill()
    _await_end(control.herald)
    assert control.peer.link.counts().get("unproven", 0) == 0


def test_signals_that_stop_the_service_leave_the_last_words(control: Control) -> None:
    """systemd ends the whole group when the control process has ended."""
    control.meet()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(control.herald, number)
    control.process.kill()
    assert control.await_farewell() is not None


def test_stopped_process_is_not_dead_and_says_nothing(control: Control) -> None:
    control.meet()
    control.process.send_signal(signal.SIGSTOP)
    assert control.await_farewell(within_s=0.4) is None
    control.process.send_signal(signal.SIGCONT)


def test_herald_keeps_no_line_no_port_and_an_ordinary_place(
    control: Control, ports: list[int]
) -> None:
    own = {str(link.readlink()) for link in Path(f"/proc/{control.herald}/fd").iterdir()}
    assert str(control.line) not in own
    assert not any(target.startswith("socket:") for target in own)
    assert len([target for target in own if target.startswith("pipe:")]) == 1
    assert os.sched_getscheduler(control.herald) == os.SCHED_OTHER
    assert os.getpriority(os.PRIO_PROCESS, control.herald) > 0
    assert Path(f"/proc/{control.herald}/comm").read_text() == "denban-herald\n"
    control.process.kill()
    control.process.wait()
    for index, port in enumerate(ports):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as successor:
            successor.bind((f"127.0.{index + 1}.1", port))


def test_herald_that_dies_is_told(control: Control) -> None:
    assert control.ask("health") == ""
    os.kill(control.herald, signal.SIGKILL)
    _await_end(control.herald)
    assert control.ask("health") == "twin herald"
    assert control.ask("7") == "7"
