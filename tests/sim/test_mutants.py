"""Each rule that is left out is found by the checker that watches over it."""

from __future__ import annotations

import pytest

from tests.sim.apart import Apart
from tests.sim.checkers import CHECKERS
from tests.sim.mutants import MUTANTS, Mutant
from tests.sim.plant import EnergyExact
from tests.sim.run import run


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "_"))
def test_mutant_is_caught_and_the_whole_pair_is_not(mutant: Mutant) -> None:
    caught = mutant.first_catch()
    assert caught is not None, f"{mutant.caught_by} does not see it"
    assert run(caught.scenario).violations == ()


def test_mutants_show_that_every_checker_can_fail() -> None:
    invariants = {checker.__name__ for checker in CHECKERS if checker not in (Apart, EnergyExact)}
    assert {mutant.caught_by for mutant in MUTANTS} == invariants
