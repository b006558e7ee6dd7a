"""One RS-485 line with its nodes: what a port's user writes goes on the wire to the others.

It advances when it is told the time, keeps the counters, and hands every finished burst to
`on_burst`. It never delivers a byte before its end on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hil.line.node import Node
from hil.line.wire import Burst, Char, Wire

_GRAIN_NS_MAX = 1_000_000  # the wire is looked at this often while a burst lasts


class LineCounts(msgspec.Struct):
    """`late_ns`: how far behind its time a delivery was; the quality of this instrument."""

    burst_count: int = 0
    busy_ns: int = 0
    delivery_count: int = 0
    late_ns_sum: int = 0
    late_ns_max: int = 0


class Line:
    """`nodes` by name. With `baud_mismatch` a port's own rate counts, else all use `baudrate`."""

    def __init__(
        self,
        wire: Wire,
        nodes: Mapping[str, Node],
        baudrate: int,
        on_burst: Callable[[Burst], None],
        *,
        baud_mismatch: bool,
    ) -> None:
        self.wire = wire
        self.nodes = dict(nodes)
        self.baudrate = baudrate
        self.counts = LineCounts()
        self.cut = False
        self._on_burst = on_burst
        self._baud_mismatch = baud_mismatch

    def transmit(self, node: Node, sent: bytes, now_ns: int) -> None:
        """`node` drives `sent` from `now_ns` on, or behind what it is still sending."""
        if self._baud_mismatch:
            for each in self.nodes.values():
                each.baudrate = each.port.baudrate()
        if not node.enabled or node.dead:
            node.counts.blocked_bytes += len(sent)
            return
        node.counts.sent_bytes += len(sent)
        isolated = self.cut or not node.plugged
        self.wire.transmit(node.name, sent, now_ns, node.baudrate, isolated=isolated)

    def enable(self, node: Node, now_ns: int, *, on: bool) -> None:
        """The transmitter of `node` may drive, or may not even finish what it has begun."""
        node.enabled = on
        if not on:
            self.wire.release(node.name, now_ns)

    def inject(self, sent: bytes, now_ns: int) -> None:
        """A stranger on the line drives `sent`: a foreign master, or a disturbance."""
        self.wire.transmit("injected", sent, now_ns, self.baudrate, isolated=self.cut)

    def advance(self, now_ns: int) -> None:
        """Carry what has ended by `now_ns` and hand over what is due."""
        for char in self.wire.carry(now_ns):
            self._spread(char)
        busy = self.wire.busy()
        for node in self.nodes.values():
            due_ns = node.receiver.due_ns
            if due_ns is None or due_ns > now_ns or (busy and node.receiver.wants_silence):
                continue
            self.counts.delivery_count += 1
            self.counts.late_ns_sum += now_ns - due_ns
            self.counts.late_ns_max = max(self.counts.late_ns_max, now_ns - due_ns)
            node.hand_over()
        for burst in self.wire.take_finished(now_ns):
            self.counts.burst_count += 1
            self.counts.busy_ns += burst.end_ns - burst.start_ns
            self._on_burst(burst)

    def _spread(self, char: Char) -> None:
        for node in self.nodes.values():
            if not node.hears(char) or (self.cut and node.name not in char.drivers):
                continue
            byte = char.byte
            if self._baud_mismatch and node.mismatches(char):
                node.counts.mismatched_bytes += 1
                byte = self.wire.garble(byte)
            node.hear(byte, char.end_ns)

    def next_ns(self) -> int | None:
        """When :meth:`advance` has something to do next; None while the line is idle."""
        busy = self.wire.busy()
        due_ns = [
            node.receiver.due_ns
            for node in self.nodes.values()
            if not (busy and node.receiver.wants_silence)
        ]
        due_ns.append(self.wire.next_ns(_GRAIN_NS_MAX))
        return min((due for due in due_ns if due is not None), default=None)

    def stats(self) -> dict[str, Any]:
        """Counters of the line and of each node since the start."""
        return {
            **msgspec.to_builtins(self.counts),
            "collision_count": self.wire.collision_count,
            "noisy_char_count": self.wire.noisy_char_count,
            "nodes": {name: msgspec.to_builtins(node.counts) for name, node in self.nodes.items()},
        }
