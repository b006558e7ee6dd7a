"""A real worker process behind its handle: samples, lease, death, stall, ports that come and go."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from edge.bus.clock import boottime_ns
from edge.bus.handle import BusWorker
from edge.bus.timing import stall_ns
from edge.model.bus import BusPlan, PolledMeter
from edge.model.scan import BusCondition, BusSample, MeterFault, MeterSample
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.bus.line import POWER_MAP, FakeLine, at_once, plan_for, registers

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
        assert time.monotonic() < end_s, samples
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


def test_worker_with_lease_reads_its_meter(tmp_path: Path) -> None:
    before_mono_ns = boottime_ns()
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples = samples_until(worker, has_good)
        assert worker.counts()["replies"] >= 1
        assert before_mono_ns < worker.heard_mono_ns < boottime_ns()
    assert conditions(samples) == [BusCondition.OK]
    reading = next(sample for sample in samples if isinstance(sample, MeterSample))
    assert reading.meter == "incomer"
    assert reading.power_w == pytest.approx(31.26, 1e-3)
    assert before_mono_ns < reading.mono_ns < boottime_ns()


def test_worker_with_ratio_multiplies(tmp_path: Path) -> None:
    meter = PolledMeter("incomer", 1, POWER_MAP, ratio_numerator=1200, ratio_denominator=1)
    plan = plan_for(tmp_path / "port", meters=(meter,))
    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)), working(plan) as worker:
        samples = samples_until(worker, has_good)
    reading = next(sample for sample in samples if isinstance(sample, MeterSample))
    assert reading.power_w == pytest.approx(31.26 * 1200, 1e-3)


def test_worker_with_nan_reply_says_not_a_number_and_blames_no_line(tmp_path: Path) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(NAN_REPLY)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples = samples_until(worker, lambda s: sum(isinstance(x, MeterSample) for x in s) >= 2)
    faults = {sample.fault for sample in samples if isinstance(sample, MeterSample)}
    assert faults == {MeterFault.NOT_A_NUMBER}
    assert conditions(samples) == [BusCondition.OK]


def test_worker_without_lease_writes_nothing(tmp_path: Path) -> None:
    """The port is opened (the count says so) and life is shown, but no byte goes out."""
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line,
        working(plan_for(tmp_path / "port")) as worker,
    ):
        end_s = time.monotonic() + DEADLINE_S
        while worker.counts()["openings"] == 0 or worker._page.alive_mono_ns == 0:
            assert time.monotonic() < end_s
            select.select([worker._link], [], [], 0.01)
        opened_mono_ns = boottime_ns()
        while worker._page.alive_mono_ns < opened_mono_ns + 100 * NS_PER_MS:
            assert time.monotonic() < end_s
            select.select([worker._link], [], [], 0.01)
        assert line.requests == []


def test_worker_stopped_past_its_lease_writes_nothing_when_continued(tmp_path: Path) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line,
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples_until(worker, has_good)
        os.kill(worker.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, worker.pid, os.WSTOPPED)
        worker.renew(boottime_ns())
        line.wait_quiet()
        count = len(line.requests)
        os.kill(worker.pid, signal.SIGCONT)
        continued_mono_ns = boottime_ns()
        end_s = time.monotonic() + DEADLINE_S
        while worker._page.alive_mono_ns < continued_mono_ns + 100 * NS_PER_MS:
            assert time.monotonic() < end_s
            select.select([worker._link], [], [], 0.005)
        assert len(line.requests) == count


def test_worker_killed_is_noticed_and_replaced(tmp_path: Path) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples_until(worker, has_good)
        first_pid = worker.pid
        os.kill(first_pid, signal.SIGKILL)
        os.waitid(os.P_PID, first_pid, os.WEXITED | os.WNOWAIT)
        worker.check(boottime_ns())
        samples = samples_until(
            worker, lambda s: has(BusCondition.WORKER_LOST)(s) and has(BusCondition.OK)(s)
        )
        assert worker.pid != first_pid
        samples += samples_until(worker, has_good)
    assert conditions(samples) == [BusCondition.WORKER_LOST, BusCondition.OK]


def test_worker_stopped_is_noticed_killed_and_replaced(tmp_path: Path) -> None:
    plan = plan_for(tmp_path / "port")
    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)), working(plan) as worker:
        samples_until(worker, has_good)
        first_pid = worker.pid
        os.kill(first_pid, signal.SIGSTOP)
        os.waitid(os.P_PID, first_pid, os.WSTOPPED)
        worker.check(worker._page.alive_mono_ns + stall_ns(plan))
        assert conditions(worker.drain()) == []
        worker.check(worker._page.alive_mono_ns + stall_ns(plan) + 1)
        assert conditions(worker.drain()) == [BusCondition.WORKER_LOST]
        worker.renew(FOREVER)
        assert worker._page.lease_until_mono_ns == 0  # never again for the one given up
        samples_until(worker, has_good)
        assert worker.pid != first_pid


def test_worker_that_dies_again_and_again_is_replaced_ever_more_rarely(tmp_path: Path) -> None:
    """Time is the handle's argument, so the waits of half a second to ten pass at once."""
    delays_s = []
    now_mono_ns = boottime_ns()
    with working(plan_for(tmp_path / "none")) as worker:
        for _ in range(7):
            pid = worker.pid
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            died_mono_ns = now_mono_ns
            while worker.pid == pid:
                worker.check(now_mono_ns)
                now_mono_ns += NS_PER_S // 10
            delays_s.append(round((now_mono_ns - died_mono_ns) / NS_PER_S, 1) - 0.1)
    assert delays_s == pytest.approx([0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0])


