"""Loads are shed in earnest: in time, in their order, for as long as needed, over takeovers too."""

from __future__ import annotations

import pytest

from hil.observer import IntervalEnergy, Move
from hil.scenarios.works import CONTRACT_KW, INTERVAL_S, MIN_SHED_S, shedding_works
from hil.suite.scene import Scene
from hil.works import FEEDER, LOADS

pytestmark = [pytest.mark.works(shedding_works()), pytest.mark.held()]

# With every load 490 kW, which the contract of 600 kW allows.
_QUIET_KW = 100.0
# With every load 810 kW; three loads must go.
_STEP_KW = 420.0
# Above the contract by itself: whatever can be shed is, and stays so.
_ALWAYS_KW = 700.0
_LOADS_KW = sum(load.rated_kw for load in LOADS.values())
_PASSED_S = INTERVAL_S * CONTRACT_KW / (_STEP_KW + _LOADS_KW)
# No more is shed than it takes.
_USED_RATIO_MIN = 0.85
_RESTORED_S = 30.0
# The contacts' own times may take so much off a least time.
_DWELL_S = 0.2


@pytest.mark.covers("SHED", "RESTORE")
def test_load_step_is_shed_in_time_and_in_order_and_restored_after(scene: Scene) -> None:
    """At an interval's beginning a mill starts, with which the plant would pass the contract.
    Expected: loads are shed by priority before the contract's energy is used up, and the interval
    ends below it by the observer's own count, with no more shed than it takes. The mill stops:
    every load runs again soon.
    """
    scene.begin()
    scene.bench.plant.run(_QUIET_KW)
    begin_ns = _await_interval(scene).end_ns
    scene.bench.plant.set_base_kw(_STEP_KW)
    whole = _await_interval(scene, after_ns=begin_ns)
    assert whole.whole
    demand_kw = whole.mean_import_w / 1000
    scene.measure(
        "demand of the interval",
        demand_kw,
        "kW",
        at_least=_USED_RATIO_MIN * CONTRACT_KW,
        at_most=CONTRACT_KW,
    )
    moves = scene.witness.load_moves(begin_ns, whole.end_ns)
    first_s = (moves[0].t_ns - begin_ns) / 1e9
    scene.measure("begin to first shed", first_s, "s", at_most=_PASSED_S)
    priorities = [LOADS[load].priority for load in _first_sheds(moves)]
    assert priorities == sorted(priorities), f"loads: shed by priorities {priorities}"
    scene.bench.plant.set_base_kw(_QUIET_KW)
    quiet_ns = scene.bench.now_ns()
    scene.wait("all loads run", lambda: not scene.shed_loads(), INTERVAL_S)
    restored_s = (scene.bench.now_ns() - quiet_ns) / 1e9
    scene.measure("quiet to all restored", restored_s, "s", at_most=_RESTORED_S)
    _assert_least_times(scene, begin_ns)


@pytest.mark.covers("HELD")
def test_loads_shed_in_earnest_stay_shed_over_a_takeover(scene: Scene) -> None:
    """The plant draws more than the contract by its base alone, so that every load goes; the
    control process on duty is killed. Expected: no load moves.
    """
    old, new = scene.begin()
    scene.bench.plant.run(_ALWAYS_KW)
    scene.wait("loads shed", lambda: scene.shed_loads() == set(LOADS), INTERVAL_S)
    scene.since_ns = scene.bench.now_ns()
    old.kill_control()
    taken = scene.takeover(old, new)
    scene.measure("takeover", taken.gap_s, "s", at_most=scene.allowed.killed_s)
    assert scene.settled() == (new, old)
    assert scene.witness.load_moves(scene.since_ns) == []


def _first_sheds(moves: list[Move]) -> list[str]:
    """Loads in the order in which they were shed for the first time."""
    return list(dict.fromkeys(move.load for move in moves if move.shed))


def _await_interval(scene: Scene, after_ns: int = 0) -> IntervalEnergy:
    """The next interval that ends from now on, or the one that began at an instant."""
    since_ns = max(after_ns, scene.bench.now_ns())

    def look() -> IntervalEnergy | None:
        found = [
            each
            for each in scene.witness.log.intervals()
            if each.feeder == FEEDER and each.end_ns >= since_ns
        ]
        return found[0] if found else None

    return scene.wait("an interval's end", look, INTERVAL_S + 10)


def _assert_least_times(scene: Scene, since_ns: int) -> None:
    short = [
        dwell
        for dwell in scene.witness.log.chatter(MIN_SHED_S - _DWELL_S)
        if dwell.since_ns >= since_ns and dwell.shed
    ]
    assert short == []
