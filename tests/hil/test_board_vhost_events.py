"""Interrupts of a board's virtio unit through its real socket, and bursts paced by a guest."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.hil.board_rig import Rig
from tests.hil.vhost_front_end import (
    BOTH,
    EVENTS,
    FALLING,
    HIGH,
    IN,
    INVALID,
    LOW,
    NONE,
    RISING,
    SET_DIRECTION,
    SET_IRQ,
    VALID,
    FrontEnd,
    Used,
    make_rig,
    wait_for_state,
)

_RELAY, _PULSE = 5, 18


@pytest.fixture
def rig() -> Iterator[Rig]:
    with make_rig() as board:
        yield board


@pytest.fixture
def guest(rig: Rig) -> Iterator[FrontEnd]:
    with FrontEnd(rig.path / "b.sock") as front_end:
        yield front_end


def lost_edges(rig: Rig) -> int:
    lost: int = rig.order("snapshot")["units"]["b"]["lost_edges"]
    return lost


# The pulse contact closes to 0, moved by hand through the order that breaks its wire.


@pytest.mark.parametrize(
    ("kind", "expected"), [(FALLING, [1, 1, 2]), (RISING, [0, 1, 1]), (BOTH, [1, 2, 3])]
)
def test_virtio_edges_of_the_kind_that_was_asked_for_are_told(
    rig: Rig, guest: FrontEnd, kind: int, expected: list[int]
) -> None:
    guest.listen(_PULSE, kind)
    guest.flush()
    told: list[int] = []
    for state in ("closed", None, "closed"):
        rig.order("break_pulse", line="contact", state=state)
        if (event := guest.used(EVENTS)) is not None:
            assert event == Used(_PULSE, VALID)
            guest.arm(_PULSE)
            guest.flush()
        (pin,) = rig.order("pins")["b"]
        told.append(pin["line_seqno"])
    assert told == expected


def test_virtio_edge_without_a_buffer_is_latched_once_and_then_lost(
    rig: Rig, guest: FrontEnd
) -> None:
    guest.listen(_PULSE, BOTH)
    guest.flush()
    for state in ("closed", None, "closed", None):  # told, latched, lost, lost
        rig.order("break_pulse", line="contact", state=state)
    assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)
    assert guest.used(EVENTS) is None
    assert lost_edges(rig) == 2
    guest.arm(_PULSE)
    assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)
    guest.arm(_PULSE)
    guest.flush()
    assert guest.used(EVENTS) is None
    assert rig.order("pins")["b"][0]["line_seqno"] == 2


def test_virtio_edge_before_the_first_buffer_is_told_when_it_comes(
    rig: Rig, guest: FrontEnd
) -> None:
    guest.do(SET_DIRECTION, _PULSE, IN)
    guest.do(SET_IRQ, _PULSE, FALLING)
    rig.order("break_pulse", line="contact", state="closed")
    guest.arm(_PULSE)
    assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)


def test_virtio_interrupt_taken_away_gives_the_buffer_back_invalid(guest: FrontEnd) -> None:
    guest.listen(_PULSE, BOTH)
    guest.do(SET_IRQ, _PULSE, NONE)
    assert guest.wait_used(EVENTS) == Used(_PULSE, INVALID)


@pytest.mark.parametrize("line", [_RELAY, 28])
def test_virtio_buffer_of_a_line_without_interrupt_comes_back_invalid(
    guest: FrontEnd, line: int
) -> None:
    guest.arm(line)
    assert guest.wait_used(EVENTS) == Used(line, INVALID)


def test_virtio_second_buffer_of_a_line_comes_back_invalid_and_the_first_one_serves(
    rig: Rig, guest: FrontEnd
) -> None:
    guest.listen(_PULSE, FALLING)
    guest.offer(EVENTS, 30, struct.pack("<H", _PULSE), 1)
    assert guest.wait_used(EVENTS) == Used(30, INVALID)
    rig.order("break_pulse", line="contact", state="closed")
    assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)


def test_virtio_level_interrupt_is_told_for_as_long_as_the_level_lasts(
    rig: Rig, guest: FrontEnd
) -> None:
    guest.listen(_PULSE, HIGH)
    assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)
    guest.do(SET_IRQ, _PULSE, LOW)
    guest.arm(_PULSE)
    guest.flush()
    assert guest.used(EVENTS) is None
    rig.order("break_pulse", line="contact", state="closed")
    assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)
    guest.arm(_PULSE)
    assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)


# Bursts and trains.


def count_events(guest: FrontEnd, count: int) -> None:
    """As a kernel: take the event, give the buffer back."""
    for _ in range(count):
        assert guest.wait_used(EVENTS) == Used(_PULSE, VALID)
        guest.arm(_PULSE)


@pytest.mark.parametrize(("kind", "edges_count"), [(FALLING, 1), (BOTH, 2)])
def test_virtio_burst_is_paced_by_the_guest_and_loses_nothing(
    rig: Rig, guest: FrontEnd, kind: int, edges_count: int
) -> None:
    child = rig.child("a")
    child.run(
        f"i = gpiod.request_lines('/dev/gpiochip0', {{{_PULSE}: gpiod.LineSettings("
        "direction=Direction.INPUT, edge_detection=Edge.FALLING, bias=Bias.PULL_UP)},"
        " event_buffer_size=1024)"
    )
    guest.listen(_PULSE, kind)
    guest.flush()
    rig.order("pulses", line="contact", count=500, rate_hz=0)
    assert rig.order("snapshot")["pulses"]["contact"]["pulses_count"] == 1  # the guest has one
    count_events(guest, 500 * edges_count)
    guest.flush()
    state = rig.order("snapshot")["pulses"]["contact"]
    assert (state["pulses_count"], state["idle"]) == (500, True)
    assert rig.order("pins")["b"][0]["line_seqno"] == 500 * edges_count
    assert lost_edges(rig) == 0
    assert child.ask("len(i.read_edge_events(1024))") == 500


def test_virtio_burst_without_a_listening_guest_goes_by_at_once(rig: Rig, guest: FrontEnd) -> None:
    guest.do(SET_DIRECTION, _PULSE, IN)
    rig.order("pulses", line="contact", count=500, rate_hz=0)
    state = rig.order("snapshot")["pulses"]["contact"]
    assert (state["pulses_count"], state["idle"]) == (500, True)
    assert lost_edges(rig) == 0  # nobody wanted them


@pytest.mark.parametrize("end", ["interrupt", "direction", "reset", "gone"])
def test_virtio_burst_goes_on_when_its_listener_has_left(
    rig: Rig, guest: FrontEnd, end: str
) -> None:
    guest.listen(_PULSE, FALLING)
    guest.flush()
    rig.order("pulses", line="contact", count=500, rate_hz=0)
    if end == "interrupt":
        guest.do(SET_IRQ, _PULSE, NONE)
    elif end == "direction":
        guest.do(SET_DIRECTION, _PULSE, NONE)
    elif end == "reset":
        guest.reset()
    else:
        guest.socket.close()
        wait_for_state(rig, connected=False)
    assert rig.order("snapshot")["pulses"]["contact"]["pulses_count"] == 500


def test_virtio_train_at_a_rate_waits_for_nobody_and_counts_what_is_lost(
    rig: Rig, guest: FrontEnd
) -> None:
    guest.listen(_PULSE, FALLING)
    guest.flush()
    rig.order("pulses", line="contact", count=20, rate_hz=500)
    while not rig.order("snapshot")["pulses"]["contact"]["idle"]:
        pass
    assert lost_edges(rig) == 18  # of 20 one was told and one latched
