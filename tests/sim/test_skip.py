"""Leaping over quiet time changes nothing but the time it takes; shrinking keeps the failure."""

from __future__ import annotations

import pytest

from tests.sim.run import run
from tests.sim.scenario import Fault, Scenario, Site, draw
from tests.sim.shrink import literal, shrink
from tests.sim.world import Rules

# Quiet stretches between faults that must not depend on the phase of a scan.
STORY = Scenario(
    seed=3,
    until_s=900.0,
    site=Site(lines=2),
    faults=(
        Fault(20.0, "power", for_s=5.0),
        Fault(260.0, "handover", unit=0, level=1.0),
        Fault(500.0, "grade", unit=0, for_s=40.0),
        Fault(760.0, "cable_cut", for_s=6.0),
        Fault(760.0, "all_paths", for_s=6.0),
    ),
)


@pytest.mark.slow
def test_run_with_leaps_ends_like_one_without() -> None:
    whole, leaping = run(STORY, skips=False), run(STORY)
    assert leaping.stepped_hours < 0.6 * whole.stepped_hours
    assert abs(leaping.hours - whole.hours) < 1e-3
    assert (leaping.roles, leaping.final, leaping.violations) == (whole.roles, whole.final, ())


def test_seed_run_twice_gives_the_same_run() -> None:
    scenario = draw(5, "mixed", 600.0)
    first, second = run(scenario), run(scenario)
    assert (first.roles, first.gaps) == (second.roles, second.gaps)


def test_shrink_of_a_failure_keeps_what_causes_it() -> None:
    noise = tuple(Fault(8.0 + n, "clock_step", level=10.0) for n in range(6))
    scenario = Scenario(0, 60.0, Site(), (*noise, Fault(15.5, "stop_worker", for_s=3.0, level=2.0)))

    def fails(each: Scenario):
        return run(each, rules=Rules(feed_always=True))

    failed = fails(scenario)
    small = shrink(failed, fails)
    assert [fault.kind for fault in small.scenario.faults] == ["stop_worker"]
    names = {"Scenario": Scenario, "Site": Site, "Fault": Fault}
    assert eval(literal(small), names) == small.scenario
