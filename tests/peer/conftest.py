"""Ends of a link on two loopback paths, and somebody else who may send to them."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.peer.ends import End, Make, free_port, udp_paths

_PATH_COUNT = 2


@pytest.fixture
def ports() -> list[int]:
    return [free_port(f"127.0.{index + 1}.1") for index in range(_PATH_COUNT)]


@pytest.fixture
def make(ports: list[int]) -> Iterator[Make]:
    ends: list[End] = []

    def end(own: int, **options: object) -> End:
        made = End(own, udp_paths(own, ports), **options)  # type: ignore[arg-type]
        ends.append(made)
        return made

    yield end
    for made in ends:
        made.link.close()


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
        yield speaker
