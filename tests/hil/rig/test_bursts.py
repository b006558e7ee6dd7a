"""Who drove the line, from driver-enable spans and the bytes of a listening adapter."""

from __future__ import annotations

from hil.rig.bursts import Bursts

CHAR_NS = 11 * 1_000_000_000 // 19200
LATE_NS = 40_000_000


def _drive(bursts, node, start_ns, chars_count):
    bursts.edge(node, start_ns, on=True)
    bursts.edge(node, start_ns + chars_count * CHAR_NS, on=False)
    return start_ns + chars_count * CHAR_NS


def test_burst_has_its_senders_span_and_its_bytes_only():
    bursts = Bursts(19200, 11)
    end_ns = _drive(bursts, "a", 1_000_000_000, 8)
    bursts.hear(b"12345678", end_ns + 900_000)
    bursts.hear(b"REPLY", end_ns + 8_000_000)
    assert bursts.take(end_ns + 1_000_000) == []
    assert bursts.take(end_ns + LATE_NS) == [
        {"node": "a", "start_ns": 1_000_000_000, "end_ns": end_ns, "hex": b"12345678".hex(),
         "collided": False, "lost_count": 0, "isolated": False}
    ]  # fmt: skip
    assert bursts.take(end_ns + 2 * LATE_NS) == []


def test_reply_before_a_query_is_not_taken_for_its_bytes():
    bursts = Bursts(19200, 11)
    first_ns = _drive(bursts, "a", 1_000_000_000, 4)
    bursts.hear(b"ABCD", first_ns)
    bursts.hear(b"REPLY", first_ns + 9_000_000)
    end_ns = _drive(bursts, "b", first_ns + 60_000_000, 4)
    bursts.hear(b"EFGH", end_ns + 1_000_000)
    rows = bursts.take(end_ns + LATE_NS)
    assert [bytes.fromhex(row["hex"]) for row in rows] == [b"ABCD", b"EFGH"]


def test_two_drivers_at_once_have_collided():
    bursts = Bursts(19200, 11)
    bursts.edge("a", 1_000_000_000, on=True)
    bursts.edge("b", 1_001_000_000, on=True)
    bursts.edge("a", 1_004_000_000, on=False)
    bursts.edge("b", 1_005_000_000, on=False)
    late_ns = _drive(bursts, "a", 1_200_000_000, 8)
    rows = bursts.take(late_ns + LATE_NS)
    assert [(row["node"], row["collided"]) for row in rows] == [
        ("a", True), ("b", True), ("a", False),
    ]  # fmt: skip


def test_cut_cable_and_short_circuit_are_told_with_the_burst():
    bursts = Bursts(19200, 11)
    bursts.isolated.add("a")
    end_ns = _drive(bursts, "a", 1_000_000_000, 8)
    assert [row["isolated"] for row in bursts.take(end_ns + LATE_NS)] == [True]
    bursts.isolated.clear()
    bursts.shorted = True
    end_ns = _drive(bursts, "a", 2_000_000_000, 8)
    assert [row["lost_count"] for row in bursts.take(end_ns + LATE_NS)] == [8]
