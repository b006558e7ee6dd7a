"""Time of one decision, `Controller.step`, by plant size: `python -m tests.figures.decide SCANS`.

Scans of 100 ms on a plant whose demand moves around its target, so that loads move.
Every size is run in turn, several times, so that a noisy moment of the machine hits all of them.
Prints, for each size, median and p99 in µs.
"""

from __future__ import annotations

import gc
import json
import math
import sys
import time

from msgspec.structs import replace

from edge.core.controller import Controller, new_state
from edge.model.registers import Quantity
from edge.model.scan import ClockTrust, MeterSample, PulseSample, ScanInputs
from edge.model.spec import ControlSpec, Direction, MeterSpec, PulseSpec
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.specs import control_spec, load_spec

LOADS, METERS, PULSES = 16, 8, 4
SIZES = (
    *((loads, METERS, PULSES) for loads in (8, 16, 32, 64)),
    *((LOADS, meters, PULSES) for meters in (1, 4, 16, 32)),
)
PERIOD_NS = 100 * NS_PER_MS
BOOT_NS = 1_000 * NS_PER_S
UTC_NS = 1_800_000_000 * NS_PER_S
PULSE_UWH = 24_000_000
ROUNDS = 50
WARM_UP_SCANS = 300
# 19200 bit/s carry about 40 readings of two requests a second: four a scan at most.
SAMPLES_PER_SCAN_MAX = 4


def spec_of(loads: int, meters: int, pulses: int) -> ControlSpec:
    """The specs' mill with so many parts; 600 kW of contract, 1.2 times that of loads."""
    spec = control_spec()
    rated_w = 1.2 * spec.demand.contract_w / loads
    quantities = frozenset({Quantity.POWER, Quantity.IMPORT, Quantity.EXPORT})
    return replace(
        spec,
        metering=replace(
            spec.metering,
            pulses=tuple(
                PulseSpec(_pulse(i), PULSE_UWH, 1, Direction.IMPORT) for i in range(pulses)
            ),
            meters=tuple(
                MeterSpec(_meter(i), "main", quantities, None, 10 * NS_PER_S) for i in range(meters)
            ),
        ),
        shedding=replace(
            spec.shedding,
            loads=tuple(
                replace(load_spec(f"load-{i}", rated_w, i % 8 + 1), min_shed_ns=20 * NS_PER_S)
                for i in range(loads)
            ),
            mask_ns=0,
        ),
    )


def _pulse(index: int) -> str:
    return "incomer" if index == 0 else f"pulse-{index}"


def _meter(index: int) -> str:
    return "incomer" if index == 0 else f"meter-{index}"


class Works:
    """Inputs of one scan after another."""

    def __init__(self, meters: int, pulses: int) -> None:
        self._meters = meters
        self._pulses = pulses
        self._number = 0
        self._energy_uwh = 0.0

    def inputs(self) -> ScanInputs:
        number = self._number
        self._number += 1
        now_mono_ns = BOOT_NS + number * PERIOD_NS
        power_w = 600_000 + 150_000 * math.sin(number / 600)
        self._energy_uwh += power_w * 1e6 / 36_000
        count = int(self._energy_uwh / PULSE_UWH)
        heard_mono_ns = now_mono_ns - 30 * NS_PER_MS
        samples = min(SAMPLES_PER_SCAN_MAX, self._meters)
        chosen = [(number * samples + k) % self._meters for k in range(samples)]
        return ScanInputs(
            now_mono_ns,
            UTC_NS + number * PERIOD_NS,
            ClockTrust.NTP,
            tuple(PulseSample(_pulse(i), 1, count, heard_mono_ns) for i in range(self._pulses)),
            (),
            tuple(
                MeterSample(_meter(i), heard_mono_ns, power_w, int(self._energy_uwh), 0)
                for i in chosen
            ),
        )


class Site:
    """One size, which keeps its state from round to round."""

    def __init__(self, loads: int, meters: int, pulses: int) -> None:
        self.size = (loads, meters, pulses)
        self._works = Works(meters, pulses)
        self._controller = Controller(spec_of(loads, meters, pulses), new_state(), BOOT_NS)
        self._taken_ns: list[int] = []
        self.run(WARM_UP_SCANS)
        self._taken_ns.clear()

    def run(self, scans: int) -> None:
        step, taken_ns = self._controller.step, self._taken_ns
        for _ in range(scans):
            inputs = self._works.inputs()
            began_ns = time.perf_counter_ns()
            step(inputs)
            taken_ns.append(time.perf_counter_ns() - began_ns)

    def figures(self) -> dict[str, float]:
        ordered = sorted(self._taken_ns)
        loads, meters, pulses = self.size
        return {
            "loads": loads,
            "meters": meters,
            "pulses": pulses,
            "scans": len(ordered),
            "median_us": ordered[len(ordered) // 2] / 1e3,
            "p99_us": ordered[math.ceil(0.99 * len(ordered)) - 1] / 1e3,
        }


def main(scans: int) -> list[dict[str, float]]:
    """Figures of every size over `scans` scans each."""
    sites = [Site(*size) for size in SIZES]
    gc.collect()
    gc.freeze()
    gc.disable()  # as in the control process
    for _ in range(ROUNDS):
        for site in sites:
            site.run(scans // ROUNDS)
    return [site.figures() for site in sites]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
