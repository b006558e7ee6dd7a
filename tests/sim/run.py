"""Runs one seed and says what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from edge.model.twin import Role
from edge.model.units import NS_PER_HOUR, NS_PER_S
from tests.sim.scenario import Fault, Scenario, draw
from tests.sim.watch import Gap, Violation
from tests.sim.world import MakeTwin, Rules, World


class Result(Struct, frozen=True):
    """One run. `hours` are the site's; `stepped_hours` of them were run scan by scan."""

    scenario: Scenario
    hours: float
    stepped_hours: float
    took_s: float
    violations: tuple[Violation, ...]
    gaps: tuple[Gap, ...]
    promotions: int
    fault_counts: dict[str, int]
    walked: frozenset[tuple[Role, Role, str]]
    roles: tuple[tuple[int, Role], ...]
    final: tuple[str, ...]


def run(
    scenario: Scenario,
    make_twin: MakeTwin | None = None,
    rules: Rules | None = None,
    *,
    skips: bool = True,
    trace: Callable[[str], None] | None = None,
) -> Result:
    """Until the scenario's end or the first violation."""
    world = World(scenario, make_twin, rules, skips=skips, trace=trace)
    began = time.perf_counter()
    world.run()
    watch = world.watch
    return Result(
        scenario,
        world.sim_ns / NS_PER_HOUR,
        world.now_ns / NS_PER_HOUR,
        time.perf_counter() - began,
        tuple(watch.violations),
        tuple(watch.gaps),
        watch.promotions,
        watch.fault_counts,
        frozenset(watch.walked),
        tuple(watch.roles),
        tuple(
            "off"
            if unit.control is None or unit.control.outputs is None
            else unit.control.outputs.role.value
            for unit in world.units
        ),
    )


def run_seed(seed: int, profile: str, hours: float, rules: Rules | None = None) -> Result:
    return run(draw(seed, profile, hours * NS_PER_HOUR / NS_PER_S), rules=rules)


def with_faults(scenario: Scenario, faults: tuple[Fault, ...], until_s: float) -> Scenario:
    return Scenario(scenario.seed, until_s, scenario.site, faults)
