"""The control process dies or is stopped: what goes on, what is told, what the relays do."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hil.bench import Bench
from hil.boottime import boottime_ns
from hil.works import LOADS, PULSE_UWH, UNIT, Works
from tests.e2e.conftest import (
    alignment_for_boundary_in,
    counted_after_stop_uwh,
    start_running,
)
from tests.e2e.seen import Seen

_CHECKPOINT_NS_MAX = 1_200_000_000  # once a second, and a scan's time


def _demand(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["status"]["limits"][0]
    return found


def _shed(answer: dict[str, Any]) -> set[str]:
    return {load["name"] for load in answer["status"]["loads"] if load["shed"]}


class TwoLives:
    """One interval: a life that is killed with two loads shed, and one that is stopped."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.begin_uwh = start_running(bench)
        self._shed_by_hand("compressor", "chiller-1")
        # The status goes out with the state: what it says, a restart knows.
        self.before = bench.wait_status(lambda answer: {"compressor", "chiller-1"} <= _shed(answer))
        self.killed_ns = boottime_ns()
        bench.controller.kill()
        bench.start_controller()
        energy_kwh = _demand(self.before)["energy_kwh"]
        self.after = bench.wait_status(lambda answer: _demand(answer)["energy_kwh"] > energy_kwh)
        self.counted_uwh, self.end_uwh = counted_after_stop_uwh(bench)
        self.watchdog_ran = bench.snapshot()["units"][UNIT]["watchdog"]["running"]
        self.stopped_ns = boottime_ns()
        self.exit_code = bench.controller.stop()
        bench.wait("no process of the unit", lambda: not bench.unit_pids())
        self.snapshot = bench.snapshot()
        self.log = bench.observed()
        self.events = bench.events.fresh()

    def _shed_by_hand(self, *loads: str) -> None:
        """For relays of known positions, whatever automation thinks."""
        for load in loads:
            assert self._bench.desk.override(load, "shed", 60)["ok"]

    def moves(self, since_ns: int, until_ns: int) -> list[str]:
        """Loads whose contacts moved within a span, once for each move."""
        return [move.load for move in self.log.moves(since_ns) if move.t_ns < until_ns]


@pytest.fixture(scope="module")
def lives() -> Iterator[TwoLives]:
    works = Works(alignment_s=alignment_for_boundary_in(1), hold_at_stop=frozenset({"compressor"}))
    with Bench(works) as bench:
        yield TwoLives(bench)


def test_control_killed_in_an_interval_continues_it_from_a_second_ago(lives: TwoLives) -> None:
    _, started = [event for event in lives.events if event.kind == "started"]
    checkpoint_ns = started.mono_ns - started.facts["checkpoint_age_s"] * 1e9
    assert started.facts["checkpoint"] == "continued"
    assert lives.killed_ns - checkpoint_ns <= _CHECKPOINT_NS_MAX
    assert _demand(lives.after)["elapsed_s"] > _demand(lives.before)["elapsed_s"]


def test_energy_of_a_restart_is_recovered_from_the_register(lives: TwoLives) -> None:
    taken_uwh = lives.end_uwh - lives.begin_uwh
    assert abs(lives.counted_uwh - taken_uwh) <= 2 * PULSE_UWH
    taken_over = [event.facts["to"] for event in lives.events if event.kind == "source"]
    assert "meter.incomer.energy" in taken_over


def test_relays_do_not_move_by_a_restart(lives: TwoLives) -> None:
    moved = lives.moves(lives.killed_ns, lives.stopped_ns)
    assert "compressor" not in moved
    assert "chiller-1" not in moved


def test_control_stopped_leaves_each_relay_as_declared(lives: TwoLives) -> None:
    assert lives.exit_code == 0
    shed = {name for name, load in lives.snapshot["loads"].items() if load["contact_sheds"]}
    assert shed == {name for name, load in LOADS.items() if load.safe == "shed"} | {"compressor"}
    moved = lives.moves(lives.stopped_ns, lives.snapshot["t_ns"])
    assert "compressor" not in moved
    assert moved.count("chiller-1") == 1
    assert [event.kind for event in lives.events][-1] == "stopped"


def test_control_stopped_disarms_the_watchdog(lives: TwoLives) -> None:
    assert lives.watchdog_ran
    assert not lives.snapshot["units"][UNIT]["watchdog"]["running"]
    assert lives.log.watchdog_resets() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_control_that_dies_or_hangs_is_reset_by_the_watchdog(
    make_bench: Callable[..., Bench], number: signal.Signals
) -> None:
    bench = make_bench(watchdog_s=2)
    bench.start_controller()
    Seen(bench).wait("started", UNIT)
    hit_ns = boottime_ns()
    bench.controller.send(number)
    ((reset_ns, unit),) = bench.wait("a reset", lambda: bench.observed().watchdog_resets())
    assert unit == UNIT
    # From the last feed, one scan before the hit at the earliest.
    assert 1.8 <= (reset_ns - hit_ns) / 1e9 <= 2.5
    assert bench.controller.wait() == -signal.SIGKILL
    bench.wait("no process of the unit", lambda: not bench.unit_pids())
