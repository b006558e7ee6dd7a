"""What a bus worker makes of a line: `python -m tests.figures.worker_pace PORT BAUDRATE S METERS`.

The worker's process under a lasting lease polls METERS units, two registers each, for S seconds.
Prints what the clients of hil/figures/clients print.
"""

from __future__ import annotations

import json
import select
import sys
import time
from pathlib import Path

from edge.bus.handle import BusWorker
from edge.model.bus import BusPlan, LineKind, Parity, PolledMeter
from edge.model.registers import Quantity, Register, RegisterMap, WordOrder, WordType
from edge.model.scan import MeterSample
from edge.model.units import NS_PER_S

FOREVER = 1 << 62
WARM_UP_REPLIES = 10
POWER = Register(Quantity.POWER, 4, 0x0034, WordType.F32, WordOrder.BIG)
MAP = RegisterMap("power", (POWER,), source="Eastron SDM630 Modbus protocol")


def plan_of(port: str, baudrate: int, meters: int) -> BusPlan:
    """As on a gateway; a pseudo-terminal refuses parity, two stop bits keep the eleven bits."""
    return BusPlan(
        "main",
        LineKind.RTU,
        tuple(PolledMeter(f"meter-{i + 1}", i + 1, MAP) for i in range(meters)),
        poll_ms_min=0,
        port=port,
        baudrate=baudrate,
        parity=Parity.NONE,
        stopbits=2,
    )


def cpu_s(worker: BusWorker) -> float:
    return int(Path(f"/proc/{worker.pid}/schedstat").read_text().split()[0]) / NS_PER_S


def drain(worker: BusWorker, powers: dict[str, float]) -> tuple[int, int]:
    """Readings that are a meter's own power, and others."""
    valid = wrong = 0
    for sample in worker.drain():
        if isinstance(sample, MeterSample) and sample.fault is None:
            good = sample.power_w == powers[sample.meter]
            valid, wrong = valid + good, wrong + (not good)
    return valid, wrong


def main(port: str, baudrate: int, duration_s: float, powers_w: list[float]) -> dict[str, float]:
    """Counts over `duration_s`, from the readings that control would get."""
    worker = BusWorker(plan_of(port, baudrate, len(powers_w)))
    powers = {f"meter-{i + 1}": power_w for i, power_w in enumerate(powers_w)}
    try:
        worker.renew(FOREVER)
        while worker.counts()["replies"] < WARM_UP_REPLIES:
            select.select([], [], [], 0.01)
        drain(worker, powers)
        before, cpu_before_s, began_s = worker.counts(), cpu_s(worker), time.monotonic()
        valid = wrong = 0
        while time.monotonic() < began_s + duration_s:
            select.select([], [], [], 0.05)
            more = drain(worker, powers)
            valid, wrong = valid + more[0], wrong + more[1]
        elapsed_s, after = time.monotonic() - began_s, worker.counts()
        failed = after["timeouts"] + after["bad_replies"]
        failed -= before["timeouts"] + before["bad_replies"]
        return {
            "valid": valid,
            "wrong": wrong,
            "failed": failed,
            "elapsed_s": elapsed_s,
            "cpu_s": cpu_s(worker) - cpu_before_s,
        }
    finally:
        worker.close()


if __name__ == "__main__":
    _, port, baudrate, duration_s, powers_w = sys.argv
    watts = [float(text) for text in powers_w.split(",")]
    print(json.dumps(main(port, int(baudrate), float(duration_s), watts)))
