"""A child that ends, hangs or can not be started never holds up the one that started it."""

from __future__ import annotations

import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from edge.adapters import child as child_module
from edge.adapters.child import Child

_S = 1_000_000_000
_DEADLINE_S = 20.0
# What `python -m` finds in the working directory of these tests.
_ECHO = """
import socket, sys
link = socket.socket(fileno=int(sys.argv[1]))
setup = open(int(sys.argv[2]), "rb").read()
link.send(setup)
while (packet := link.recv(1 << 17)):
    link.send(packet)
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    (tmp_path / "echo_child.py").write_text(_ECHO)
    (tmp_path / "short_child.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return Child("echo_child", b"setup")


def _packet(child: Child) -> bytes:
    assert child._link is not None
    assert select.select([child._link], [], [], _DEADLINE_S)[0]
    return next(iter(child.packets(1)))


def test_child_gets_its_setup_and_packets_and_ends_with_its_link(echo: Child) -> None:
    assert echo.keep_alive(0)
    assert _packet(echo) == b"setup"
    assert echo.send(b"a packet")
    assert _packet(echo) == b"a packet"
    process = echo._process
    assert process is not None
    echo.close(_DEADLINE_S)
    assert process.returncode == 0


class _Unkillable:
    """A process that hangs in the kernel: killed, but not ended while its disk does not answer."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.kills = 0
        self.is_hanging = True

    def kill(self) -> None:
        self.kills += 1

    def poll(self) -> int | None:
        return None if self.is_hanging else self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        if self.is_hanging:
            assert timeout is not None, "control would wait for a dead disk"
            raise subprocess.TimeoutExpired("child", timeout)
        return self._process.wait(timeout)


def test_child_that_hangs_in_the_kernel_is_not_waited_for_nor_doubled(echo: Child) -> None:
    echo.keep_alive(0)
    process = echo._process
    assert process is not None
    hanging = _Unkillable(process)
    echo._process = hanging  # type: ignore[assignment]
    echo.kill()
    assert not echo.send(b"to a child that was given up")
    assert not echo.keep_alive(60 * _S)
    assert (hanging.kills, echo.starts) == (1, 1)
    hanging.is_hanging = False  # the disk is back: it has ended at last
    process.kill()
    process.wait(_DEADLINE_S)
    assert echo.keep_alive(61 * _S)
    assert echo.starts == 2
    assert _packet(echo) == b"setup"
    echo.close(_DEADLINE_S)


def test_close_of_a_child_that_hangs_in_the_kernel_returns(echo: Child) -> None:
    echo.keep_alive(0)
    process = echo._process
    assert process is not None
    hanging = _Unkillable(process)
    echo._process = hanging  # type: ignore[assignment]
    echo.close(0.0)
    assert hanging.kills == 1
    process.wait(_DEADLINE_S)


def test_stopped_child_is_killed_and_replaced(echo: Child) -> None:
    echo.keep_alive(0)
    process = echo._process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    echo.kill()
    process.wait(_DEADLINE_S)
    assert echo.keep_alive(60 * _S)
    echo.close(_DEADLINE_S)


@pytest.mark.usefixtures("echo")
def test_child_that_always_dies_young_is_started_ever_more_rarely_and_is_failing() -> None:
    child = Child("short_child", b"")
    starts: list[int] = []
    failing: list[bool] = []
    for tick in range(100):  # 10 s
        now = tick * _S // 10
        if child.keep_alive(now):
            starts.append(tick)
        failing.append(child.is_failing(now))
        if child._process is not None:
            child._process.wait(_DEADLINE_S)
    assert starts == [0, 1, 4, 9, 18, 35, 68]
    assert failing.index(True) == 10  # when the fourth has died
    assert all(failing[10:])
    child.close(_DEADLINE_S)


def test_child_that_lives_again_is_not_failing(echo: Child) -> None:
    echo._backoff_ns = 30 * _S
    echo.keep_alive(0)
    assert (echo.is_failing(9 * _S), echo.is_failing(10 * _S)) == (True, False)
    echo.close(_DEADLINE_S)


@pytest.mark.usefixtures("echo")
def test_child_that_can_not_be_started_is_said_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    child = Child("echo_child", b"setup")
    with monkeypatch.context() as patch:
        patch.setattr(child_module.sys, "executable", "/no/such/python")
        assert not child.keep_alive(0)
    said = capfd.readouterr().err
    assert said.startswith("echo_child: not started: [Errno 2] No such file or directory")
    begin_s = time.monotonic()
    assert child.keep_alive(0)
    assert time.monotonic() - begin_s < _DEADLINE_S
    child.close(_DEADLINE_S)
