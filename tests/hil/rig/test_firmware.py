"""Parts of the Picos' firmware in this process: what no table can be made to do in time."""

from __future__ import annotations

import itertools
import runpy
import sys
import time
from types import SimpleNamespace

import pytest

from tests.hil.rig.emulated_pico import FIRMWARE

WRAP = 1 << 30


class Line:
    """A fake pin whose interrupts are called by hand."""

    IN, OUT, PULL_UP, IRQ_RISING, IRQ_FALLING = range(5)
    made: dict[int, Line] = {}  # noqa: RUF012

    def __init__(self, number, _mode, _pull=None, value=1):
        self.level = value
        self.shown = []
        self.made[number] = self

    def value(self, level=None):
        if level is not None and level != self.level:
            self.shown.append(level)
            self.level = level
        return self.level

    def irq(self, handler, _trigger, hard):
        assert hard
        self.handler = handler

    def move(self, level):
        self.level = level
        self.handler(self)


@pytest.fixture
def now(monkeypatch):
    """The counter's reading, set by hand."""
    now = SimpleNamespace(us=0)
    monkeypatch.setattr(time, "ticks_us", lambda: now.us % WRAP, raising=False)
    half = WRAP // 2
    monkeypatch.setattr(
        time, "ticks_diff", lambda new, old: (new - old + half) % WRAP - half, raising=False
    )
    return now


@pytest.fixture
def firmware(now, monkeypatch):  # noqa: ARG001 -- the firmware reads it
    monkeypatch.setitem(sys.modules, "machine", SimpleNamespace(Pin=Line))
    return SimpleNamespace(**runpy.run_path(str(FIRMWARE), run_name="firmware"))


def test_clock_goes_on_when_its_counter_wraps(firmware, now):
    clock = firmware.Clock()
    for _ in range(10):
        now.us += WRAP // 3
        assert clock.now_us() == now.us
    stamp = (now.us - 5000) % WRAP
    assert clock.extend(stamp) == now.us - 5000


def test_edges_that_do_not_fit_are_counted_and_leave_out_their_numbers(firmware):
    edges, clock = firmware.Edges(), firmware.Clock()
    edges.watch(3)
    for turn in range(firmware.EDGES_KEPT + 3):
        Line.made[3].move(turn % 2)
    taken = [edges.take(clock) for _ in range(firmware.EDGES_KEPT)]
    assert [edge[0] for edge in taken] == list(range(1, firmware.EDGES_KEPT + 1))
    assert edges.take(clock) is None
    assert (edges.lost, edges.seen) == (3, firmware.EDGES_KEPT + 3)
    Line.made[3].move(1 - Line.made[3].level)
    assert edges.take(clock)[0] == firmware.EDGES_KEPT + 4


def test_pulse_that_is_over_before_anybody_looks_is_counted_as_blurred(firmware):
    edges = firmware.Edges()
    edges.watch(3)
    Line.made[3].move(1)
    assert (edges.seen, edges.blurred) == (1, 1)


def test_late_loop_makes_pulses_late_and_never_fewer_or_shorter_than_half(firmware):
    contact = firmware.Contact(2)
    contact.add(5, 400, 1000)
    now_us, edges_us = 0, []
    while contact.wait_us(now_us) is not None:
        seen = len(Line.made[2].shown)
        contact.advance(now_us)
        edges_us += [now_us] * (len(Line.made[2].shown) - seen)
        now_us += 5000 if now_us == 1200 else 100
    assert Line.made[2].shown == [1, 0] * 5
    assert contact.made == 5
    assert min(new - old for old, new in itertools.pairwise(edges_us)) >= 200


def test_next_train_waits_for_the_rest_of_the_one_before(firmware):
    contact = firmware.Contact(2)
    contact.add(1, 400, 1000)
    for now_us in (0, 400):
        contact.advance(now_us)
    contact.add(1, 400, 1000)
    assert contact.wait_us(500) == 500
    for now_us in (600, 999):
        contact.advance(now_us)
    assert Line.made[2].shown == [1, 0]
    contact.advance(1000)
    assert Line.made[2].shown == [1, 0, 1]
