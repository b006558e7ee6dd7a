"""A real worker process that shares its line with a twin: it listens, takes over, is fenced."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bus.clock import boottime_ns
from edge.bus.handle import WRITING_NS_MAX, BusWorker
from edge.core.line_timing import query_gap_ns
from edge.model.bus import LineKind, PolledMeter
from edge.model.scan import BusCondition
from edge.model.twin import LineEvidence
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.bus.control import (
    DEADLINE_S,
    FOREVER,
    VECTOR_REPLY,
    Sample,
    conditions,
    has_good,
    last_reading,
    samples_until,
    working,
)
from tests.bus.line import POWER_MAP, FakeLine, at_once, framed, plan_for

QUERY = framed("0104000c0002")
STRANGE = framed("0904000c0002")


def listen_until(worker: BusWorker, wanted: Callable[[list[Sample]], bool]) -> list[Sample]:
    """Scans of a standby: it never gives a lease."""
    samples: list[Sample] = []
    end_s = time.monotonic() + DEADLINE_S
    while not wanted(samples):
        assert time.monotonic() < end_s, samples[-10:]
        select.select([worker._link], [], [], 0.01)
        worker.check(boottime_ns())
        samples += worker.drain()
    return samples


def until_listening(worker: BusWorker) -> None:
    listen_until(worker, lambda _: worker.evidence().is_open)


def test_worker_without_lease_reads_what_the_twin_asks_for(tmp_path: Path) -> None:
    plan = plan_for(tmp_path / "port", has_twin=True)
    with FakeLine(tmp_path / "port", at_once(b"")) as line, working(plan) as worker:
        assert worker.listens
        assert worker.evidence() == LineEvidence("main", is_open=False)
        until_listening(worker)
        before_mono_ns = boottime_ns()
        line.say(QUERY + VECTOR_REPLY)
        samples = listen_until(worker, has_good)
        evidence = worker.evidence()
        assert line.requests == []
    reading = last_reading(samples)
    assert (reading.meter, reading.power_w) == ("incomer", pytest.approx(31.26, 1e-3))
    assert evidence.twin_mono_ns is not None
    assert before_mono_ns < evidence.twin_mono_ns == reading.mono_ns < boottime_ns()
    assert evidence == LineEvidence(
        "main", twin_mono_ns=reading.mono_ns, heard_count=1, is_writing=False
    )


def test_worker_without_a_twin_hears_nothing(tmp_path: Path) -> None:
    plan = plan_for(tmp_path / "port")
    with FakeLine(tmp_path / "port", at_once(b"")) as line, working(plan) as worker:
        assert not worker.listens
        until_listening(worker)
        line.say(QUERY + VECTOR_REPLY)
        listen_until(worker, lambda _: worker.heard_mono_ns > 0)
        assert worker.evidence().heard_count == 0


def test_worker_on_a_network_hears_no_twin() -> None:
    plan = plan_for("", kind=LineKind.RTU_OVER_TCP, host="127.0.0.1", has_twin=True)
    with working(plan) as worker:
        assert not worker.listens


def test_worker_that_hears_another_master_tells_it_from_the_twin(tmp_path: Path) -> None:
    plan = plan_for(tmp_path / "port", has_twin=True)
    with FakeLine(tmp_path / "port", at_once(b"")) as line, working(plan) as worker:
        until_listening(worker)
        line.say(STRANGE)
        listen_until(worker, lambda _: worker.evidence().stranger_mono_ns is not None)
        assert (worker.evidence().twin_mono_ns, worker.evidence().heard_count) == (None, 0)


def test_worker_that_polls_shows_its_echo_as_proof_and_hears_a_twin_besides(
    tmp_path: Path,
) -> None:
    plan = plan_for(tmp_path / "port", has_twin=True, echo=True)
    script = at_once(QUERY + VECTOR_REPLY)
    with FakeLine(tmp_path / "port", script) as line, working(plan) as worker:
        samples_until(worker, has_good)
        evidence = worker.evidence()
        assert evidence.proof_mono_ns is not None
        assert evidence.asked_mono_ns is not None
        assert evidence.sent_count > 0
        assert (evidence.twin_mono_ns, evidence.stranger_mono_ns) == (None, None)
        line.say(QUERY + QUERY)  # one of them may be taken for the echo of a query just written
        samples_until(worker, lambda _: worker.evidence().heard_count > 0)


def test_worker_with_an_echo_and_no_meter_proves_that_it_drives_the_line(tmp_path: Path) -> None:
    plan = plan_for(tmp_path / "port", has_twin=True, echo=True, timeout_ms=20)
    with FakeLine(tmp_path / "port", at_once(QUERY)), working(plan) as worker:
        samples_until(worker, lambda _: worker.evidence().proof_mono_ns is not None)
        assert worker.counts()["replies"] == 0
        assert worker.evidence().twin_mono_ns is None


def test_worker_with_nothing_due_does_not_let_the_line_rest(tmp_path: Path) -> None:
    """Polls are due once in a minute; ten come all the same."""
    plan = plan_for(tmp_path / "port", has_twin=True, poll_ms_min=60_000)
    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line, working(plan) as worker:
        worker.renew(FOREVER)
        line.wait_requests(5)
        rest_s = (line.times_s[4] - line.times_s[0]) / 4
    assert rest_s >= 0.1
    assert query_gap_ns(plan) >= 200 * NS_PER_MS


def test_worker_that_takes_over_within_an_exchange_waits_for_its_answer(tmp_path: Path) -> None:
    """The twin has asked a meter that may take 400 ms and does not answer."""
    meter = PolledMeter("incomer", 1, POWER_MAP, response_ms_max=400)
    plan = plan_for(tmp_path / "port", has_twin=True, meters=(meter,))
    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line, working(plan) as worker:
        until_listening(worker)
        said_s = time.monotonic()
        line.say(QUERY)
        listen_until(worker, lambda _: worker.evidence().heard_count == 1)
        worker.renew(FOREVER)
        line.wait_requests(1)
        assert line.times_s[0] - said_s >= 0.400


def test_worker_that_takes_over_after_an_answer_asks_at_once(tmp_path: Path) -> None:
    meter = PolledMeter("incomer", 1, POWER_MAP, response_ms_max=10_000)
    plan = plan_for(tmp_path / "port", has_twin=True, meters=(meter,))
    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line, working(plan) as worker:
        until_listening(worker)
        said_s = time.monotonic()
        line.say(QUERY + VECTOR_REPLY)
        listen_until(worker, lambda _: worker.evidence().heard_count == 1)
        worker.renew(FOREVER)
        line.wait_requests(1)
        assert line.times_s[0] - said_s < 10


def test_worker_stopped_anywhere_and_fenced_never_writes_again(tmp_path: Path) -> None:
    """Stopped while it polls as fast as it can, continued after the signal that ends it."""
    plan = plan_for(tmp_path / "port", has_twin=True)
    with FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)) as line, working(plan) as worker:
        for _ in range(5):
            samples_until(worker, has_good)
            pid = worker.pid
            os.kill(pid, signal.SIGSTOP)
            os.waitid(os.P_PID, pid, os.WSTOPPED)
            line.wait_quiet()
            count = len(line.requests)
            worker.fence()
            worker.fence()
            os.kill(pid, signal.SIGCONT)
            fenced_mono_ns = boottime_ns()
            samples = listen_until(worker, lambda _, pid=pid: worker.pid != pid)
            until_listening(worker)
            assert len(line.requests) == count
            assert conditions(samples) == [BusCondition.WORKER_LOST]
            proof_mono_ns = worker.evidence().proof_mono_ns
            assert proof_mono_ns is not None
            assert proof_mono_ns < fenced_mono_ns
            assert worker.evidence().sent_count == 0


def test_worker_that_is_fenced_again_and_again_is_replaced_at_once(tmp_path: Path) -> None:
    """Time is the handle's argument and stands still: no back-off is waited for."""
    now_mono_ns = boottime_ns()
    with working(plan_for(tmp_path / "none", has_twin=True)) as worker:
        for _ in range(4):
            pid = worker.pid
            worker.fence()
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            worker.check(now_mono_ns)
            assert worker.pid != pid


