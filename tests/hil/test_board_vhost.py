"""A board's virtio unit through its real socket: lines, dead owners, resets."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import pytest

from tests.hil.board_rig import Rig
from tests.hil.vhost_front_end import (
    BOTH,
    EVENTS,
    GET_DIRECTION,
    GET_NAMES,
    GET_VALUE,
    IN,
    NONE,
    OUT,
    REQUESTS,
    SET_DIRECTION,
    SET_IRQ,
    SET_VALUE,
    FrontEnd,
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


def test_virtio_unit_tells_its_lines_and_their_names(guest: FrontEnd) -> None:
    names = b"".join(b"GPIO%d\0" % k for k in range(28))
    assert (guest.lines_count, guest.names_bytes, guest.queues_count) == (28, len(names), 2)
    assert guest.features == 1 << 32 | 1 << 30 | 1  # VERSION_1, PROTOCOL_FEATURES, GPIO_F_IRQ
    assert guest.request(GET_NAMES, room=1 + len(names)) == b"\0" + names


def test_virtio_output_moves_its_relay_without_showing_another_level(
    rig: Rig, guest: FrontEnd
) -> None:
    guest.drive(_RELAY, 1)
    guest.do(SET_VALUE, _RELAY, 0)
    assert rig.levels("b", _RELAY) == [("out", 1), ("out", 0)]
    moves = [(move.load, move.shed, move.units) for move in rig.log().moves()]
    assert moves == [("chiller", True, ["b"]), ("chiller", False, [])]
    assert rig.order("pins")["b"] == [
        {
            "pin": _RELAY,
            "direction": "out",
            "level": 0,
            "consumer": "",
            "line_seqno": 0,
            "lost_edges": 0,
        }
    ]


def test_virtio_and_process_unit_leave_the_same_in_the_log(rig: Rig, guest: FrontEnd) -> None:
    guest.drive(_RELAY, 1)
    guest.do(SET_VALUE, _RELAY, 0)
    child = rig.child("a")
    child.run(
        f"r = gpiod.request_lines('/dev/gpiochip0', {{{_RELAY}: gpiod.LineSettings("
        "direction=Direction.OUTPUT, output_value=Value.ACTIVE)})"
    )
    child.run(f"r.set_value({_RELAY}, Value.INACTIVE)")
    assert rig.levels("a", _RELAY) == rig.levels("b", _RELAY)


def test_virtio_value_of_an_input_waits_for_its_turn_to_output(rig: Rig, guest: FrontEnd) -> None:
    guest.do(SET_VALUE, _RELAY, 1)
    assert rig.levels("b", _RELAY) == []
    guest.do(SET_DIRECTION, _RELAY, OUT)
    assert rig.levels("b", _RELAY) == [("out", 1)]


def test_virtio_direction_of_a_line_is_never_none_as_linux_refuses_that(guest: FrontEnd) -> None:
    assert guest.do(GET_DIRECTION, _RELAY) == IN
    guest.drive(_RELAY, 1)
    assert guest.do(GET_DIRECTION, _RELAY) == OUT


@pytest.mark.parametrize(
    ("dead_owner", "direction", "level", "levels"),
    [
        ("persist", OUT, 1, [("out", 1)]),
        ("revert", IN, 0, [("out", 1), ("in", 0)]),
    ],
)
def test_virtio_dead_owner_shows_as_direction_none_and_keeps_or_drops_its_output(
    dead_owner: str, direction: int, level: int, levels: list[tuple[str, int]]
) -> None:
    with make_rig(dead_owner=dead_owner) as rig, FrontEnd(rig.path / "b.sock") as guest:
        guest.drive(_RELAY, 1)
        guest.do(SET_DIRECTION, _RELAY, NONE)
        assert guest.do(GET_DIRECTION, _RELAY) == direction
        assert guest.do(GET_VALUE, _RELAY) == level
        assert rig.levels("b", _RELAY) == levels


@pytest.mark.parametrize(
    ("kind", "line", "value"),
    [
        (SET_DIRECTION, _RELAY, 3),
        (SET_VALUE, _RELAY, 2),
        (SET_IRQ, _RELAY, 5),
        (GET_VALUE, 28, 0),
        (SET_VALUE, 65535, 1),
        (0, _RELAY, 0),
        (77, _RELAY, 0),
    ],
)
def test_virtio_request_for_what_is_not_there_is_refused_and_the_next_one_served(
    guest: FrontEnd, kind: int, line: int, value: int
) -> None:
    assert guest.request(kind, line, value) == b"\1\0"
    assert guest.do(GET_VALUE, _RELAY) == 0


def test_virtio_interrupt_of_an_output_is_refused(guest: FrontEnd) -> None:
    guest.drive(_RELAY, 0)
    assert guest.request(SET_IRQ, _RELAY, BOTH) == b"\1\0"


def test_virtio_contact_has_a_resistor_as_the_chip_has_no_bias(rig: Rig, guest: FrontEnd) -> None:
    assert guest.do(GET_VALUE, _PULSE) == 1
    rig.order("break_pulse", line="contact", state="closed")
    assert guest.do(GET_VALUE, _PULSE) == 0


# Resets.


def test_virtio_reset_takes_the_lines_to_power_on_whatever_dead_owner_says() -> None:
    with make_rig(dead_owner="persist") as rig, FrontEnd(rig.path / "b.sock") as guest:
        guest.drive(_RELAY, 1)
        guest.listen(_PULSE, BOTH)
        guest.reset()
        assert rig.levels("b", _RELAY) == [("out", 1), ("in", 0)]
        assert rig.order("pins")["b"] == []
        guest.start()
        rig.order("break_pulse", line="contact", state="closed")
        guest.flush()
        assert guest.used(EVENTS) is None  # nobody has asked since
        guest.drive(_RELAY, 1)
        assert rig.levels("b", _RELAY)[2:] == [("out", 1)]
        lives = [e["event"] for e in rig.log().events if e["event"].startswith("unit_")]
        assert lives == ["unit_up", "unit_down", "unit_up"]


def test_virtio_late_kick_of_a_device_under_reset_starts_nothing(rig: Rig, guest: FrontEnd) -> None:
    guest.drive(_RELAY, 1)
    guest.take_back(REQUESTS)
    guest.arm(_RELAY)
    guest.flush()
    assert rig.order("snapshot")["units"]["b"]["running"] is False
    assert rig.levels("b", _RELAY) == [("out", 1), ("in", 0)]


def test_virtio_new_call_bell_rings_at_once_lest_an_answer_waits_for_ever(
    guest: FrontEnd,
) -> None:
    bell = os.eventfd(0, os.EFD_NONBLOCK)
    guest.ask(13, struct.pack("<Q", REQUESTS), [bell])
    assert os.eventfd_read(bell) == 1
    os.close(bell)


def test_virtio_machine_that_has_gone_leaves_its_lines_at_power_on_and_may_come_back() -> None:
    with make_rig(dead_owner="persist") as rig:
        with FrontEnd(rig.path / "b.sock") as guest:
            guest.drive(_RELAY, 1)
        wait_for_state(rig, connected=False, running=False)
        assert rig.levels("b", _RELAY) == [("out", 1), ("in", 0)]
        with FrontEnd(rig.path / "b.sock") as guest:
            guest.drive(_RELAY, 1)
            assert rig.levels("b", _RELAY)[2:] == [("out", 1)]


def test_virtio_second_connection_replaces_the_first(rig: Rig, guest: FrontEnd) -> None:
    guest.drive(_RELAY, 1)
    with FrontEnd(rig.path / "b.sock") as successor:
        assert rig.levels("b", _RELAY) == [("out", 1), ("in", 0)]
        successor.drive(_RELAY, 1)
        with pytest.raises((EOFError, BrokenPipeError)):
            guest.flush()


def test_virtio_unit_has_no_power_and_no_watchdog_at_the_board(rig: Rig, guest: FrontEnd) -> None:
    guest.drive(_RELAY, 1)
    with pytest.raises(RuntimeError, match="need one to the emulator"):
        rig.order("power_cut", unit="b")
    assert rig.order("snapshot")["units"]["b"] == {
        "kind": "virtio",
        "connected": True,
        "running": True,
        "pids": [],
        "watchdog": None,
        "lost_edges": 0,
    }
    assert rig.levels("b", _RELAY) == [("out", 1)]
