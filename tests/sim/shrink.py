"""Cuts a failing scenario down: drops faults while the same checker fails (delta debugging)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from tests.sim.run import Result, run
from tests.sim.scenario import Fault, Scenario

RUNS_MAX: Final = 300
# A fault less changes what chance does after it: some other seeds are tried with what is left.
SEEDS: Final = (0, 1, 2, 3)
# What is kept after the violation.
AFTER_S: Final = 1.0
Fails = Callable[[Scenario], Result]


def shrink(failed: Result, runs: Fails = run) -> Result:
    """The smallest failing run that was found; its scenario ends with the violation."""
    best, checker = failed, failed.violations[0].checker
    budget = RUNS_MAX
    chunk = max(1, len(_relevant(best)) // 2)
    while budget > 0:
        faults, reduced = _relevant(best), False
        for start in range(0, len(faults), chunk):
            budget -= len(SEEDS)
            shorter = faults[:start] + faults[start + chunk :]
            result = _first_failing(best, shorter, checker, runs)
            if result is not None:
                best, reduced = result, True
                break
        if not reduced and chunk == 1:
            break
        if not reduced:
            chunk = max(1, chunk // 2)
    return runs(_with(best, _relevant(best), 0))


def _first_failing(
    best: Result, faults: tuple[Fault, ...], checker: str, runs: Fails
) -> Result | None:
    for more in SEEDS:
        result = runs(_with(best, faults, more))
        if result.violations and result.violations[0].checker == checker:
            return result
    return None


def _relevant(result: Result) -> tuple[Fault, ...]:
    at_s = result.violations[0].at_s
    return tuple(fault for fault in result.scenario.faults if fault.at_s <= at_s)


def _with(result: Result, faults: tuple[Fault, ...], more: int) -> Scenario:
    return msgspec.structs.replace(
        result.scenario,
        seed=result.scenario.seed + more,
        faults=faults,
        until_s=result.violations[0].at_s + AFTER_S,
    )


def literal(result: Result) -> str:
    """A Python expression that a regression test can hold."""
    scenario = result.scenario
    faults = "".join(f"        {fault!r},\n" for fault in scenario.faults)
    return (
        f"Scenario(\n    seed={scenario.seed},\n    until_s={scenario.until_s!r},\n"
        f"    site={scenario.site!r},\n    faults=(\n{faults}    ),\n)"
    )


def replay_command(seed: int, profile: str, until_s: float) -> str:
    return f"python -m tests.sim --seed {seed} --profile {profile} --until {until_s:.1f} --trace"


def explain(failed: Result, profile: str) -> str:
    """What a failing seed prints: the violation, how to see it, and the smallest story of it."""
    violation = failed.violations[0]
    command = replay_command(failed.scenario.seed, profile, failed.scenario.until_s)
    small = shrink(failed)
    return (
        f"{violation.checker} at {violation.at_s:.3f} s: {violation.text}\n"
        f"replay: {command}\n"
        f"shrunk from {len(failed.scenario.faults)} to {len(small.scenario.faults)} faults:\n"
        f"{literal(small)}"
    )
