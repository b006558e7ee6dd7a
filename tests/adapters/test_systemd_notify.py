"""What systemd is told, received on a real datagram socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.adapters.systemd_notify import SystemdNotify, from_environment
from edge.model.units import NS_PER_S

PID = 4711


class Manager:
    """systemd's end of the socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def heard(self) -> list[bytes]:
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096))
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    end = Manager(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(end.path))
    yield end
    end.close()


def notify(manager: Manager, **environment: str) -> SystemdNotify:
    return SystemdNotify({"NOTIFY_SOCKET": str(manager.path), **environment}, PID)


def test_notify_says_ready_status_and_stopping(manager: Manager) -> None:
    systemd = notify(manager)
    systemd.ready()
    systemd.status("stage 1, 412 kW")
    systemd.stopping()
    assert manager.heard() == [b"READY=1", b"STATUS=stage 1, 412 kW", b"STOPPING=1"]
    systemd.close()


def test_notify_status_is_one_line_of_ascii_sent_when_it_changes(manager: Manager) -> None:
    systemd = notify(manager)
    for text in ("demand 調整\nlow", "demand 調整\nlow", "ok"):
        systemd.status(text)
    assert manager.heard() == [b"STATUS=demand ?? low", b"STATUS=ok"]
    systemd.close()


def test_notify_watchdog_is_fed_four_times_in_its_timeout(manager: Manager) -> None:
    systemd = notify(manager, WATCHDOG_USEC="2000000", WATCHDOG_PID=str(PID))
    assert systemd.watchdog_ns == 2 * NS_PER_S
    for tenth in range(11):
        systemd.feed(tenth * NS_PER_S // 10)
    assert manager.heard() == [b"WATCHDOG=1"] * 3
    systemd.close()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": ""},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(PID + 1)},
    ],
)
def test_notify_without_a_watchdog_for_this_process_feeds_none(
    manager: Manager, environment: dict[str, str]
) -> None:
    systemd = notify(manager, **environment)
    systemd.feed(0)
    assert (systemd.watchdog_ns, manager.heard()) == (None, [])
    systemd.close()


def test_notify_watchdog_without_a_pid_is_for_this_process(manager: Manager) -> None:
    systemd = notify(manager, WATCHDOG_USEC="1000000")
    assert systemd.watchdog_ns == NS_PER_S
    systemd.close()


def test_notify_to_a_manager_that_does_not_read_never_waits(manager: Manager) -> None:
    """A blocking socket would hang here: the queue holds far fewer datagrams."""
    systemd = notify(manager)
    for number in range(1000):
        systemd.status(str(number))
    assert manager.heard()[0] == b"STATUS=0"
    systemd.close()


def test_notify_without_a_manager_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd = from_environment()
    systemd.ready()
    systemd.feed(0)
    systemd.close()


def test_notify_after_the_manager_has_gone_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    systemd = from_environment()
    systemd.ready()
    systemd.close()
