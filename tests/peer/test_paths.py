"""UDP paths whose network comes, goes and breaks."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from edge.config.io import PathPlan
from edge.model.units import NS_PER_S
from edge.peer.paths import UdpPath
from tests.peer.ends import TestClock, free_port


@pytest.fixture
def clock() -> TestClock:
    return TestClock(0)


@pytest.fixture
def path(clock: TestClock) -> Iterator[UdpPath]:
    path = UdpPath(PathPlan("net0", "127.0.1.1", "127.0.1.2", free_port("127.0.1.1")), clock)
    yield path
    path.close()


class _Broken:
    """A socket that fails as it is told."""

    def __init__(self, number: int) -> None:
        self._error = OSError(number, os.strerror(number))

    def recvmsg(self, *_sizes: int) -> None:
        raise self._error

    def sendto(self, *_datagram: object) -> None:
        raise self._error

    def close(self) -> None:
        pass


def _break(path: UdpPath, number: int) -> None:
    path.close()
    path._socket = _Broken(number)  # type: ignore[assignment]


def test_address_that_comes_goes_and_comes_back_is_used_without_a_restart() -> None:
    if shutil.which("ip") is None:
        pytest.skip("needs the ip command")
    program = [sys.executable, "-m", "tests.peer.address_program"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 77:
        pytest.skip("this user may not make a network of its own")
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "nothing False False []",
        "up True True []",
        "lost False False []",
        "back True True []",
    ]


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.ECONNREFUSED, errno.ENOBUFS])
def test_fault_of_the_network_keeps_the_socket(path: UdpPath, number: int) -> None:
    _break(path, number)
    path.send(b"beat")
    assert path.receive(NS_PER_S) == []
    assert (path.can_send, path.problem) == (False, "")
    assert isinstance(path._socket, _Broken)


def test_broken_socket_is_told_and_made_anew(path: UdpPath) -> None:
    _break(path, errno.ENODEV)
    path.send(b"beat")
    assert path.problem.endswith("No such device")
    path.send(b"beat")
    assert not path.can_send
    assert path.receive(NS_PER_S) == []
    path.send(b"beat")
    assert (path.can_send, path.problem) == (True, "")


def test_socket_that_breaks_in_a_scan_is_made_anew_a_second_later(path: UdpPath) -> None:
    path.receive(NS_PER_S)
    _break(path, errno.EBADF)
    assert path.receive(2 * NS_PER_S) == []
    assert path.problem
    path._retry_mono_ns = 3 * NS_PER_S
    path.receive(3 * NS_PER_S - 1)
    assert path.problem
    path.receive(3 * NS_PER_S)
    assert path.problem == ""


@pytest.mark.parametrize(
    ("step_s", "arrived_s"), [(0, 60), (3600, 10), (-3600, 70)], ids=["none", "ahead", "back"]
)
def test_arrival_is_the_kernels_within_the_time_since_the_last_reading(
    path: UdpPath,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    step_s: int,
    arrived_s: int,
) -> None:
    """Read at 10 s and, after a long pause, at 70 s; it came 10 s before the second reading, and
    then the wall clock stepped.
    """
    clock.now_ns = 10 * NS_PER_S
    path.receive(clock.now_ns)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
        speaker.sendto(b"beat", ("127.0.1.1", path._plan.port))
    clock.now_ns = 70 * NS_PER_S
    later_ns = time.time_ns() + (10 + step_s) * NS_PER_S
    monkeypatch.setattr(time, "time_ns", lambda: later_ns)
    (arrival,) = path.receive(clock.now_ns)
    assert arrival.datagram == b"beat"
    assert arrival.mono_ns / NS_PER_S == pytest.approx(arrived_s, abs=1)


def test_datagrams_are_marked_as_network_control(path: UdpPath) -> None:
    assert path._socket is not None
    assert path._socket.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0xC0
