"""What a real worker process says of its meters and its line."""

from __future__ import annotations

import select
import threading
import time
from pathlib import Path

import pytest

from edge.bus.clock import boottime_ns
from edge.bus.diagnosis import SILENT_NS
from edge.model.bus import PolledMeter
from edge.model.scan import BusCondition, MeterFault, MeterSample
from edge.model.units import NS_PER_S
from tests.bus.control import (
    DEADLINE_S,
    FOREVER,
    NAN_REPLY,
    VECTOR_REPLY,
    conditions,
    faults,
    has,
    has_good,
    last_reading,
    samples_until,
    working,
)
from tests.bus.line import POWER_MAP, FakeLine, Pieces, at_once, plan_for


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
        first = last_reading(samples_until(worker, lambda s: last_reading(s).mono_ns > 0))
        long_mono_ns = first.mono_ns + SILENT_NS
        samples = samples_until(worker, lambda s: last_reading(s).mono_ns > long_mono_ns)
    assert faults(samples) == {MeterFault.NOT_A_NUMBER}
    assert conditions(samples) == []


def test_worker_whose_port_vanishes_says_so_and_takes_the_next_device(tmp_path: Path) -> None:
    link = tmp_path / "port"
    first = FakeLine(link, at_once(VECTOR_REPLY))
    with working(plan_for(link)) as worker:
        samples = samples_until(worker, has_good)
        first.close()
        samples += samples_until(
            worker,
            lambda s: has(BusCondition.PORT_LOST)(s) and last_reading(s).fault is MeterFault.BUS,
        )
        with FakeLine(link, at_once(VECTOR_REPLY)):
            samples += samples_until(worker, has_good)
    assert conditions(samples) == [BusCondition.OK, BusCondition.PORT_LOST, BusCondition.OK]


@pytest.mark.parametrize("poll_ms_min", [0, 500], ids=["in a poll", "between polls"])
def test_worker_whose_port_is_replaced_at_once_says_that_it_was_lost(
    tmp_path: Path, poll_ms_min: int
) -> None:
    """The condition may be back before control looks; that the port was away is never hidden."""
    link = tmp_path / "port"
    first = FakeLine(link, at_once(VECTOR_REPLY))
    with working(plan_for(link, poll_ms_min=poll_ms_min)) as worker:
        samples_until(worker, has_good)
        with FakeLine(link, at_once(VECTOR_REPLY)):
            first.close()
            samples = samples_until(worker, lambda s: MeterFault.BUS in faults(s))
            samples += samples_until(worker, has_good)
        assert worker.counts()["openings"] == 2
    assert faults(samples) == {None, MeterFault.BUS}


def test_worker_with_a_silent_line_blames_the_line_until_a_meter_answers(tmp_path: Path) -> None:
    mended = threading.Event()

    def answer(_request: bytes) -> Pieces:
        return [(0.0, VECTOR_REPLY)] if mended.is_set() else []

    with FakeLine(tmp_path / "port", answer), working(plan_for(tmp_path / "port")) as worker:
        samples = samples_until(worker, has(BusCondition.NO_METER_ANSWERS))
        samples += samples_until(worker, lambda s: last_reading(s).fault is MeterFault.BUS)
        mended.set()
        samples += samples_until(worker, has(BusCondition.OK))
        samples += samples_until(worker, has_good)
    assert conditions(samples) == [
        BusCondition.OK,
        BusCondition.NO_METER_ANSWERS,
        BusCondition.OK,
    ]


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
    by_meter = {(s.meter, s.fault) for s in samples if isinstance(s, MeterSample)}
    assert by_meter == {("incomer", None), ("silent", MeterFault.NO_REPLY)}
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
        samples = samples_until(worker, lambda s: last_reading(s).mono_ns > asked_mono_ns)
    times = [sample.mono_ns for sample in samples if isinstance(sample, MeterSample)]
    assert times == sorted(times)
