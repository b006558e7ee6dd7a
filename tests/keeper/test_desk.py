"""The desk under clients that are slow, silent, many or greedy."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.keeper import requests
from edge.keeper.desk import Asker, Desk
from edge.keeper.requests import Answer, AskAcknowledge, AskStatus, Request

_DEADLINE_S = 10.0
_LINE = requests.encode(AskAcknowledge()) + b"\n"


class _Office:
    """A desk and its loop; each answer is a kilobyte."""

    def __init__(self, path: Path) -> None:
        self.selector = selectors.DefaultSelector()
        self.asked: list[Request] = []
        self.desk = Desk(path, "no-such-group", self.selector, self._answer)
        self.path = path
        self.clients: list[socket.socket] = []

    def client(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(_DEADLINE_S)
        client.connect(str(self.path))
        self.clients.append(client)
        self.turn()
        return client

    def turn(self) -> None:
        while ready := self.selector.select(0):
            for key, _ in ready:
                key.data()

    def ask(self, client: socket.socket) -> Answer:
        client.sendall(_LINE)
        self.turn()
        return requests.decode_answer(client.recv(1 << 16))

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.desk.close()
        self.selector.close()

    def _answer(self, _asker: Asker, request: Request) -> Answer:
        self.asked.append(request)
        return Answer(ok=True, text="x" * 1000)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[_Office]:
    office = _Office(tmp_path / "desk.sock")
    yield office
    office.close()


def test_client_that_never_reads_is_dropped_and_another_is_answered(office: _Office) -> None:
    slow = office.client()
    slow.setblocking(False)
    sent = 0
    while sent < 1000:  # a megabyte of answers: more than its socket takes
        try:
            slow.sendall(_LINE)
            sent += 1
        except BlockingIOError:
            office.turn()
        except (BrokenPipeError, ConnectionResetError):
            break
        office.turn()
    assert sent < 1000
    assert office.ask(office.client()).ok


def test_client_that_sends_half_a_line_holds_up_none(office: _Office) -> None:
    office.client().sendall(_LINE[:5])
    office.turn()
    assert office.ask(office.client()).ok


def test_line_in_pieces_is_one_request(office: _Office) -> None:
    client = office.client()
    for index in range(len(_LINE)):
        client.sendall(_LINE[index : index + 1])
        office.turn()
    assert office.asked == [AskAcknowledge()]


def test_request_without_an_end_is_refused_and_its_client_dropped(office: _Office) -> None:
    greedy = office.client()
    for _ in range(requests.REQUEST_BYTES_MAX // 1024):
        greedy.sendall(b"x" * 1024)
        office.turn()
    greedy.sendall(b"x")
    office.turn()
    answer = requests.decode_answer(greedy.recv(1 << 16))
    assert (answer.ok, answer.text) == (
        False,
        "request: too long: need at most 262144 B; nothing was changed",
    )
    assert office.asked == []


def test_more_clients_than_places_drop_the_one_that_has_been_silent_longest(
    office: _Office,
) -> None:
    clients = [office.client() for _ in range(32)]
    assert office.ask(clients[0]).ok  # so the second has been silent longest
    newest = office.client()
    assert clients[1].recv(1) == b""
    assert office.ask(newest).ok
    assert office.ask(clients[0]).ok
    assert office.ask(clients[2]).ok


def test_desk_that_closes_leaves_the_socket_of_the_next_one(office: _Office) -> None:
    """The keeper of a run that died may end after the next one has begun."""
    following = Desk(office.path, "no-such-group", office.selector, office._answer)
    first, office.desk = office.desk, following
    first.close()
    assert office.ask(office.client()).ok


def test_desk_in_a_folder_that_is_none_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"")
    with selectors.DefaultSelector() as selector, pytest.raises(OSError, match="exists"):
        Desk(tmp_path / "run" / "sock", "g", selector, lambda _asker, _request: Answer(ok=True))


def test_desk_with_a_path_too_long_for_a_socket_raises(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120)
    with selectors.DefaultSelector() as selector, pytest.raises(OSError, match="too long"):
        Desk(path, "g", selector, lambda _asker, _request: Answer(ok=True))


def test_status_is_asked_by_its_name() -> None:
    assert requests.decode_request(b'{"type":"status"}') == AskStatus()
