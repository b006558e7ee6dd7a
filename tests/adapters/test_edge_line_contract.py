"""What the counting relies on, shown of the line in memory and of the real gpiod on the bench's
board.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from edge.adapters.edge_line import EVENT, EdgeLine
from edge.config.io import Bias, Edge, PulsePlan
from tests.adapters.fake_edge_line import FakeEdgeLine, kept_by_nobody
from tests.hil.board_rig import Rig

PLAN = PulsePlan("incomer", 18, Edge.FALLING, Bias.PULL_UP, 0)


class Line(Protocol):
    """An EdgeLine and the hand that makes its edges. `take` reads once: the numbers of its
    events.
    """

    def edges(self, count: int) -> None: ...

    def take(self) -> list[int]: ...

    def request_anew(self) -> None: ...


class LineInMemory:
    """On FakeEdgeLine, in this process."""

    def __init__(self) -> None:
        self.fake = FakeEdgeLine()
        self.fake.request.release()
        self.line = EdgeLine(PLAN, kept_by_nobody(self.fake.open, PLAN))
        assert self.line.ready(0)

    def edges(self, count: int) -> None:
        self.fake.edge(1, count)

    def take(self) -> list[int]:
        return [event[4] for event in EVENT.iter_unpack(self.line.read(0))]

    def request_anew(self) -> None:
        self.line.close()
        assert self.line.ready(0)


class LineOnBoard:
    """On gpiod, in a process of the bench."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._child = rig.child()
        self._child.run(
            "import select\n"
            "from edge.adapters.edge_line import *\n"
            "from edge.adapters.line_request import line_opener\n"
            "from edge.config.io import Bias, Edge\n"
            "from tests.adapters.fake_edge_line import kept_by_nobody\n"
            "plan = PulsePlan('incomer', 18, Edge.FALLING, Bias.PULL_UP, 0)\n"
            "opener = kept_by_nobody(line_opener('/dev/gpiochip0'), plan)\n"
            "line = EdgeLine(plan, opener); line.ready(0)"
        )

    def edges(self, count: int) -> None:
        self._rig.order("pulses", line="contact", count=count, rate_hz=0)
        self._rig.order("pins")  # the board has passed on every edge before it answers this
        self._child.run("select.select([line.kept.fd], [], [], 30)")

    def take(self) -> list[int]:
        numbers = self._child.ask("[event[4] for event in EVENT.iter_unpack(line.read(0))]")
        assert isinstance(numbers, list)
        return numbers

    def request_anew(self) -> None:
        self._child.run("line.close(); line.ready(0)")


@pytest.fixture(params=["memory", "board"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    if request.param == "memory":
        in_memory = LineInMemory()
        yield in_memory
        in_memory.line.close()
        return
    with Rig() as rig:
        yield LineOnBoard(rig)


def test_line_without_edges_gives_nothing_at_once(line: Line) -> None:
    assert line.take() == []


def test_line_numbers_its_edges_from_one(line: Line) -> None:
    line.edges(3)
    assert line.take() == [1, 2, 3]
    assert line.take() == []
    line.edges(2)
    assert line.take() == [4, 5]


def test_line_that_overflowed_has_its_newest_edges(line: Line) -> None:
    line.edges(3000)
    assert line.take() == list(range(1977, 3001))


def test_line_requested_anew_numbers_from_one_again(line: Line) -> None:
    line.edges(3)
    line.request_anew()
    assert line.take() == []
    line.edges(1)
    assert line.take() == [1]
