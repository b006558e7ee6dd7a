"""The switch between two emulated machines, whose network cards are sockets of frames."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.network.frames import Address, find_datagram, make_frame
from hil.network.network import Paths, address, mac, port_config

DEADLINE_S = 10.0
UNITS = ("a", "b")


class Card:
    """A machine's end of one path."""

    def __init__(self, folder: Path, place: int, path: int = 0) -> None:
        self._place, self._path = place, path
        self.own = folder / f"card-{place}-{path}"
        self.switch = folder / f"port-{place}-{path}"
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.own.unlink(missing_ok=True)
        self.link.bind(str(self.own))
        self.link.settimeout(DEADLINE_S)

    def address(self, place: int) -> Address:
        raw = bytes.fromhex(mac(self._path, place).replace(":", ""))
        return Address(raw, address(self._path, place))

    def say(self, payload: bytes) -> None:
        ends = self.address(self._place), self.address(1 - self._place)
        self.link.sendto(make_frame(*ends, 4000, payload), str(self.switch))

    def hear(self) -> bytes:
        datagram = find_datagram(self.link.recv(65_536))
        assert datagram is not None
        return datagram.payload

    def close(self) -> None:
        self.link.close()


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    ports = [
        {
            **port_config(path, place, unit),
            "socket": str(tmp_path / f"port-{place}-{path}"),
            "machine": str(tmp_path / f"card-{place}-{path}"),
        }
        for path in range(2)
        for place, unit in enumerate(UNITS)
    ]
    paths = Paths(tmp_path, ports, seed=1)
    yield paths
    paths.close()


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[tuple[Card, Card]]:
    cards = Card(tmp_path, 0), Card(tmp_path, 1)
    yield cards
    for card in cards:
        card.close()


def test_switch_with_two_machines_carries_frames_both_ways(
    paths: Paths, cards: tuple[Card, Card]
) -> None:
    a, b = cards
    a.say(b"to b")
    assert b.hear() == b"to b"
    b.say(b"to a")
    assert a.hear() == b"to a"
    assert [kept["payload"] for kept in paths.recorded()] == [b"to b", b"to a"]


def test_switch_with_a_way_cut_carries_the_other_one(
    paths: Paths, cards: tuple[Card, Card]
) -> None:
    a, b = cards
    paths.cut("net0", "a")
    a.say(b"lost")
    b.say(b"heard")
    assert a.hear() == b"heard"
    paths.cut(on=False)
    a.say(b"mended")
    assert b.hear() == b"mended"
    assert paths.counters()["net0"]["a"]["cut"] == 1


def test_switch_with_a_machine_off_goes_on_when_it_is_back(
    paths: Paths, cards: tuple[Card, Card], tmp_path: Path
) -> None:
    a, b = cards
    b.close()
    a.say(b"to nobody")
    b.own.unlink()
    a.say(b"to nobody")
    while paths.counters()["net0"]["a"]["sent"] < 2:
        pass
    back = Card(tmp_path, 1)
    a.say(b"to b")
    assert back.hear() == b"to b"
    back.close()
    assert paths.counters()["net0"]["a"]["forwarded"] == 1


def test_switch_with_a_frame_of_no_ethernet_loses_it(
    paths: Paths, cards: tuple[Card, Card]
) -> None:
    a, b = cards
    for rubbish in (b"", b"short", bytes(1519)):
        a.link.sendto(rubbish, str(a.switch))
    a.say(b"whole")
    assert b.hear() == b"whole"
    assert paths.counters()["net0"]["a"]["sent"] == 1


def test_switch_with_a_datagram_injected_gives_it_to_the_machine(
    paths: Paths, cards: tuple[Card, Card]
) -> None:
    _, b = cards
    paths.inject("net0", "a", b"forged", port=4000)
    assert b.hear() == b"forged"
