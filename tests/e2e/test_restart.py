"""The control process dies or is stopped: what goes on, what is told, what the relays do."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from hil.bench import Bench
from hil.works import LOADS, PULSE_UWH, UNIT
from tests.e2e.conftest import counted_after_stop_uwh, start_running

Make = Callable[..., Bench]
_CHECKPOINT_NS_MAX = 1_200_000_000  # once a second, and a scan's time


def _shed_by_hand(bench: Bench, *loads: str) -> None:
    """Relays of known positions, whatever automation thinks."""
    for load in loads:
        assert bench.desk.override(load, "shed", 60)["ok"]
    for load in loads:
        bench.wait(f"{load} shed", lambda load=load: bench.snapshot()["loads"][load]["shed"])


def _demand(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["status"]["limits"][0]
    return found


def test_control_killed_in_an_interval_continues_it_with_its_relays(make_bench: Make) -> None:
    bench = make_bench()
    begin_uwh = start_running(bench)
    _shed_by_hand(bench, "compressor")
    before = bench.wait_status(lambda answer: _demand(answer)["energy_kwh"] > 1)
    bench.events.fresh()
    killed_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    bench.controller.kill()
    bench.start_controller()
    energy_kwh = _demand(before)["energy_kwh"]
    after = bench.wait_status(lambda answer: _demand(answer)["energy_kwh"] > energy_kwh)
    (started,) = [event for event in bench.events.fresh() if event.kind == "started"]
    checkpoint_ns = started.mono_ns - started.facts["checkpoint_age_s"] * 1e9
    assert started.facts["checkpoint"] == "continued"
    assert killed_ns - checkpoint_ns <= _CHECKPOINT_NS_MAX
    assert _demand(after)["elapsed_s"] > _demand(before)["elapsed_s"]
    assert [move for move in bench.observed().moves(killed_ns) if move.load == "compressor"] == []

    counted_uwh, end_uwh = counted_after_stop_uwh(bench)
    assert abs(counted_uwh - (end_uwh - begin_uwh)) <= 2 * PULSE_UWH


def test_control_stopped_leaves_each_relay_as_declared_and_disarms_the_watchdog(
    make_bench: Make,
) -> None:
    bench = make_bench(hold_at_stop=frozenset({"compressor"}))
    start_running(bench)
    _shed_by_hand(bench, "compressor", "chiller-1")
    assert bench.snapshot()["units"][UNIT]["watchdog"]["running"]
    stopped_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert bench.controller.stop() == 0
    bench.wait("no process of the unit", lambda: not bench.unit_pids())
    seen = bench.snapshot()
    shed = {name for name, load in seen["loads"].items() if load["shed"]}
    safely_shed = {name for name, load in LOADS.items() if load.safe == "shed"}
    assert shed == safely_shed | {"compressor"}
    moves = [move.load for move in bench.observed().moves(stopped_ns)]
    assert "compressor" not in moves
    assert moves.count("chiller-1") == 1
    assert not seen["units"][UNIT]["watchdog"]["running"]
    assert bench.observed().watchdog_resets() == []
    assert [event.kind for event in bench.events.fresh()][-1] == "stopped"


def test_control_killed_for_good_is_reset_by_the_watchdog(make_bench: Make) -> None:
    _expect_reset(make_bench(watchdog_s=2), signal.SIGKILL)


def test_control_that_hangs_is_reset_by_the_watchdog(make_bench: Make) -> None:
    _expect_reset(make_bench(watchdog_s=2), signal.SIGSTOP)


def _expect_reset(bench: Bench, number: signal.Signals) -> None:
    start_running(bench)
    hit_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    bench.controller.send(number)
    ((reset_ns, unit),) = bench.wait("a reset", lambda: bench.observed().watchdog_resets())
    assert unit == UNIT
    # From the last feed, one scan before the hit at the earliest.
    assert 1.8 <= (reset_ns - hit_ns) / 1e9 <= 2.5
    assert bench.controller.wait() == -signal.SIGKILL
    bench.wait("no process of the unit", lambda: not bench.unit_pids())
