"""A meter's side of the line: it takes queries off it and puts replies on it when they are due.

Behind it stands a server that is not ours, asked over a link of its own. In front, a real meter's
manners are kept: only its own units answer, a turn-around time after the query's last byte.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from hil.meters.config import Unit
from hil.meters.faults import Faults
from hil.meters.frames import Codec, Frame


class Inner(Protocol):
    """The way to a server: one frame there, its reply back, or nothing within its time limit."""

    def ask(self, query: bytes) -> bytes: ...


class UnitCounts(msgspec.Struct):
    """Since the start. `unanswered`: the server behind gave no usable reply."""

    query_count: int = 0
    reply_count: int = 0
    unanswered_count: int = 0


class Front:
    """`inners` by unit id. `gap_ns`: how long before its arrival a query's last byte had ended."""

    def __init__(
        self,
        units: list[Unit],
        inners: Mapping[int, Inner],
        faults: Faults,
        codec: Codec,
        gap_ns: int,
    ) -> None:
        self._turnaround_ns = {each.unit_id: round(each.turnaround_ms * 1e6) for each in units}
        self._inners = inners
        self._faults = faults
        self._codec = codec
        self._gap_ns = gap_ns
        self._replies: list[tuple[int, int, int, bytes, Callable[[bytes], None]]] = []
        self._sequence = 0
        self.counts = {each.unit_id: UnitCounts() for each in units}

    def receive(self, received: bytes, now_ns: int, send: Callable[[bytes], None]) -> None:
        """Queries that arrived at `now_ns`; the replies go to `send` later, by :meth:`advance`."""
        for query in self._codec.split(received):
            if query.unit_id in self._inners:
                self._answer(query, now_ns - self._gap_ns, send)

    def _answer(self, query: Frame, ended_ns: int, send: Callable[[bytes], None]) -> None:
        counts = self.counts[query.unit_id]
        counts.query_count += 1
        answer = self._inners[query.unit_id].ask(self._codec.join(query))
        replies = self._codec.split(answer)
        if not replies or replies[0].unit_id != query.unit_id:
            counts.unanswered_count += 1
            return
        sent = self._faults.spoil(replies[0], self._codec)
        if sent:
            delay_ns = self._turnaround_ns[query.unit_id] + self._faults.delay_ns(query.unit_id)
            self._sequence += 1
            entry = (ended_ns + delay_ns, self._sequence, query.unit_id, sent, send)
            heapq.heappush(self._replies, entry)

    def next_ns(self) -> int | None:
        return self._replies[0][0] if self._replies else None

    def advance(self, now_ns: int) -> None:
        """Send what is due by `now_ns`."""
        while self._replies and self._replies[0][0] <= now_ns:
            _, _, unit_id, sent, send = heapq.heappop(self._replies)
            self.counts[unit_id].reply_count += 1
            send(sent)
