"""A transmitter that is gated: what it may not say, and what is cut off half-way."""

from __future__ import annotations

from pathlib import Path

from hil.line.line import Line
from hil.line.node import Node
from hil.line.port import Port
from hil.line.receivers import LatencyReceiver
from hil.line.wire import Burst, Wire

_CHAR_NS = 1_000_000  # ten bits at 10,000 bit/s
_BAUDRATE = 10_000


def make_line() -> tuple[Line, list[Burst]]:
    bursts: list[Burst] = []
    nodes = {
        name: Node(name, Port(Path(name), _BAUDRATE), LatencyReceiver(0), echo=False)
        for name in ("a", "b")
    }
    line = Line(Wire(10, seed=1), nodes, _BAUDRATE, bursts.append, baud_mismatch=False)
    return line, bursts


def test_driver_that_is_not_enabled_puts_nothing_on_the_line() -> None:
    line, bursts = make_line()
    a, b = line.nodes.values()
    line.enable(a, 0, on=False)
    line.transmit(a, b"query", 0)
    line.advance(100 * _CHAR_NS)
    assert bursts == []
    assert (a.counts.sent_bytes, a.counts.blocked_bytes, b.counts.heard_bytes) == (0, 5, 0)
    line.enable(a, 100 * _CHAR_NS, on=True)
    line.transmit(a, b"query", 100 * _CHAR_NS)
    line.advance(200 * _CHAR_NS)
    assert [bytes(burst.sent) for burst in bursts] == [b"query"]


def test_driver_disabled_half_way_finishes_only_the_character_on_the_line() -> None:
    line, bursts = make_line()
    a, b = line.nodes.values()
    line.transmit(a, b"query", 0)
    line.advance(2 * _CHAR_NS)
    line.enable(a, 2 * _CHAR_NS + 300_000, on=False)
    line.advance(100 * _CHAR_NS)
    assert [bytes(burst.sent) for burst in bursts] == [b"que"]
    assert b.counts.heard_bytes == 3


def test_driver_disabled_while_idle_is_harmless() -> None:
    line, bursts = make_line()
    line.enable(line.nodes["a"], 0, on=False)
    line.advance(_CHAR_NS)
    assert bursts == []
