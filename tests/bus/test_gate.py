"""The order at the gate: armed, lease looked at, written, disarmed."""

from __future__ import annotations

import os

import pytest

from edge.bus.gate import LeaseEndedError, WriteGate
from edge.bus.lease import BusPage, Count


def test_gate_arms_before_it_looks_at_the_lease_and_disarms_after_the_write(page: BusPage) -> None:
    """A worker may be stopped wherever the clock is read here; control sees then that it writes."""
    steps: list[tuple[str, bool]] = []

    def now_mono_ns() -> int:
        steps.append(("look", page.writing))
        return 7

    gate = WriteGate(page, now_mono_ns)
    gate.write(b"frame", lambda frame: steps.append((frame.decode(), page.writing)))
    assert steps == [("look", True), ("frame", True)]
    assert not page.writing
    assert (gate.asked_mono_ns, page.asked_mono_ns, page.count(Count.REQUESTS)) == (7, 7, 1)


def test_gate_whose_lease_ends_while_the_worker_is_stopped_before_its_look_writes_nothing(
    page: BusPage,
) -> None:
    """Stopped right after it armed: control withdraws meanwhile, and the look comes later."""
    control_saw: list[bool] = []

    def stopped_before_the_look() -> int:
        page.lease_until_mono_ns = 0
        control_saw.append(page.writing)
        return 7

    written: list[bytes] = []
    with pytest.raises(LeaseEndedError):
        WriteGate(page, stopped_before_the_look).write(b"frame", written.append)
    assert (control_saw, written, page.writing) == ([True], [], False)
    assert (page.count(Count.WITHHELD), page.count(Count.REQUESTS)) == (1, 0)
    assert page.asked_mono_ns == 0


def test_gate_at_the_instant_at_which_the_lease_ends_writes_nothing(page: BusPage) -> None:
    page.lease_until_mono_ns = 1000
    written: list[bytes] = []
    WriteGate(page, lambda: 999).write(b"in time", written.append)
    with pytest.raises(LeaseEndedError):
        WriteGate(page, lambda: 1000).write(b"late", written.append)
    assert written == [b"in time"]


def test_gate_whose_port_is_lost_is_not_armed_for_ever(page: BusPage) -> None:
    def lose(_frame: bytes) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        WriteGate(page, lambda: 1).write(b"frame", lose)
    assert not page.writing
    assert page.count(Count.REQUESTS) == 0


def test_page_of_a_killed_writer_stays_armed() -> None:
    """So control knows that a frame may have been under way; the process's end says the rest."""
    fd = BusPage.create()
    control, worker = BusPage(fd), BusPage(fd)
    os.close(fd)
    worker.writing = True
    worker.close()
    assert control.writing
    control.close()
