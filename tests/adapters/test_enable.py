"""The enable lines on pins in memory: edges, faults, and what is said of them."""

from __future__ import annotations

import errno

import pytest

from edge.adapters.enable import EnableLines
from edge.config.io import Bias
from edge.model.units import NS_PER_S
from tests.adapters.fake_board import FakeBoard

_OUT, _IN = 25, 26
_S = NS_PER_S


class _Pin:
    """The peer's line: its level, or what reading it raises."""

    def __init__(self) -> None:
        self.level_now = True
        self.fault: Exception | None = None
        self.opened: list[tuple[int, Bias]] = []
        self.closed = 0

    def open(self, pin: int, bias: Bias) -> _Pin:
        self._raise()
        self.opened.append((pin, bias))
        return self

    def level(self) -> bool:
        self._raise()
        return self.level_now

    def close(self) -> None:
        self.closed += 1

    def _raise(self) -> None:
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


@pytest.fixture
def pin() -> _Pin:
    return _Pin()


def _lines(board: FakeBoard, pin: _Pin) -> EnableLines:
    return EnableLines(_OUT, _IN, board.open, pin.open)


def test_start_leaves_the_line_down_and_a_cut_wire_reads_as_down(
    board: FakeBoard, pin: _Pin
) -> None:
    _lines(board, pin)
    assert board.written == [(_OUT, False)]
    assert pin.opened == [(_IN, Bias.PULL_DOWN)]


def test_each_complete_scan_makes_one_edge(board: FakeBoard, pin: _Pin) -> None:
    lines = _lines(board, pin)
    for scan in range(1, 4):
        lines.rearm(scan)
        lines.trigger(scan)
    assert board.written == [(_OUT, False), (_OUT, True)] * 2 + [(_OUT, False), (_OUT, True)]


def test_scan_that_does_not_end_makes_no_edge(board: FakeBoard, pin: _Pin) -> None:
    lines = _lines(board, pin)
    for scan in range(3):
        lines.rearm(scan)
    assert board.written == [(_OUT, False)]


def test_peers_line_is_read_each_time(board: FakeBoard, pin: _Pin) -> None:
    lines = _lines(board, pin)
    assert lines.peer_scans(1) is True
    pin.level_now = False
    assert lines.peer_scans(2) is False
    assert lines.problems == ()


@pytest.mark.parametrize("fault", [OSError(errno.EBUSY, "Device or resource busy"), ValueError()])
def test_peers_line_that_can_not_be_had_is_unknown_said_and_tried_again(
    board: FakeBoard, pin: _Pin, fault: Exception
) -> None:
    pin.fault = fault
    lines = _lines(board, pin)
    (problem,) = lines.problems
    assert str(problem).startswith("twin peer_enable GPIO26: the peer's enable line cannot be read")
    pin.fault = None
    assert lines.peer_scans(_S - 1) is None
    assert lines.peer_scans(_S) is True
    assert lines.problems == ()


def test_peers_line_that_is_lost_is_claimed_anew(board: FakeBoard, pin: _Pin) -> None:
    lines = _lines(board, pin)
    pin.fault = OSError(errno.ENODEV, "No such device")
    assert lines.peer_scans(5 * _S) is None
    assert (pin.closed, len(lines.problems)) == (1, 1)
    pin.fault = None
    assert lines.peer_scans(6 * _S) is True
    assert pin.opened == [(_IN, Bias.PULL_DOWN)] * 2


def test_own_line_that_fails_is_said_until_it_follows_again(board: FakeBoard, pin: _Pin) -> None:
    lines = _lines(board, pin)
    board.faults[_OUT] = OSError(errno.EIO, "Input/output error")
    lines.rearm(1)
    lines.trigger(1)
    (problem,) = lines.problems
    assert str(problem).startswith("output twin enable GPIO25: the line cannot be written")
    del board.faults[_OUT]
    lines.rearm(2)
    lines.trigger(2)
    assert lines.problems == ()


def test_own_line_that_is_shorted_is_said(board: FakeBoard, pin: _Pin) -> None:
    lines = _lines(board, pin)
    board.shorted[_OUT] = False
    lines.trigger(1)
    assert [problem.what for problem in lines.problems] == ["the line does not follow its output"]
