"""Control's side of a test: a worker behind its handle, and what it has given so far."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.bus.clock import boottime_ns
from edge.bus.handle import BusWorker
from edge.model.bus import BusPlan
from edge.model.scan import BusCondition, BusSample, MeterFault, MeterSample
from tests.bus.line import registers

VECTOR_REPLY = bytes.fromhex("01040441fa177cc198")
NAN_REPLY = registers(1, 4, 0x7FC0, 0x0000)
FOREVER = 1 << 62
DEADLINE_S = 20.0

Sample = MeterSample | BusSample


@contextmanager
def working(plan: BusPlan) -> Iterator[BusWorker]:
    worker = BusWorker(plan)
    try:
        yield worker
    finally:
        worker.close()


def samples_until(worker: BusWorker, wanted: Callable[[list[Sample]], bool]) -> list[Sample]:
    """Everything given until `wanted`; wakes when the link has something."""
    samples: list[Sample] = []
    end_s = time.monotonic() + DEADLINE_S
    while not wanted(samples):
        assert time.monotonic() < end_s, samples[-10:]
        select.select([worker._link], [], [], 0.01)
        worker.check(boottime_ns())
        worker.renew(FOREVER)
        samples += worker.drain()
    return samples


def has(condition: BusCondition) -> Callable[[list[Sample]], bool]:
    return lambda samples: BusSample("main", condition) in samples


def good(sample: Sample) -> bool:
    return isinstance(sample, MeterSample) and sample.fault is None


def has_good(samples: list[Sample]) -> bool:
    return any(good(sample) for sample in samples)


def conditions(samples: list[Sample]) -> list[BusCondition]:
    return [sample.condition for sample in samples if isinstance(sample, BusSample)]


def last_reading(samples: list[Sample]) -> MeterSample:
    meters = [sample for sample in samples if isinstance(sample, MeterSample)]
    return meters[-1] if meters else MeterSample("none", 0)


def faults(samples: list[Sample]) -> set[MeterFault | None]:
    return {sample.fault for sample in samples if isinstance(sample, MeterSample)}
