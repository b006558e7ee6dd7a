"""Shrunk scenarios that once broke an invariant."""

from __future__ import annotations

import pytest

from tests.sim.run import run
from tests.sim.scenario import Fault, Scenario, Site

SCENARIOS = {
    "scan_goes_on_just_before_the_reset": Scenario(
        31, 40.0, Site(), (Fault(20.403, "hang", for_s=1.93),)
    ),
    "unit_on_duty_comes_back_during_the_claim": Scenario(
        0, 40.0, Site(tier=1, starts_s=(9.0, 0.5)), (Fault(19.3642, "hang", unit=1, for_s=0.4676),)
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_that_once_failed_holds(name: str) -> None:
    assert run(SCENARIOS[name]).violations == ()
