"""One way of one path: what becomes of a frame there, by a seeded draw.

Pure: time comes as an argument; it says when copies of a frame are due and keeps the counts.
"""

from __future__ import annotations

import random

import msgspec

_NS_PER_MS = 1_000_000


class Impairment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ratios are chances for each frame. Jitter is added to the delay, so frames overtake."""

    loss_ratio: float = 0.0
    duplicate_ratio: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0


class WayCounts(msgspec.Struct):
    """Frames since the start. `made`: injected or replayed by order."""

    sent: int = 0
    forwarded: int = 0
    cut: int = 0
    lost: int = 0
    duplicated: int = 0
    made: int = 0


class Way:
    """Frames of one sender on one path."""

    def __init__(self, seed: str) -> None:
        self.cut = False
        self.impairment = Impairment()
        self.counts = WayCounts()
        self._random = random.Random(seed)

    def due_ns(self, now_ns: int) -> list[int]:
        """When each copy of a frame that is sent now leaves; empty where it is lost."""
        self.counts.sent += 1
        if self.cut:
            self.counts.cut += 1
            return []
        wanted = self.impairment
        if self._random.random() < wanted.loss_ratio:
            self.counts.lost += 1
            return []
        copies_count = 1
        if self._random.random() < wanted.duplicate_ratio:
            self.counts.duplicated += 1
            copies_count = 2
        return [now_ns + self._delay_ns() for _ in range(copies_count)]

    def _delay_ns(self) -> int:
        wanted = self.impairment
        return round((wanted.delay_ms + self._random.random() * wanted.jitter_ms) * _NS_PER_MS)
