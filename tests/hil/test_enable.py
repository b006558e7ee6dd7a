"""The one-shots beside the units: what an edge holds up, and what falls when edges stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.board.clock import Agenda
from hil.board.config import BoardConfig, EnableConfig, LoadConfig, UnitConfig
from hil.board.enable import OneShot, make_one_shots
from hil.board.journal import Journal
from hil.board.line import Line
from hil.board.uapi import Flag, LineSetting
from hil.board.wiring import Wiring
from hil.plant import LoadSpec, PlantSpec

_MS = 1_000_000
_RELAY, _ENABLE, _PEER = 5, 25, 26


class _Drivers:
    """Stands for the meter line's process."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, bool]] = []

    def call(self, verb: str, **order: Any) -> None:
        assert verb == "drive"
        self.orders.append((order["node"], order["on"]))


class Rack:
    """Two units with a relay each for one load; `a` has a one-shot. Time is the test's."""

    def __init__(self, folder: Path) -> None:
        config = BoardConfig(
            folder / "orders",
            folder / "log",
            folder / "values",
            {name: UnitConfig(folder / name) for name in "ab"},
            loads={"fan": LoadConfig(_RELAY)},
            plant=PlantSpec(loads={"fan": LoadSpec(rated_w=1000)}),
        )
        self.agenda = Agenda()
        self.journal = Journal(config.log)
        self.wiring = Wiring(config, self.journal, self.agenda)
        self.a, self.b = (self.wiring.make_lines(name, 58, {}) for name in "ab")
        self.drivers = _Drivers()
        enable = EnableConfig(_ENABLE, _PEER, node="a")
        parts = (self.wiring, self.journal, self.agenda)
        self.one_shot = OneShot("a", enable, *parts, self.drivers)  # type: ignore[arg-type]
        self.one_shot.set(0, up=False)
        self.claim(self.a[_ENABLE])

    def claim(self, line: Line) -> None:
        line.apply(LineSetting(flags=Flag.OUTPUT, output=0, debounce_us=0), 0)

    def edge(self, at_ms: int) -> None:
        self.agenda.run_due(at_ms * _MS)
        self.a[_ENABLE].set_output(1, at_ms * _MS)
        self.a[_ENABLE].set_output(0, at_ms * _MS)

    def seen(self) -> list[tuple[int, bool]]:
        return [(e["t_ns"] // _MS, e["up"]) for e in self.journal.since(0, "enable")]


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[Rack]:
    rack = Rack(tmp_path)
    yield rack
    rack.journal.close()


def test_one_shot_stays_up_while_edges_come_and_falls_after_the_last(rack: Rack) -> None:
    for at_ms in range(100, 1000, 100):
        rack.edge(at_ms)
    assert rack.b[_PEER].level == 1
    rack.agenda.run_due(1199 * _MS)
    assert rack.one_shot.is_up
    rack.agenda.run_due(5000 * _MS)
    assert rack.seen() == [(0, False), (100, True), (1200, False)]
    assert rack.b[_PEER].level == 0
    assert rack.drivers.orders == [("a", False), ("a", True), ("a", False)]


def test_one_shot_of_a_line_that_is_stuck_high_falls(rack: Rack) -> None:
    rack.a[_ENABLE].set_output(1, 100 * _MS)
    rack.agenda.run_due(2000 * _MS)
    assert rack.seen() == [(0, False), (100, True), (400, False)]


def test_one_shot_that_is_down_takes_the_relays_of_its_unit_away(rack: Rack) -> None:
    for lines in (rack.a, rack.b):
        rack.claim(lines[_RELAY])
    rack.a[_RELAY].set_output(1, 50 * _MS)
    assert rack.wiring.shed_loads() == set()
    rack.edge(100)
    assert rack.wiring.shed_loads() == {"fan"}
    rack.agenda.run_due(400 * _MS)
    assert rack.wiring.shed_loads() == set()
    rack.b[_RELAY].set_output(1, 500 * _MS)
    assert rack.wiring.shed_loads() == {"fan"}


def test_edges_of_a_one_shot_are_not_in_the_log(rack: Rack) -> None:
    rack.edge(100)
    assert [e["pin"] for e in rack.journal.since(0, "line")] == []


def test_board_without_one_shots_has_none(tmp_path: Path) -> None:
    config = BoardConfig(tmp_path / "orders", tmp_path / "log", tmp_path / "values", {})
    journal, agenda = Journal(config.log), Agenda()
    wiring = Wiring(config, journal, agenda)
    assert make_one_shots(config, wiring, journal, agenda) == {}
    journal.close()
