"""What happens in a demo and when: acts in seconds after the first whole interval has begun.

Each act does one thing to the bench; faults name the words by which the controller's journal is
expected to speak of them. It waits for nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, TypeVar

import msgspec

from hil.bench import Bench
from hil.faults import Faults
from hil.works import Works

Variant = Literal["shed", "meter", "bus", "plan"]

BASE_KW = 300.0
_FURNACE_KW = 80.0
_WANDER_KW = (280.0, 390.0)
_PLAN_KW = 588.0
_CUT_KW = 504.0
_OVERRIDE_S = 12
_Stage = TypeVar("_Stage")


class Act(msgspec.Struct, Generic[_Stage], frozen=True, kw_only=True):
    """At `at_s` do `do`. `kinds`: what the journal may say of a fault; empty for an ordinary act.

    What `do` returns is added to the announced text. `whole`: it waits for a pair in which the
    standby is ready.
    """

    at_s: float
    text: str
    do: Callable[[_Stage], str | None]
    kinds: tuple[str, ...] = ()
    whole: bool = False


def _then(action: Callable[[Bench], object]) -> Callable[[Bench], None]:
    """An act with nothing to tell."""

    def do(bench: Bench) -> None:
        action(bench)

    return do


def _fault(order: Callable[[Faults], object]) -> Callable[[Bench], None]:
    return _then(lambda bench: order(bench.faults))


def story(
    variant: Variant, works: Works, intervals_count: int, midnight_s: int, seed: int
) -> list[Act[Bench]]:
    """The acts of a run of `intervals_count` whole intervals, in the order of their times.

    `midnight_s` is the first boundary in UTC seconds, at which the plan's day begins.
    """
    furnace_off_s = works.interval_s + 8.0
    acts = [
        Act(at_s=8, text=f"a furnace is lit: +{_FURNACE_KW:g} kW",
            do=_then(lambda bench: bench.set_base_kw(BASE_KW + _FURNACE_KW))),
        Act(at_s=furnace_off_s, text=f"the furnace is out: -{_FURNACE_KW:g} kW",
            do=_then(lambda bench: bench.set_base_kw(BASE_KW))),
        *_VARIANTS[variant](works, midnight_s),
        *_wander(works, intervals_count, seed),
        *_operator(works, intervals_count),
    ]  # fmt: skip
    return sorted(acts, key=lambda act: act.at_s)


def _wander(works: Works, intervals_count: int, seed: int) -> list[Act[Bench]]:
    """From the third interval on the base load goes up and down, by the seed."""
    draw = random.Random(seed)
    acts = []
    for index in range(2, intervals_count):
        base_kw = float(round(draw.uniform(*_WANDER_KW)))
        at_s = (index + draw.uniform(0.0, 0.4)) * works.interval_s
        do = _then(lambda bench, base_kw=base_kw: bench.set_base_kw(base_kw))  # type: ignore[misc]
        acts.append(Act(at_s=at_s, text=f"the mill's other consumers take {base_kw:g} kW", do=do))
    return acts


def _operator(works: Works, intervals_count: int) -> list[Act[Bench]]:
    end_s = float(intervals_count * works.interval_s)
    return [
        Act(at_s=end_s - 32, text="the operator acknowledges the alarms",
            do=_then(lambda bench: bench.desk.acknowledge())),
        Act(at_s=end_s - 26, text=f"the operator sheds the compressor by hand for {_OVERRIDE_S} s",
            do=lambda bench: _override(bench, "compressor")),
    ]  # fmt: skip


def _override(bench: Bench, load: str) -> str | None:
    answer = bench.desk.override(load, "shed", _OVERRIDE_S)
    return None if answer["ok"] else f"refused: {answer['text']}"


def _shed(_works: Works, _midnight_s: int) -> list[Act[Bench]]:
    return []


def _meter(works: Works, _midnight_s: int) -> list[Act[Bench]]:
    second_s = works.interval_s
    return [
        Act(at_s=15, text="FAULT: the incomer's meter falls silent; pulses go on",
            do=_fault(lambda faults: faults.silence_meter("incomer", on=True)), kinds=("meter",)),
        Act(at_s=second_s - 20, text="the meter answers again",
            do=_fault(lambda faults: faults.silence_meter("incomer", on=False))),
        Act(at_s=second_s + 3, text="FAULT: the pulse wire breaks; the meter pulses on unheard",
            do=_fault(lambda faults: faults.break_pulse(on=True)),
            kinds=("source", "cross_check", "counter")),
        Act(at_s=2 * second_s - 22, text="the pulse wire is mended",
            do=_fault(lambda faults: faults.break_pulse(on=False))),
    ]  # fmt: skip


def _bus(works: Works, _midnight_s: int) -> list[Act[Bench]]:
    second_s = works.interval_s
    return [
        Act(at_s=15, text="FAULT: the RS-485 line is shorted; pulses go on",
            do=_fault(lambda faults: faults.short_bus(on=True)), kinds=("bus", "meter")),
        Act(at_s=second_s - 20, text="the short is gone",
            do=_fault(lambda faults: faults.short_bus(on=False))),
        Act(at_s=second_s + 5, text="FAULT: one meter of two is silent, the line is sound",
            do=_fault(lambda faults: faults.silence_meter("chillers", on=True)), kinds=("meter",)),
        Act(at_s=2 * second_s - 30, text="the meter answers again",
            do=_fault(lambda faults: faults.silence_meter("chillers", on=False))),
    ]  # fmt: skip


def _plan(works: Works, midnight_s: int) -> list[Act[Bench]]:
    slot_s = works.plan_slot_s or works.interval_s
    filed = _plan_file(midnight_s, slot_s, lambda _index: _PLAN_KW)
    cut = _plan_file(midnight_s, slot_s, lambda index: _PLAN_KW if index == 0 else _CUT_KW)
    in_kw = _plan_file(midnight_s, slot_s, lambda _index: _CUT_KW * 3600 / slot_s)
    return [
        Act(at_s=-4, text=f"the day's plan is filed: {_PLAN_KW:g} kW in every slot",
            do=lambda bench: _file(bench, "plan.csv", filed)),
        Act(at_s=14, text="FAULT: a new plan comes, in kW instead of kWh",
            do=lambda bench: _file(bench, "plan-kw.csv", in_kw), kinds=("plan",)),
        Act(at_s=works.interval_s - 20, text=f"a new plan comes: {_CUT_KW:g} kW from next slot on",
            do=lambda bench: _file(bench, "plan-cut.csv", cut)),
    ]  # fmt: skip


def _plan_file(midnight_s: int, slot_s: int, kw: Callable[[int], float]) -> bytes:
    midnight = datetime.fromtimestamp(midnight_s, UTC)
    rows = ["slot_start,planned_kwh"]
    for index in range(86_400 // slot_s):
        start = midnight + timedelta(seconds=index * slot_s)
        rows.append(f"{start:%Y-%m-%dT%H:%MZ},{kw(index) * slot_s / 3600:.3f}")
    return "\n".join([*rows, ""]).encode()


def _file(bench: Bench, name: str, data: bytes) -> str:
    """Hand a plan of the local day that begins at the first boundary in at the desk."""
    answer = bench.desk.import_plan(bench.plan_day, name, data)
    return "the controller takes it" if answer["ok"] else "the controller refuses it"


_VARIANTS: dict[Variant, Callable[[Works, int], list[Act[Bench]]]] = {
    "shed": _shed,
    "meter": _meter,
    "bus": _bus,
    "plan": _plan,
}
