"""Counting pulses, on a line in memory: exact, never blocking, and how a lost line comes back."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from edge.adapters.edge_line import EVENT
from edge.adapters.interval_end import IntervalEnd
from edge.adapters.pulse_lines import PulseLines
from edge.config.io import Bias, Edge, PulsePlan
from edge.model.problem import Problem
from edge.model.scan import PulseSample
from edge.model.units import NS_PER_S
from tests.adapters.fake_edge_line import FakeEdgeLine, kept_by_nobody

PLAN = PulsePlan("incomer", 17, Edge.FALLING, Bias.PULL_UP, 0)
SUSPENDED_NS = 5_000


@pytest.fixture
def line() -> FakeEdgeLine:
    fake = FakeEdgeLine()
    fake.request.release()
    return fake


@pytest.fixture
def pulses(line: FakeEdgeLine) -> Iterator[PulseLines]:
    lines = PulseLines((PLAN,), kept_by_nobody(line.open, PLAN), lambda: SUSPENDED_NS)
    yield lines
    lines.close()


def test_pulses_before_the_first_edge_count_zero_from_the_request(pulses: PulseLines) -> None:
    assert pulses.read(100) == (PulseSample("incomer", 100, 0, 100),)
    assert pulses.read(200) == (PulseSample("incomer", 100, 0, 100),)


def test_pulses_are_counted_with_the_last_edge_in_boot_time(
    pulses: PulseLines, line: FakeEdgeLine
) -> None:
    pulses.read(100)
    line.edge(150)
    line.edge(160)
    assert pulses.read(9000) == (PulseSample("incomer", 100, 2, 5160),)
    assert pulses.read(9100) == (PulseSample("incomer", 100, 2, 5160),)
    line.edge(170)
    assert pulses.read(9200) == (PulseSample("incomer", 100, 3, 5170),)


def test_pulses_beyond_the_kernels_buffer_are_counted_exactly(
    pulses: PulseLines, line: FakeEdgeLine
) -> None:
    pulses.read(100)
    line.edge(150, count=5000)
    assert pulses.read(200) == (PulseSample("incomer", 100, 5000, 5150),)


def test_pulses_across_the_wrap_of_the_sequence_number_are_counted_exactly(
    pulses: PulseLines, line: FakeEdgeLine
) -> None:
    pulses.read(100)
    line.request.line_seqno = 2**32 - 3
    line.edge(150)
    assert pulses.read(200)[0].count == 2**32 - 2
    line.edge(160, count=4)
    assert pulses.read(300)[0].count == 2**32 + 2


def test_pulses_of_a_lost_line_are_a_fault_that_keeps_the_count(
    pulses: PulseLines, line: FakeEdgeLine
) -> None:
    pulses.read(100)
    line.edge(150, count=7)
    pulses.read(200)
    line.unplug()
    assert pulses.read(300) == (PulseSample("incomer", 100, 7, 5150, fault=True),)
    assert pulses.problems == (
        Problem(
            where="pulse incomer GPIO17",
            what="the line cannot be read",
            got="Bad file descriptor",
            need="edge events",
            effect="its pulses are not counted; it is requested again by itself",
            next_step="find who else uses the line: gpioinfo",
        ),
    )


def test_pulses_of_a_line_that_came_back_have_a_new_epoch(
    pulses: PulseLines, line: FakeEdgeLine
) -> None:
    pulses.read(100)
    line.edge(150, count=7)
    line.unplug()
    pulses.read(200)
    line.refusal = None
    back_ns = 200 + NS_PER_S
    assert pulses.read(back_ns) == (PulseSample("incomer", back_ns, 0, back_ns),)
    line.edge(300)
    assert pulses.read(back_ns + 1)[0].count == 1
    assert pulses.problems == ()


def test_pulses_of_a_line_that_stays_away_are_asked_for_at_doubled_distances(
    pulses: PulseLines, line: FakeEdgeLine
) -> None:
    line.refusal = OSError(errno.EBUSY, "Device or resource busy")
    asked_s = []
    for now_s in range(200):
        before = len(line.opened)
        pulses.read(now_s * NS_PER_S)
        if len(line.opened) > before:
            asked_s.append(now_s)
    assert asked_s == [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181]


def test_pulses_of_a_line_that_the_chip_has_not_got_are_a_fault(
    pulses: PulseLines, line: FakeEdgeLine
) -> None:
    line.refusal = ValueError("line offset of out range")
    assert pulses.read(100) == (PulseSample("incomer", 0, 0, 0, fault=True),)
    assert [problem.got for problem in pulses.problems] == ["line offset of out range"]


@pytest.mark.parametrize("size", [1, EVENT.size - 1, EVENT.size + 1])
def test_pulses_of_a_line_that_gives_broken_records_are_a_fault(
    pulses: PulseLines, line: FakeEdgeLine, size: int
) -> None:
    pulses.read(100)
    line.request.write_raw(bytes(size))
    assert pulses.read(200) == (PulseSample("incomer", 100, 0, 100, fault=True),)


def test_pulses_of_several_lines_are_independent() -> None:
    fakes = {name: FakeEdgeLine() for name in ("a", "b")}
    for fake in fakes.values():
        fake.request.release()
    plans = tuple(PulsePlan(name, 17, Edge.RISING, Bias.NONE, 0) for name in fakes)
    lines = PulseLines(
        plans, kept_by_nobody(lambda plan: fakes[plan.name].open(plan), *plans), lambda: 0
    )
    lines.read(0)
    fakes["b"].edge(5, count=3)
    fakes["a"].unplug()
    assert lines.read(10) == (PulseSample("a", 0, 0, 0, fault=True), PulseSample("b", 0, 3, 5))
    lines.close()


def test_interval_end_gives_the_time_of_each_pulse_once(line: FakeEdgeLine) -> None:
    end = IntervalEnd(PLAN, kept_by_nobody(line.open, PLAN), lambda: SUSPENDED_NS, None)
    assert end.read(0) == ()
    line.edge(100)
    line.edge(130)
    assert end.read(1) == (5100, 5130)
    assert end.read(2) == ()
    end.close()


def test_interval_end_in_a_storm_of_edges_gives_the_newest_eight(line: FakeEdgeLine) -> None:
    end = IntervalEnd(PLAN, kept_by_nobody(line.open, PLAN), lambda: 0, None)
    end.read(0)
    for stamp_ns in range(20):
        line.edge(stamp_ns)
    assert end.read(1) == tuple(range(12, 20))
    end.close()


def test_interval_end_without_its_line_gives_nothing_and_a_problem(line: FakeEdgeLine) -> None:
    line.refusal = OSError(errno.EBUSY, "Device or resource busy")
    end = IntervalEnd(PLAN, kept_by_nobody(line.open, PLAN), lambda: 0, None)
    assert end.read(0) == ()
    assert end.problem is not None
    assert end.problem.got == "Device or resource busy"
