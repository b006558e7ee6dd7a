"""The loop around a peer's read: whose turn it is, for how long, and what came of it.

Prints one JSON value: valid, wrong and failed replies, time passed, time on a processor.
"""

from __future__ import annotations

import argparse
import json
import struct
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

ADDRESS = 0x0034  # power of an SDM630, an f32 of two registers, function 4
COUNT = 2
TIMEOUT_S = 0.3
_WARM_UP_READS = 10

Read = Callable[[int], Sequence[int] | None]


class Job(msgspec.Struct, frozen=True):
    """`power_w` by unit id is what the meters hold, so that a reply of the wrong one is seen."""

    port: str
    baudrate: int
    duration_s: float
    silence_s: float
    power_w: dict[int, float]


class Tally(msgspec.Struct):
    """What came of the reads. `elapsed_s` and `cpu_s` are of the counted ones."""

    valid: int = 0
    wrong: int = 0
    failed: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0

    def count(self, words: Sequence[int] | None, power_w: float) -> None:
        if words is None:
            self.failed += 1
        elif list(words) == list(struct.unpack(">2H", struct.pack(">f", power_w))):
            self.valid += 1
        else:
            self.wrong += 1


def read_job() -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", required=True)
    parser.add_argument("--baudrate", type=int, required=True)
    parser.add_argument("--duration", type=float, required=True)
    parser.add_argument("--silence", type=float, default=0.0)
    parser.add_argument("--powers", required=True, help="watts of units 1, 2, ...")
    given = parser.parse_args()
    powers = {i + 1: float(text) for i, text in enumerate(given.powers.split(","))}
    return Job(given.port, given.baudrate, given.duration, given.silence, powers)


def run(job: Job, read: Read) -> None:
    """Read the units in turn; None from `read` is no reply."""
    units = list(job.power_w)
    for number in range(_WARM_UP_READS):
        read(units[number % len(units)])
        _keep_silence(job)
    tally = Tally()
    began_s, cpu_s, turn = time.monotonic(), time.process_time(), 0
    while time.monotonic() - began_s < job.duration_s:
        unit = units[turn % len(units)]
        turn += 1
        tally.count(read(unit), job.power_w[unit])
        _keep_silence(job)
    _report(tally, began_s, cpu_s)


async def run_async(job: Job, read: Callable[[int], Awaitable[Sequence[int] | None]]) -> None:
    """The same for a client of asyncio."""
    units = list(job.power_w)
    for number in range(_WARM_UP_READS):
        await read(units[number % len(units)])
        _keep_silence(job)
    tally = Tally()
    began_s, cpu_s, turn = time.monotonic(), time.process_time(), 0
    while time.monotonic() - began_s < job.duration_s:
        unit = units[turn % len(units)]
        turn += 1
        tally.count(await read(unit), job.power_w[unit])
        _keep_silence(job)
    _report(tally, began_s, cpu_s)


def _keep_silence(job: Job) -> None:
    # Nothing else runs in a peer's loop; asyncio's own sleep would round up to whole ms.
    if job.silence_s:
        time.sleep(job.silence_s)


def _report(tally: Tally, began_s: float, cpu_s: float) -> None:
    tally.elapsed_s = time.monotonic() - began_s
    tally.cpu_s = time.process_time() - cpu_s
    print(json.dumps(msgspec.to_builtins(tally)))
