"""The shared page and the link: values arrive whole, and nothing blocks."""

from __future__ import annotations

import os
import threading

from edge.bus.lease import BusPage, Count
from edge.bus.link import (
    PENDING_MAX,
    Batch,
    SampleReceiver,
    SampleSender,
    read_plan,
    socket_pair,
    write_plan,
)
from edge.model.bus import PolledMeter
from edge.model.scan import BusCondition, BusSample, MeterFault, MeterSample
from tests.bus.line import POWER_MAP, plan_for

LOST = BusSample("main", BusCondition.PORT_LOST)
FINE = BusSample("main", BusCondition.OK)


def test_page_shows_each_side_what_the_other_wrote() -> None:
    fd = BusPage.create()
    control, worker = BusPage(fd), BusPage(fd)
    os.close(fd)
    assert (worker.lease_until_mono_ns, control.alive_mono_ns, control.heard_mono_ns) == (0, 0, 0)
    control.lease_until_mono_ns = (1 << 63) - 1
    worker.alive_mono_ns = 5
    worker.heard_mono_ns = 6
    for count in Count:
        for _ in range(count + 1):
            worker.add(count)
    assert worker.lease_until_mono_ns == (1 << 63) - 1
    assert (control.alive_mono_ns, control.heard_mono_ns) == (5, 6)
    assert control.counts() == {count.name.lower(): count + 1 for count in Count}
    control.close()
    worker.close()


def test_page_read_while_it_is_written_never_gives_a_mixture() -> None:
    """Two values that differ in all bytes; a torn read would be a third."""
    fd = BusPage.create()
    writer, reader = BusPage(fd), BusPage(fd)
    os.close(fd)
    values = (0x1111111111111111, 0x7777777777777777)
    writer.lease_until_mono_ns = values[0]

    def write() -> None:
        for turn in range(20_000):
            writer.lease_until_mono_ns = values[turn & 1]

    thread = threading.Thread(target=write)
    thread.start()
    seen = set()
    while thread.is_alive():
        seen.add(reader.lease_until_mono_ns)
    thread.join()
    assert seen <= set(values)
    writer.close()
    reader.close()


def test_link_carries_samples_as_they_were(page: BusPage) -> None:
    control, worker = socket_pair()
    with control, worker:
        sender, receiver = SampleSender(worker, page), SampleReceiver(control)
        readings = (
            MeterSample("incomer", 1 << 62, 31.25, 10**18, 0, 62_500_000),
            MeterSample("other", 2, fault=MeterFault.NO_REPLY),
        )
        sender.post(readings[0])
        sender.post(LOST)
        sender.post(readings[1])
        got = [receiver.receive() for _ in range(4)]
    assert got == [Batch(readings[:1]), Batch((), LOST), Batch(readings[1:]), None]


def test_link_that_is_full_keeps_the_newest_and_the_last_condition(page: BusPage) -> None:
    control, worker = socket_pair()
    with control, worker:
        sender, receiver = SampleSender(worker, page), SampleReceiver(control)
        sender.post(LOST)
        for instant in range(1000):
            sender.post(MeterSample("incomer", instant))
        sender.post(LOST)
        sender.post(FINE)
        in_socket = []
        while (batch := receiver.receive()) is not None:
            in_socket.append(batch)
        sender.flush()
        kept = receiver.receive()
        assert receiver.receive() is None
    assert kept is not None
    assert [sample.mono_ns for sample in kept.meters] == list(range(1000 - PENDING_MAX, 1000))
    assert kept.bus == FINE
    dropped = 1000 - PENDING_MAX - sum(len(batch.meters) for batch in in_socket)
    assert page.count(Count.SAMPLES_DROPPED) == dropped > 0


def test_link_that_control_has_closed_is_no_error(page: BusPage) -> None:
    control, worker = socket_pair()
    with worker:
        control.close()
        SampleSender(worker, page).post(LOST)


def test_link_whose_worker_is_gone_gives_nothing() -> None:
    control, worker = socket_pair()
    with control:
        worker.close()
        assert SampleReceiver(control).receive() is None


def test_plan_of_the_largest_line_arrives_as_it_was() -> None:
    """247 meters, each with its own map of 12 registers."""
    register_map = POWER_MAP.__class__("large", POWER_MAP.registers * 12, source="s" * 200)
    meters = tuple(PolledMeter(f"meter-{unit}", unit, register_map) for unit in range(1, 248))
    plan = plan_for("/dev/x", meters=meters)
    assert read_plan(write_plan(plan)) == plan
