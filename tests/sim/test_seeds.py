"""Some hundred pair-hours with all kinds of faults, and not one invariant broken."""

from __future__ import annotations

import pytest

from tests.sim.run import run_seed
from tests.sim.shrink import explain

SEED_HOURS = 3.0
SEEDS_A_TEST = 5
# Profile and how many tests of it: 240 pair-hours in all.
PLAN = (("mixed", 8), ("machine", 3), ("paths", 3), ("bus", 2))


# Traced, it takes twice as long; other tests cover what it runs.
@pytest.mark.no_cover
@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "part"), [(profile, part) for profile, parts in PLAN for part in range(parts)]
)
def test_pair_under_faults_keeps_every_invariant(profile: str, part: int) -> None:
    for seed in range(part * SEEDS_A_TEST, (part + 1) * SEEDS_A_TEST):
        result = run_seed(seed, profile, SEED_HOURS)
        assert not result.violations, explain(result, profile)
        assert result.hours > 0.99 * SEED_HOURS
