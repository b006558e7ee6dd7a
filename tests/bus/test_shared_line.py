"""Two workers on the bench's paced RS-485 line, one polling and one listening, and their swaps."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from edge.bus.clock import boottime_ns
from edge.bus.handle import BusWorker
from edge.model.bus import BusPlan, Parity, PolledMeter
from edge.model.scan import MeterSample
from edge.model.units import NS_PER_MS
from tests.bus.control import DEADLINE_S, FOREVER, VECTOR_REPLY, working
from tests.bus.line import POWER_MAP, framed, plan_for
from tests.hil.line_bench import LineBench, OpenPort

TURNAROUND_S = 0.005
QUERY = framed("0104000c0002")


@contextmanager
def answering(port: OpenPort) -> Iterator[None]:
    """A meter, unit 1, that answers to the one query there is."""
    stop = threading.Event()

    def serve() -> None:
        heard = b""
        while not stop.is_set():
            if select.select([port.fd], [], [], 0.01)[0]:
                heard = (heard + port.waiting())[-len(QUERY) :]
            if heard == QUERY:
                heard = b""
                stop.wait(TURNAROUND_S)
                port.write(VECTOR_REPLY)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def plan_on(path: Path, *, echo: bool) -> BusPlan:
    meter = PolledMeter("incomer", 1, POWER_MAP, response_ms_max=100)
    return plan_for(
        path,
        meters=(meter,),
        timeout_ms=100,
        baudrate=19200,
        parity=Parity.NONE,
        stopbits=2,
        has_twin=True,
        echo=echo,
    )


class Pair:
    """Scans of both units; the readings that each has got."""

    def __init__(self, first: BusWorker, second: BusWorker) -> None:
        self.workers = (first, second)
        self.readings: tuple[list[MeterSample], list[MeterSample]] = ([], [])
        end_s = time.monotonic() + DEADLINE_S
        while not all(worker.evidence().is_open for worker in self.workers):
            assert time.monotonic() < end_s
            self._scan()

    def _scan(self) -> None:
        select.select([worker._link for worker in self.workers], [], [], 0.01)
        for worker, readings in zip(self.workers, self.readings, strict=True):
            worker.check(boottime_ns())
            readings += [
                sample
                for sample in worker.drain()
                if isinstance(sample, MeterSample) and sample.fault is None
            ]

    def poll(self, count: int, active: int) -> None:
        """Until the unit on duty has written `count` queries more; then it lets the line go."""
        worker = self.workers[active]
        until_count = worker.evidence().sent_count + count
        worker.renew(FOREVER)
        end_s = time.monotonic() + DEADLINE_S
        while worker.evidence().sent_count < until_count:
            assert time.monotonic() < end_s
            self._scan()
        worker.withdraw()

    def rest(self, duration_ns: int) -> None:
        end_mono_ns = boottime_ns() + duration_ns
        while boottime_ns() < end_mono_ns:
            self._scan()


@pytest.mark.parametrize("echo", [False, True])
def test_pair_that_swaps_the_line_hears_each_other_and_never_collides(
    tmp_path: Path, *, echo: bool
) -> None:
    nodes = [
        {"name": name, "path": str(tmp_path / f"tty-{name}"), "kind": kind, "echo": echo}
        for name, kind in (("a", "gateway"), ("b", "gateway"), ("m", "meter"))
    ]
    bench = LineBench(tmp_path, nodes=nodes)
    with ExitStack() as stack:
        stack.callback(bench.close)
        stack.enter_context(answering(bench.open("m")))
        pair = Pair(
            *(stack.enter_context(working(plan_on(bench.paths[n], echo=echo))) for n in "ab")
        )
        for turn in range(6):
            pair.poll(10, active=turn % 2)
        pair.rest(200 * NS_PER_MS)
        first, second = (worker.evidence() for worker in pair.workers)
        stats = bench.hub.order("stats")
    assert stats["collision_count"] == 0
    assert (first.heard_count, second.heard_count) == (second.sent_count, first.sent_count)
    assert (first.stranger_mono_ns, second.stranger_mono_ns) == (None, None)
    assert first.proof_mono_ns is not None
    assert second.proof_mono_ns is not None
    both = [(sample.power_w, sample.meter) for sample in pair.readings[0]]
    assert both == [(sample.power_w, sample.meter) for sample in pair.readings[1]]
    assert len(both) == first.sent_count + second.sent_count
