"""Who drove the meter line when, as the hub's log would say it: spans of each gateway's
driver-enable line, stamped by the observer, with the bytes that the listening adapter heard.
"""

from __future__ import annotations

import collections
from typing import Any

import msgspec

_NS_PER_S = 1_000_000_000
# USB, the adapter's latency timer of 1 ms and this computer's own lateness.
_HEARD_NS_MAX = 30_000_000
_BYTES_KEPT_MAX = 8192


class _Span(msgspec.Struct):
    node: str
    start_ns: int
    end_ns: int | None = None
    collided: bool = False


class Bursts:
    """A burst's bytes are the first heard since it began, as many as fit into it; only its span is
    exact. A collision with anything but the other gateway is not seen here. `isolated`: nodes whose
    cable is off the line.
    """

    def __init__(self, baudrate: int, bits_per_char: int) -> None:
        self._char_ns = bits_per_char * _NS_PER_S // baudrate
        self._open: dict[str, _Span] = {}
        self._spans: list[_Span] = []
        self._heard: collections.deque[tuple[int, int]] = collections.deque(maxlen=_BYTES_KEPT_MAX)
        self.isolated: set[str] = set()
        self.shorted = False

    def edge(self, node: str, t_ns: int, *, on: bool) -> None:
        """The driver of `node` began or ceased to drive."""
        if not on:
            span = self._open.pop(node, None)
            if span is not None:
                span.end_ns = t_ns
            return
        span = _Span(node, t_ns)
        for other in self._spans:
            if other.end_ns is None or other.end_ns > t_ns:
                other.collided = span.collided = True
        self._open[node] = span
        self._spans.append(span)

    def hear(self, received: bytes, t_ns: int) -> None:
        self._heard.extend((t_ns, byte) for byte in received)

    def take(self, now_ns: int) -> list[dict[str, Any]]:
        """Bursts whose bytes must have come by now, as lines of the log."""
        over = [
            span for span in self._spans if span.end_ns and span.end_ns + _HEARD_NS_MAX <= now_ns
        ]
        self._spans = [span for span in self._spans if span not in over]
        return [self._row(span) for span in over]

    def _row(self, span: _Span) -> dict[str, Any]:
        assert span.end_ns is not None
        chars_count = round((span.end_ns - span.start_ns) / self._char_ns)
        while self._heard and self._heard[0][0] < span.start_ns + self._char_ns:
            self._heard.popleft()
        sent = bytearray()
        while self._heard and len(sent) < chars_count:
            sent.append(self._heard.popleft()[1])
        is_off = span.node in self.isolated
        return {
            "node": span.node,
            "start_ns": span.start_ns,
            "end_ns": span.end_ns,
            "hex": sent.hex(),
            "collided": span.collided,
            "lost_count": chars_count if self.shorted else 0,
            "isolated": is_off,
        }
