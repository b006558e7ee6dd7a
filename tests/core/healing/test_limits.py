"""No trace of faults, reboots, clock steps and lost disks makes the ladder try too often."""

from __future__ import annotations

import functools
import itertools
import random

import pytest
from msgspec.structs import replace

from edge.core.healing.rules import RULES
from edge.model.healing import HealingMemory, Rung
from edge.model.units import NS_PER_HOUR, NS_PER_MIN, NS_PER_S
from tests.core.healing.plant import SILENT, SOUND, STANDBY, UTC_NS, Unit

DEAF = replace(SOUND, leased=False)
_TRACE_NS = 40 * NS_PER_HOUR
_SEEDS = range(3)
# A machine without a clock chip comes up so many hours behind, and steps when it learns the time.
_BEHIND_HOURS_MAX = 3


class _Trace:
    """`tried`: (rung, true time) of a standby whose adapter fails, heals, reboots, is cut off."""

    def __init__(self, seed: int, *, keeps_memory: bool) -> None:
        self.tried: list[tuple[Rung, int]] = []
        self._chance = random.Random(seed)
        self._true_ns = self._boots = 0
        memory = HealingMemory()
        while self._true_ns < _TRACE_NS:
            memory = memory if keeps_memory else HealingMemory()
            self._live(memory)

    def _live(self, memory: HealingMemory) -> None:
        """One life of the machine, until it is switched off or reboots itself."""
        chance = self._chance
        self._boots += 1
        behind_ns = chance.randrange(_BEHIND_HOURS_MAX + 1) * NS_PER_HOUR
        unit = Unit(
            DEAF if chance.random() < 0.8 else SILENT,
            pair=STANDBY,
            memory=memory,
            boot_id=f"boot-{self._boots}",
            up_ns=NS_PER_MIN,
            utc_ns=UTC_NS + self._true_ns - behind_ns,
        )
        begun_ns = self._true_ns - unit.now_mono_ns
        end_mono_ns = unit.now_mono_ns + chance.choice([1, 7, 13]) * NS_PER_HOUR
        while unit.now_mono_ns < end_mono_ns and Rung.REBOOT not in unit.done:
            unit.done.clear()
            self._turn(unit)
            true_ns = begun_ns + unit.now_mono_ns
            self.tried += [(rung, true_ns) for rung in unit.done if rung in RULES]
            if chance.random() < 0.001:
                unit.utc_ns = UTC_NS + true_ns
        self._true_ns = begun_ns + unit.now_mono_ns + 90 * NS_PER_S

    def _turn(self, unit: Unit) -> None:
        unit.turn()
        if self._chance.random() < 0.002:
            unit.reply()
            unit.turn()
            unit.lines["main"] = DEAF
        rests = [status for status in unit.outputs.status if status.text.startswith("not healed")]
        if rests:
            unit.now_mono_ns += 5 * NS_PER_MIN
            unit.utc_ns += 5 * NS_PER_MIN


@functools.cache
def _attempts(seed: int, *, keeps_memory: bool) -> list[tuple[Rung, int]]:
    return _Trace(seed, keeps_memory=keeps_memory).tried


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("keeps_memory", [True, False])
def test_reboots_are_six_hours_apart_whatever_happens(seed: int, *, keeps_memory: bool) -> None:
    at_ns = [at for rung, at in _attempts(seed, keeps_memory=keeps_memory) if rung is Rung.REBOOT]
    apart_ns = [later - earlier for earlier, later in itertools.pairwise(at_ns)]
    assert all(apart >= 6 * NS_PER_HOUR for apart in apart_ns), apart_ns


@pytest.mark.parametrize("seed", _SEEDS)
def test_no_rung_is_tried_more_often_in_an_hour_or_a_day_than_its_limit(seed: int) -> None:
    tried = _attempts(seed, keeps_memory=True)
    # What is counted by a wall clock that may be hours behind is met over so much less than a day.
    for rung, rule in RULES.items():
        at_ns = [at for each, at in tried if each is rung]
        for begin in at_ns:
            within = sum(
                begin <= at < begin + (24 - _BEHIND_HOURS_MAX - 1) * NS_PER_HOUR for at in at_ns
            )
            assert within <= rule.day_max, rung


def test_traces_reach_every_rung() -> None:
    reached = {rung for seed in _SEEDS for rung, _ in _attempts(seed, keeps_memory=True)}
    assert reached == set(RULES)