def test_worker_of_a_killed_parent_ends(tmp_path: Path) -> None:
    """A whole control process is killed; its worker goes with it."""
    program = (
        "import sys, time, msgspec\n"
        "from edge.bus.handle import BusWorker\n"
        "from edge.model.bus import BusPlan\n"
        "worker = BusWorker(msgspec.json.decode(sys.argv[1], type=BusPlan))\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    plan = msgspec.json.encode(plan_for(tmp_path / "port")).decode()
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)),
        subprocess.Popen([sys.executable, "-c", program, plan], stdout=subprocess.PIPE) as parent,
    ):
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        assert select.select([worker], [], [], DEADLINE_S)[0] == [worker]
        os.close(worker)


def test_worker_whose_port_vanishes_says_so_and_takes_the_next_device(tmp_path: Path) -> None:
    link = tmp_path / "port"
    first = FakeLine(link, at_once(VECTOR_REPLY))
    with working(plan_for(link)) as worker:
        samples = samples_until(worker, has_good)
        first.close()
        samples += samples_until(
            worker, lambda s: has(BusCondition.PORT_LOST)(s) and _last(s).fault is MeterFault.BUS
        )
        with FakeLine(link, at_once(VECTOR_REPLY)):
            samples += samples_until(worker, has_good)
    assert conditions(samples) == [BusCondition.OK, BusCondition.PORT_LOST, BusCondition.OK]


def test_worker_with_a_silent_line_blames_the_line(tmp_path: Path) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(b"")),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples = samples_until(worker, has(BusCondition.NO_METER_ANSWERS))
        samples += samples_until(
            worker, lambda s: MeterSample("incomer", _last(s).mono_ns, fault=MeterFault.BUS) in s
        )
    assert conditions(samples) == [BusCondition.OK, BusCondition.NO_METER_ANSWERS]


def _last(samples: list[Sample]) -> MeterSample:
    meters = [sample for sample in samples if isinstance(sample, MeterSample)]
    return meters[-1] if meters else MeterSample("none", 0)


def test_worker_with_one_silent_meter_blames_the_meter(tmp_path: Path) -> None:
    meters = tuple(
        PolledMeter(name, unit, POWER_MAP, response_ms_max=20)
        for name, unit in (("incomer", 1), ("silent", 7))
    )
    plan = plan_for(tmp_path / "port", meters=meters, timeout_ms=150)

    def only_unit_1(request: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, VECTOR_REPLY)] if request[0] == 1 else []

    with FakeLine(tmp_path / "port", only_unit_1), working(plan) as worker:
        samples = samples_until(
            worker,
            lambda s: sum(isinstance(x, MeterSample) and x.meter == "silent" for x in s) >= 4,
        )
    faults = {(s.meter, s.fault) for s in samples if isinstance(s, MeterSample)}
    assert faults == {("incomer", None), ("silent", MeterFault.NO_REPLY)}
    assert conditions(samples) == [BusCondition.OK]


def test_worker_with_control_that_does_not_read_drops_the_oldest(tmp_path: Path) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        worker.renew(FOREVER)
        end_s = time.monotonic() + DEADLINE_S
        while worker.counts()["samples_dropped"] == 0:
            assert time.monotonic() < end_s
            select.select([], [], [], 0.01)
        assert worker._page.alive_mono_ns > boottime_ns() - NS_PER_S
        asked_mono_ns = boottime_ns()
        samples = samples_until(worker, lambda s: _last(s).mono_ns > asked_mono_ns)
    times = [sample.mono_ns for sample in samples if isinstance(sample, MeterSample)]
    assert times == sorted(times)


def test_handle_imports_neither_asyncio_nor_pymodbus() -> None:
    program = (
        "import sys, edge.bus.handle\n"
        "print(sorted({'asyncio', 'pymodbus', 'serial', 'ctypes'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