def test_worker_that_writes_without_a_lease_is_ended_after_two_scans(tmp_path: Path) -> None:
    """It was stopped between the gate's two ends; what it would write is under way for ever."""
    with working(plan_for(tmp_path / "none", has_twin=True)) as worker:
        until = boottime_ns() + NS_PER_S
        pid = worker.pid
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        worker._page.writing = True
        worker.renew(until)
        worker.check(until - 1)
        assert worker.evidence().is_writing
        worker.withdraw()
        worker.check(until)
        worker.check(until + WRITING_NS_MAX)
        assert conditions(worker.drain()) == [BusCondition.OK]
        worker.check(until + WRITING_NS_MAX + 1)
        assert conditions(worker.drain()) == [BusCondition.WORKER_LOST]
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert not worker.evidence().is_writing


def test_worker_whose_write_ends_in_time_is_not_ended(tmp_path: Path) -> None:
    with working(plan_for(tmp_path / "none", has_twin=True)) as worker:
        now_mono_ns = boottime_ns()
        for begun in range(5):
            worker._page.writing = True
            worker.check(now_mono_ns + begun * WRITING_NS_MAX)
            worker._page.writing = False
            worker.check(now_mono_ns + begun * WRITING_NS_MAX + 1)
        assert conditions(worker.drain()) == [BusCondition.OK]
