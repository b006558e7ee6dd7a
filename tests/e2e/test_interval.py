"""One whole demand interval on the bench while the gateway's processes die one after the other.

The interval is recorded once; each test reads another thing from the record.
"""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hil.bench import Bench
from hil.observer import IntervalEnergy, Log
from hil.works import FEEDER, LOADS, PULSE_UWH, Works
from tests.e2e.conftest import alignment_for_boundary_in, start_running
from tests.e2e.seen import Seen

# Two chillers off are just enough at this base load.
_BASE_KW = 380.0
_BEGIN_S = 7.0
_TARGET_W = 600_000.0
_DENBAN = "from edge.cli.main import main; main()"


def _positions(answer: dict[str, Any]) -> dict[str, bool]:
    return {load["name"]: load["shed"] for load in answer["status"]["loads"]}


class Recorded:
    """What the whole interval left behind."""

    def __init__(self, bench: Bench) -> None:
        self.seen = Seen(bench)
        self._bench = bench
        start_running(bench, _BASE_KW)
        self._until(0)
        self.killed_worker = self._replace("edge.bus", signal.SIGKILL, at_s=6)
        self.stopped_worker = self._replace("edge.bus", signal.SIGSTOP, at_s=14)
        self.killed_keeper = self._replace("edge.keeper", signal.SIGKILL, at_s=26)
        self._until(32)
        self._silence_meter()
        self._until(44)
        self._short_bus()
        self._until(60)
        self.closed = self.seen.wait("interval_closed", "demand", partial=False)
        self.log: Log = bench.observed()
        self.replay_code, self.replayed = self._replay()
        self.answer = bench.wait_status(lambda answer: _positions(answer) == self._relays())

    def _silence_meter(self) -> None:
        self._bench.faults.silence_meter("chillers", on=True)
        self.seen.wait("meter", "chillers", fault="no_reply")
        self.buses_while_one_was_silent = self.buses
        self._bench.faults.silence_meter("chillers", on=False)

    def _short_bus(self) -> None:
        self._bench.faults.short_bus(on=True)
        self.seen.wait("bus", "main", condition="no_meter_answers")
        self.shorted = self._bench.wait_status(
            lambda answer: "bus main" in answer["status"]["alarms"]
        )
        self.shorted_truth_w = self._bench.snapshot()["power_w"][FEEDER]
        self._bench.faults.short_bus(on=False)

    def _replay(self) -> tuple[int, dict[str, Any]]:
        recording = str(self._bench.runtime / "flight")
        command = [sys.executable, "-c", _DENBAN, "replay", recording, "--json"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        assert done.stdout, done.stderr.decode()
        return done.returncode, json.loads(done.stdout)

    @property
    def buses(self) -> list[str]:
        """Conditions of the line, as the journal has them."""
        return [event.facts["condition"] for event in self.seen.of("bus")]

    def _replace(self, module: str, number: signal.Signals, at_s: float) -> tuple[int, int]:
        """Hit a child; its pid and that of its replacement."""
        self._until(at_s)
        hit = self._bench.controller.send_child(module, number)

        def look() -> int | None:
            found = self._bench.controller.child(module)
            return None if found == hit else found

        return hit, self._bench.wait(f"a new {module}", look)

    def _until(self, interval_s: float) -> None:
        """The instant so many seconds after the boundary, by the plant's clock."""
        boundary_s = self._bench.works.alignment_s

        def look() -> bool:
            since_s = (time.time() - boundary_s) % 60
            return self._boundaries() > 1 or (self._boundaries() == 1 and since_s >= interval_s)

        self._bench.wait(f"{interval_s} s of the interval", look, within_s=90)

    def _boundaries(self) -> int:
        return sum(event["event"] == "interval" for event in self._bench.observed().events)

    def _relays(self) -> dict[str, bool]:
        loads = self._bench.snapshot()["loads"].items()
        return {name: load["contact_sheds"] for name, load in loads}

    @property
    def interval(self) -> IntervalEnergy:
        (whole,) = [i for i in self.log.intervals() if i.whole and i.feeder == FEEDER]
        return whole


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    works = Works(alignment_s=alignment_for_boundary_in(_BEGIN_S))
    with Bench(works) as bench:
        yield Recorded(bench)


def test_interval_of_a_plant_above_target_is_held(recorded: Recorded) -> None:
    demand_w = recorded.interval.mean_import_w
    assert demand_w < _TARGET_W
    assert demand_w > 0.9 * _TARGET_W  # by shedding no more than it takes


def test_interval_energy_of_the_controller_is_the_plants_to_one_pulse(recorded: Recorded) -> None:
    difference_uwh = recorded.closed.facts["energy_uwh"] - recorded.interval.import_uwh
    assert abs(difference_uwh) <= PULSE_UWH


def test_each_move_in_the_journal_is_one_that_the_board_has_seen(recorded: Recorded) -> None:
    last_ns = max(event.mono_ns for event in recorded.seen.events)
    written = [
        (event.subject, event.facts["shed"])
        for event in recorded.seen.events
        if event.kind == "relay" and event.facts["reason"] != "safe"
    ]
    begin_ns = min(event.mono_ns for event in recorded.seen.events)
    seen = [
        (move.load, move.shed)
        for move in recorded.log.moves(begin_ns)
        if move.t_ns <= last_ns + 1_000_000_000
    ]
    assert written == seen[: len(written)]
    assert written


def test_relays_keep_their_times_and_do_not_chatter(recorded: Recorded) -> None:
    shed = [dwell for dwell in recorded.log.dwells() if dwell.shed and dwell.load in LOADS]
    assert [dwell for dwell in shed if dwell.lasted_s < Works().min_shed_s - 0.2] == []


def test_bus_worker_that_is_killed_or_hangs_is_noticed_and_replaced(recorded: Recorded) -> None:
    for hit, replacement in (recorded.killed_worker, recorded.stopped_worker):
        assert hit != replacement
    assert recorded.buses[:4] == ["worker_lost", "ok", "worker_lost", "ok"]


def test_one_silent_meter_is_no_bus_fault_and_a_short_is_one(recorded: Recorded) -> None:
    assert len(recorded.buses_while_one_was_silent) == 4
    assert recorded.buses[4:] == ["no_meter_answers", "ok"]


def test_control_goes_on_with_pulses_while_the_bus_is_shorted(recorded: Recorded) -> None:
    status = recorded.shorted["status"]
    assert [source["name"] for source in status["sources"] if source["in_use"]] == ["pulse.incomer"]
    assert status["power_w"] == pytest.approx(recorded.shorted_truth_w, rel=0.25)


def test_keeper_that_is_killed_loses_no_event(recorded: Recorded) -> None:
    """Every stage is entered from the one left before: a lost event would leave a gap."""
    assert recorded.killed_keeper[0] != recorded.killed_keeper[1]
    stages = [event.facts for event in recorded.seen.events if event.kind == "stage"]
    gaps = [
        (before["to"], after["from"])
        for before, after in itertools.pairwise(stages)
        if before["to"] != after["from"]
    ]
    assert gaps == []
    assert [event.kind for event in recorded.seen.events].count("started") == 1


def test_scan_misses_no_deadline_by_the_death_of_others(recorded: Recorded) -> None:
    health = recorded.answer["health"]
    assert health["overruns"] <= health["scans"] * 0.01


def test_recording_replays_bit_for_bit(recorded: Recorded) -> None:
    """Over the gap that the killed keeper has left too."""
    replayed = recorded.replayed
    assert (recorded.replay_code, replayed["differences_count"]) == (0, 0), replayed["differences"]
    assert replayed["scans"] > 550
    assert len(replayed["moves"]) > 0
