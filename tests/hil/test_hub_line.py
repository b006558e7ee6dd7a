"""The line without a process: the wire and the receivers under a time that the test gives."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.line.line import Line
from hil.line.node import Node
from hil.line.port import Port
from hil.line.receivers import LatencyReceiver, SilenceReceiver, silence_ns
from hil.line.wire import Burst, Wire

CHAR_NS = 1_000_000  # ten bits at 10,000 bit/s: round figures
BAUDRATE = 10_000


def transmit(wire: Wire, node: str, sent: bytes, now_ns: int) -> None:
    wire.transmit(node, sent, now_ns, BAUDRATE, isolated=False)


def test_wire_never_gives_a_character_before_its_end() -> None:
    wire = Wire(10, seed=1)
    transmit(wire, "a", b"xy", 0)
    assert wire.carry(CHAR_NS - 1) == []
    assert [(char.byte, char.end_ns) for char in wire.carry(CHAR_NS)] == [(ord("x"), CHAR_NS)]
    assert [(char.byte, char.end_ns) for char in wire.carry(9 * CHAR_NS)] == [
        (ord("y"), 2 * CHAR_NS)
    ]
    assert not wire.busy()


def test_wire_with_an_overlap_garbles_just_the_characters_that_touch() -> None:
    wire = Wire(10, seed=1)
    transmit(wire, "a", bytes(6), 0)
    transmit(wire, "b", bytes(1), 2 * CHAR_NS + 500_000)
    chars = wire.carry(10 * CHAR_NS)
    assert [char.byte != 0 for char in chars] == [False, False, True, True, False, False]
    assert [char.drivers for char in chars] == [
        ("a",),
        ("a",),
        ("a", "b"),
        ("a", "b"),
        ("a",),
        ("a",),
    ]
    assert wire.collision_count == 1
    assert [burst.collided for burst in wire.take_finished(10 * CHAR_NS)] == [True, True]


def test_wire_with_a_second_write_of_one_node_appends_it() -> None:
    wire = Wire(10, seed=1)
    transmit(wire, "a", b"ab", 0)
    wire.carry(CHAR_NS)
    transmit(wire, "a", b"c", CHAR_NS + 1)
    assert [(char.byte, char.end_ns) for char in wire.carry(9 * CHAR_NS)] == [
        (ord("b"), 2 * CHAR_NS),
        (ord("c"), 3 * CHAR_NS),
    ]
    (burst,) = wire.take_finished(9 * CHAR_NS)
    assert (bytes(burst.sent), burst.collided) == (b"abc", False)


def test_wire_with_back_to_back_talkers_is_no_collision() -> None:
    wire = Wire(10, seed=1)
    transmit(wire, "a", b"a", 0)
    assert [char.byte for char in wire.carry(CHAR_NS)] == [ord("a")]
    transmit(wire, "b", b"b", CHAR_NS)
    assert [char.byte for char in wire.carry(2 * CHAR_NS)] == [ord("b")]
    assert wire.collision_count == 0


def test_wire_with_an_isolated_node_beside_it_is_no_collision() -> None:
    wire = Wire(10, seed=1)
    wire.transmit("a", b"a", 0, BAUDRATE, isolated=True)
    transmit(wire, "b", b"b", 0)
    assert sorted((char.byte, char.isolated) for char in wire.carry(CHAR_NS)) == [
        (ord("a"), True),
        (ord("b"), False),
    ]
    assert wire.collision_count == 0


def test_wire_with_a_finished_burst_reports_it_once() -> None:
    wire = Wire(10, seed=1)
    transmit(wire, "a", b"abc", 5)
    wire.carry(3 * CHAR_NS + 5)
    (burst,) = wire.take_finished(3 * CHAR_NS + 5)
    assert (burst.node, burst.start_ns, burst.end_ns, bytes(burst.sent)) == (
        "a",
        5,
        3 * CHAR_NS + 5,
        b"abc",
    )
    assert wire.take_finished(9 * CHAR_NS) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.integers(min_value=0, max_value=5 * CHAR_NS),
            st.integers(min_value=1, max_value=12),
        ),
        max_size=12,
    ),
    st.integers(min_value=100_000, max_value=3 * CHAR_NS),
)
def test_wire_with_any_talkers_gives_ordered_characters_that_never_overlap(
    writes: list[tuple[str, int, int]], step_ns: int
) -> None:
    """Whatever is written when and carried how often; a burst that touched another says so."""
    wire = Wire(10, seed=1)
    now_ns = 0
    chars, bursts = [], []
    for node, pause_ns, count in [*writes, ("a", 40 * CHAR_NS, 1)]:
        until_ns = now_ns + pause_ns
        while now_ns < until_ns:
            now_ns = min(until_ns, now_ns + step_ns)
            chars += wire.carry(now_ns)
            bursts += wire.take_finished(now_ns)
        transmit(wire, node, bytes(count), now_ns)
    chars += wire.carry(now_ns + 200 * CHAR_NS)
    bursts += wire.take_finished(now_ns + 200 * CHAR_NS)

    assert all(a.end_ns <= b.start_ns for a, b in pairwise(chars))
    assert sum(len(burst.sent) for burst in bursts) == sum(count for _, _, count in writes) + 1
    for burst in bursts:
        touched = any(
            other is not burst and other.overlaps(burst.start_ns, burst.end_ns) for other in bursts
        )
        assert burst.collided == touched


def test_line_with_a_pause_inside_a_frame_gives_a_meter_the_frame_whole(tmp_path: Path) -> None:
    """A pause under 3.5 characters ends no frame, though the next ends after that time."""
    port = Port(tmp_path / "tty", 9600)
    talker = Node("a", port, LatencyReceiver(0), echo=False)
    meter = Node("m", port, SilenceReceiver(7 * CHAR_NS // 2), echo=False)
    bursts: list[Burst] = []
    line = Line(
        Wire(10, seed=1),
        {"a": talker, "m": meter},
        BAUDRATE,
        bursts.append,
        baud_mismatch=False,
    )
    talker.baudrate = BAUDRATE
    line.transmit(talker, b"x", 0)
    line.advance(CHAR_NS)
    assert line.next_ns() == 9 * CHAR_NS // 2
    line.transmit(talker, b"y", 4 * CHAR_NS)
    line.advance(9 * CHAR_NS // 2)
    assert (line.counts.delivery_count, line.next_ns()) == (0, 5 * CHAR_NS)
    line.advance(5 * CHAR_NS)
    line.advance(17 * CHAR_NS // 2 - 1)
    assert (line.counts.delivery_count, line.next_ns()) == (0, 17 * CHAR_NS // 2)
    line.advance(17 * CHAR_NS // 2)
    assert (line.counts.delivery_count, line.next_ns()) == (1, None)
    assert [bytes(burst.sent) for burst in bursts] == [b"x", b"y"]


def test_latency_receiver_is_due_one_latency_after_its_first_byte() -> None:
    receiver = LatencyReceiver(1_000_000)
    assert receiver.due_ns is None
    receiver.hear(1, 500)
    receiver.hear(2, 700)
    assert receiver.due_ns == 1_000_500
    assert (receiver.take(), receiver.due_ns) == (b"\x01\x02", None)


def test_latency_receiver_with_a_full_packet_is_due_at_once() -> None:
    receiver = LatencyReceiver(16_000_000)
    for at in range(62):
        receiver.hear(at, at)
    assert receiver.due_ns == 61


def test_silence_receiver_is_due_one_silence_after_its_last_byte() -> None:
    receiver = SilenceReceiver(2_000_000)
    receiver.hear(1, 500)
    receiver.hear(2, 700)
    assert receiver.due_ns == 2_000_700
    assert (receiver.take(), receiver.due_ns) == (b"\x01\x02", None)


@pytest.mark.parametrize(
    ("baudrate", "bits", "expected_ns"),
    [(9600, 11, 4_010_416), (19200, 11, 2_005_208), (38400, 11, 1_750_000)],
)
def test_silence_of_a_line_is_that_of_the_standard(
    baudrate: int, bits: int, expected_ns: int
) -> None:
    """Modbus over serial line V1.02, 2.5.1.1: 3.5 characters, fixed 1.75 ms above 19200 bit/s."""
    assert silence_ns(baudrate, bits) == expected_ns


def test_port_that_nobody_reads_overflows_without_an_error(tmp_path: Path) -> None:
    port = Port(tmp_path / "tty", 19200)
    port.open()
    taken = [port.write(bytes(4096)) for _ in range(64)]
    port.close()
    assert (taken[0] > 0, taken[-1]) == (True, 0)
