"""A real worker process behind its handle: samples, lease, death, stall, ports that come and go."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from edge.bus.clock import boottime_ns
from edge.core.line_timing import stall_ns
from edge.model.bus import LineKind
from edge.model.scan import BusCondition
from edge.model.units import NS_PER_MS, NS_PER_S
from tests.bus.control import (
    DEADLINE_S,
    FOREVER,
    VECTOR_REPLY,
    conditions,
    has,
    has_good,
    last_reading,
    samples_until,
    working,
)
from tests.bus.line import FakeLine, at_once, plan_for

EXCEPTION_REPLY = bytes.fromhex("01 84 02 C2 C1")


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


def test_worker_asked_to_end_with_its_group_goes_on_until_control_says_so(tmp_path: Path) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples_until(worker, has_good)
        pid = worker.pid
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        asked_mono_ns = boottime_ns()
        samples_until(worker, lambda s: last_reading(s).mono_ns > asked_mono_ns)
        assert worker.pid == pid


def test_worker_without_a_lease_leaves_a_tcp_meter_to_the_twin() -> None:
    """A connection is made under a lease only, and given up with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        plan = plan_for("", kind=LineKind.TCP, host="127.0.0.1", tcp_port=server.getsockname()[1])
        with working(plan) as worker:
            shown_mono_ns = boottime_ns() + 200 * NS_PER_MS
            end_s = time.monotonic() + DEADLINE_S
            while worker._page.alive_mono_ns < shown_mono_ns:
                assert time.monotonic() < end_s
                select.select([worker._link], [], [], 0.01)
            assert select.select([server], [], [], 0)[0] == []
            worker.renew(FOREVER)
            connection, _ = server.accept()
            with connection:
                connection.settimeout(DEADLINE_S)
                assert connection.recv(64)[7:] == bytes.fromhex("04000c0002")
                worker.renew(0)
                while connection.recv(64):
                    pass


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


def test_worker_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The machine is out of something for a while; the scan goes on and asks again later."""
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        os.kill(worker.pid, signal.SIGKILL)
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", "/nonexistent/python")
            worker.check(boottime_ns())
            worker.renew(FOREVER)
            samples = worker.drain()
        assert conditions(samples)[-1] is BusCondition.WORKER_LOST
        assert worker.counts()["requests"] == 0
        assert samples_until(worker, has_good)
    assert capfd.readouterr().err.startswith("bus.main: worker cannot be started: ")


def test_worker_that_never_starts_is_given_up(tmp_path: Path) -> None:
    """Twenty seconds without a first sign of life; time is an argument."""
    with working(plan_for(tmp_path / "none")) as worker:
        os.kill(worker.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, worker.pid, os.WSTOPPED)
        assert worker._page.alive_mono_ns == 0
        worker.check(boottime_ns() + 20 * NS_PER_S + 1)
        assert conditions(worker.drain()) == [BusCondition.OK, BusCondition.WORKER_LOST]


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


def test_handle_imports_neither_asyncio_nor_pymodbus() -> None:
    program = (
        "import sys, edge.bus.handle\n"
        "print(sorted({'asyncio', 'pymodbus', 'serial', 'ctypes'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_worker_that_is_told_so_opens_its_port_anew_and_goes_on(tmp_path: Path) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(VECTOR_REPLY)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples_until(worker, has_good)
        assert worker.counts()["openings"] == 1
        asked_mono_ns = boottime_ns()
        worker.reopen(asked_mono_ns)
        samples_until(worker, lambda _: worker.counts()["openings"] == 2)
        samples = samples_until(worker, lambda s: last_reading(s).mono_ns > asked_mono_ns)
        facts = worker.facts(boottime_ns())
    assert has_good(samples)
    assert (facts.line, facts.port) == (worker.name, str(tmp_path / "port"))
    assert (facts.condition, facts.leased) == (BusCondition.OK, True)
    assert facts.replied_mono_ns > asked_mono_ns


@pytest.mark.parametrize(("reply", "is_reply"), [(b"", False), (EXCEPTION_REPLY, True)])
def test_meter_s_refusal_is_a_reply_and_its_silence_is_none(
    tmp_path: Path, reply: bytes, *, is_reply: bool
) -> None:
    with (
        FakeLine(tmp_path / "port", at_once(reply)),
        working(plan_for(tmp_path / "port")) as worker,
    ):
        samples_until(worker, lambda s: last_reading(s).fault is not None)
        assert (worker.facts(boottime_ns()).replied_mono_ns > 0) is is_reply
