"""The hub's end of an emulated adapter: a socket whose user comes, goes and is replaced."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.launch import BenchProcess
from hil.line.socket_port import SocketPort
from tests.hil.line_bench import DEADLINE_S, OpenPort

QUERY = bytes.fromhex("01030000000ac5cd")


def _user(path: Path) -> socket.socket:
    user = socket.socket(socket.AF_UNIX)
    user.settimeout(DEADLINE_S)
    try:
        user.connect(str(path))
    except OSError:
        user.close()
        raise
    return user


def _read(port: SocketPort) -> bytes:
    assert select.select([port.fd], [], [], DEADLINE_S)[0]
    return port.read()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[SocketPort]:
    port = SocketPort(tmp_path / "rs485", 19200)
    port.open()
    yield port
    port.close()


def test_port_with_a_user_carries_both_ways(port: SocketPort) -> None:
    with _user(port.path) as user:
        user.sendall(QUERY)
        assert _read(port) == QUERY
        assert port.write(b"reply") == 5
        assert user.recv(9) == b"reply"
        assert port.baudrate() == 19200


def test_port_without_a_user_loses_what_it_hears(port: SocketPort) -> None:
    assert port.write(b"lost") == 0
    with _user(port.path) as user:
        assert _read(port) == b""
        port.write(b"heard")
        assert user.recv(9) == b"heard"


def test_port_whose_user_left_takes_the_next_one(port: SocketPort) -> None:
    with _user(port.path):
        _read(port)
    assert _read(port) == b""
    assert port.write(b"lost") == 0
    with _user(port.path) as user:
        user.sendall(b"b")
        assert _read(port) == b"b"


def test_port_with_a_second_user_lets_the_first_one_go(port: SocketPort) -> None:
    with _user(port.path) as first:
        _read(port)
        with _user(port.path) as second:
            _read(port)
            assert first.recv(1) == b""
            port.write(b"x")
            assert second.recv(1) == b"x"


def test_port_that_is_closed_hangs_up_and_may_open_again(port: SocketPort) -> None:
    with _user(port.path) as user:
        _read(port)
        port.close()
        assert user.recv(1) == b""
    assert port.fd == -1
    assert port.read() == b""
    with pytest.raises(FileNotFoundError):
        _user(port.path)
    port.open()
    with _user(port.path) as user:
        user.sendall(b"again")
        assert _read(port) == b"again"


def test_port_whose_user_does_not_read_has_but_its_first_bytes_for_it(
    port: SocketPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest that opens its port late hears what is said then, and nothing old."""
    now_ns = 0
    monkeypatch.setattr("hil.line.socket_port.boottime_ns", lambda: now_ns)
    with _user(port.path) as user:
        _read(port)
        assert [port.write(b"ab"), port.write(b"cd")] == [2, 2]
        now_ns = 200_000_001
        assert port.write(b"ef") == 0
        assert not port.is_waiting
        assert user.recv(9) == b"ab"
        assert port.write(b"live") == 4
        assert user.recv(9) == b"live"


def test_port_whose_user_was_busy_gives_it_all(port: SocketPort) -> None:
    with _user(port.path) as user:
        _read(port)
        port.write(b"ab")
        port.write(b"cd")
        assert port.is_waiting
        assert user.recv(9) == b"ab"
        port.flush()
        assert user.recv(9) == b"cd"
        assert not port.is_waiting


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[BenchProcess]:
    """A gateway `a` that is a machine, a gateway `b` that is a process."""
    config = {
        "nodes": [
            {"name": "a", "path": str(tmp_path / "a"), "kind": "gateway", "port": "socket"},
            {"name": "b", "path": str(tmp_path / "b"), "kind": "gateway"},
        ],
        "log": str(tmp_path / "bus.jsonl"),
        "orders": str(tmp_path / "hub.sock"),
    }
    process = BenchProcess("hil.hub", tmp_path / "hub.json", config)
    yield process
    process.close()


@pytest.mark.usefixtures("hub")
def test_hub_joins_a_machine_and_a_process(tmp_path: Path) -> None:
    other = OpenPort(tmp_path / "b")
    with _user(tmp_path / "a") as machine:
        machine.sendall(QUERY)
        assert other.read(len(QUERY)) == QUERY
        other.write(b"reply")
        heard = b""
        while len(heard) < 5:  # all of it: what waits behind a part of it is flushed
            heard += machine.recv(1)
    other.close()
    assert heard == b"reply"


def test_hub_with_a_dead_adapter_carries_nothing_either_way(
    hub: BenchProcess, tmp_path: Path
) -> None:
    other = OpenPort(tmp_path / "b")
    with _user(tmp_path / "a") as machine:
        hub.order("dead", node="a", on=True)
        machine.sendall(QUERY)
        other.write(b"unheard")
        while hub.order("stats")["burst_count"] < 1:
            pass
        counts = hub.order("stats")["nodes"]["a"]
        while counts["blocked_bytes"] < len(QUERY):
            counts = hub.order("stats")["nodes"]["a"]
        hub.order("dead", node="a", on=False)
        machine.sendall(b"alive")
        assert other.read(5) == b"alive"
    other.close()
    assert (counts["sent_bytes"], counts["heard_bytes"]) == (0, 0)


@pytest.mark.usefixtures("hub")
def test_hub_with_a_machine_that_comes_back_goes_on(tmp_path: Path) -> None:
    other = OpenPort(tmp_path / "b")
    for sent in (b"first", b"second"):
        with _user(tmp_path / "a") as machine:
            machine.sendall(sent)
            assert other.read(len(sent)) == sent
    other.close()
