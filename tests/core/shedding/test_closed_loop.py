"""A small plant held under its target, second by second, over many intervals."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from dataclasses import dataclass, field

import pytest

from edge.model.outlook import LimitOutlook, PowerEstimate
from edge.model.status import Stage
from tests.core.shedding.plant import Panel, a_load, a_spec

INTERVAL_S = 1800
WINDOW_S = 30
TARGET_KW = 600.0
LOADS = (
    a_load("chiller-1", 80, priority=1, group="chillers", min_shed_s=300, max_shed_s=900,
           min_run_s=300, rest_s=300),
    a_load("chiller-2", 80, priority=1, group="chillers", min_shed_s=300, max_shed_s=900,
           min_run_s=300, rest_s=300),
    a_load("chiller-3", 80, priority=1, group="chillers", min_shed_s=300, max_shed_s=900,
           min_run_s=300, rest_s=300),
    a_load("compressor", 60, priority=2, min_shed_s=120, min_run_s=120, lead_s=10),
    a_load("oven", 150, priority=3, min_shed_s=600, max_shed_s=1200),
    a_load("charger", 40, priority=1, min_shed_s=60),
)  # fmt: skip


@dataclass
class Plant:
    """Base load plus what is switched on; a mean of `WINDOW_S` as the estimate of present power."""

    draws_kw: dict[str, float]
    history_kw: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW_S))
    energy_kws: float = 0.0

    def run(self, base_kw: float, shed: list[str]) -> None:
        kw = base_kw + sum(kw for name, kw in self.draws_kw.items() if name not in shed)
        self.history_kw.append(kw)
        self.energy_kws += kw

    def estimate(self) -> PowerEstimate:
        kw = list(self.history_kw)
        mean = sum(kw) / len(kw)
        spread = max(5.0, (max(kw) - min(kw)) / 4)
        return PowerEstimate(mean * 1e3, (mean - spread) * 1e3, (mean + spread) * 1e3)

    def outlook(self, elapsed_s: int) -> LimitOutlook:
        base_w = self.energy_kws * 1e3 / INTERVAL_S
        left_s = INTERVAL_S - elapsed_s
        return LimitOutlook(
            "demand", TARGET_KW * 1e3, None, "contract", base_w, base_w, base_w,
            left_s / INTERVAL_S, INTERVAL_S * 10**9, elapsed_s * 10**9, left_s * 10**9, 0, False,
        )  # fmt: skip


@dataclass
class Outcome:
    demands_kw: list[float] = field(default_factory=list)
    worst: Stage = Stage.NORMAL
    moves: Counter[str] = field(default_factory=Counter)
    sheds: Counter[str] = field(default_factory=Counter)


def hold(profile_kw: list[float], draws_kw: dict[str, float]) -> Outcome:
    """Run the plant for as many intervals as the profile of base loads has (linear within one)."""
    panel = Panel(
        a_spec(*LOADS, mask_s=300, no_restore_s=120, settle_s=WINDOW_S + 5),
    )
    plant = Plant(draws_kw)
    outcome = Outcome()
    shed: list[str] = []
    for second in range(INTERVAL_S * (len(profile_kw) - 1)):
        number, elapsed_s = divmod(second, INTERVAL_S)
        start_kw, end_kw = profile_kw[number : number + 2]
        plant.run(start_kw + (end_kw - start_kw) * elapsed_s / INTERVAL_S, shed)
        if elapsed_s == INTERVAL_S - 1:
            outcome.demands_kw.append(plant.energy_kws / INTERVAL_S)
            plant.energy_kws = 0.0
        # The scan after this second sees the interval one second older, or a new one.
        step = panel.step(second + 1, plant.estimate(), plant.outlook((elapsed_s + 1) % INTERVAL_S))
        shed = panel.shed
        outcome.worst = max(outcome.worst, step.stage)
        outcome.moves.update(name for name, _, _ in panel.moves())
        outcome.sheds.update(name for name, shed, _ in panel.moves() if shed)
    return outcome


RATED_KW = {load.name: load.rated_w / 1e3 for load in LOADS}


def test_plant_with_enough_to_shed_is_held_under_the_target_in_every_interval() -> None:
    profile_kw = [50, 120, 250, 250, 180, 300, 260, 320, 200, 240, 240, 100, 50]
    uncontrolled_kw = [
        (a + b) / 2 + sum(RATED_KW.values()) for a, b in itertools.pairwise(profile_kw)
    ]
    outcome = hold([float(kw) for kw in profile_kw], RATED_KW)
    assert sum(kw > TARGET_KW for kw in uncontrolled_kw) >= 10
    assert max(outcome.demands_kw) <= TARGET_KW
    assert outcome.worst is Stage.SHED
    assert max(outcome.demands_kw) >= 0.97 * TARGET_KW, "shed far more than was needed"


def test_plant_held_under_the_target_switches_no_load_more_than_its_times_allow() -> None:
    outcome = hold([250.0] * 9, RATED_KW)
    assert max(outcome.demands_kw) <= TARGET_KW
    hours = 8 * INTERVAL_S / 3600
    assert max(outcome.moves.values()) / hours <= 6.0
    turns = [outcome.sheds[f"chiller-{number}"] for number in (1, 2, 3)]
    assert max(turns) - min(turns) <= 2


def test_plant_whose_loads_draw_less_than_rated_is_held_by_what_was_learnt() -> None:
    draws_kw = {name: kw * 0.6 for name, kw in RATED_KW.items()}
    outcome = hold([320.0, 380.0, 430.0, 430.0, 430.0], draws_kw)
    assert max(outcome.demands_kw) <= TARGET_KW


def test_plant_with_a_dead_load_is_held_by_the_others() -> None:
    draws_kw = {**RATED_KW, "chiller-1": 0.0, "charger": 0.0}
    outcome = hold([280.0, 340.0, 340.0, 340.0], draws_kw)
    assert max(outcome.demands_kw) <= TARGET_KW


def test_plant_that_needs_more_than_can_be_shed_is_at_its_limit_and_sheds_all() -> None:
    outcome = hold([650.0, 650.0], RATED_KW)
    assert outcome.worst >= Stage.LIMIT
    assert outcome.sheds.keys() == {load.name for load in LOADS}


def test_plant_near_the_target_but_under_it_switches_nothing() -> None:
    outcome = hold([50.0, 90.0, 60.0], RATED_KW)
    assert (outcome.moves, outcome.worst) == (Counter(), Stage.CAUTION)


@pytest.mark.parametrize("rise_s", [60, 900, 1500])
def test_plant_with_a_sudden_rise_is_held_under_the_target(rise_s: int) -> None:
    """A furnace of 200 kW comes on `rise_s` into the interval, from 560 kW."""
    panel = Panel(a_spec(*LOADS, mask_s=300, no_restore_s=120, settle_s=WINDOW_S + 5))
    plant = Plant(RATED_KW)
    shed: list[str] = []
    panel.step(-1000, PowerEstimate(560e3, 555e3, 565e3), plant.outlook(0))
    for second in range(INTERVAL_S):
        plant.run(70.0 + (200.0 if second >= rise_s else 0.0), shed)
        if second < INTERVAL_S - 1:
            panel.step(second + 1, plant.estimate(), plant.outlook(second + 1))
            shed = panel.shed
    assert plant.energy_kws / INTERVAL_S <= TARGET_KW
    assert len(shed) < len(LOADS)
