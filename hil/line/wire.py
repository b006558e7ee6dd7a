"""The copper of one RS-485 pair: a character has a start and an end, two drivers spoil each other.

Time is an argument, so the same wire can be played without a clock. It decides what is on the
line and when; who hears it is the business of :mod:`hil.line.node`.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import msgspec

_NS_PER_S = 1_000_000_000


class Char(NamedTuple):
    """One character that has ended. `drivers` names every node that drove the line meanwhile."""

    start_ns: int
    end_ns: int
    byte: int
    baudrate: int
    drivers: tuple[str, ...]
    isolated: bool


class Burst(msgspec.Struct):
    """Characters that one node drove without a pause. `isolated`: its stub is cut off."""

    node: str
    start_ns: int
    baudrate: int
    bits_per_char: int
    isolated: bool
    sent: bytearray
    carried_count: int = 0
    lost_count: int = 0
    collided: bool = False

    def edge_ns(self, char_count: int) -> int:
        """End of the first `char_count` characters; from the start, so no rounding accumulates."""
        return self.start_ns + char_count * self.bits_per_char * _NS_PER_S // self.baudrate

    @property
    def end_ns(self) -> int:
        return self.edge_ns(len(self.sent))

    def overlaps(self, start_ns: int, end_ns: int) -> bool:
        return not self.isolated and self.start_ns < end_ns and start_ns < self.end_ns


class Wire:
    """`bit_error_ratio` is the chance of each data bit to flip; `shorted` swallows everything."""

    def __init__(self, bits_per_char: int, seed: int) -> None:
        self.bits_per_char = bits_per_char
        self.bit_error_ratio = 0.0
        self.shorted = False
        self.collision_count = 0
        self.noisy_char_count = 0
        self._random = random.Random(seed)
        self._bursts: list[Burst] = []
        self._heard_until_ns = 0

    def seed(self, seed: int) -> None:
        self._random.seed(seed)

    def transmit(
        self, node: str, sent: bytes, now_ns: int, baudrate: int, *, isolated: bool
    ) -> None:
        """Drive `sent` from `now_ns`, or directly behind what this node is still sending."""
        burst = self._current(node, now_ns)
        if burst is None:
            burst = Burst(node, now_ns, baudrate, self.bits_per_char, isolated, bytearray())
            self._bursts.append(burst)
        burst.sent += sent
        if burst.isolated:
            return
        for other in self._bursts:
            if other is not burst and other.overlaps(burst.start_ns, burst.end_ns):
                self.collision_count += not (burst.collided and other.collided)
                burst.collided = other.collided = True

    def release(self, node: str, now_ns: int) -> None:
        """The driver of `node` is off: only the character that is on the line is finished."""
        burst = self._current(node, now_ns)
        if burst is not None:
            begun_count = burst.carried_count
            while burst.edge_ns(begun_count) < now_ns:
                begun_count += 1
            del burst.sent[begun_count:]

    def _current(self, node: str, now_ns: int) -> Burst | None:
        for burst in self._bursts:
            if burst.node == node and burst.end_ns > now_ns:
                return burst
        return None

    def carry(self, now_ns: int) -> list[Char]:
        """Characters that ended by `now_ns` and that a receiver can tell apart, in their order."""
        chars: list[Char] = []
        for burst in self._bursts:
            for index in range(burst.carried_count, len(burst.sent)):
                end_ns = burst.edge_ns(index + 1)
                if end_ns > now_ns:
                    break
                burst.carried_count = index + 1
                self._put(burst, index, end_ns, chars)
        if len(self._bursts) > 1:
            chars.sort(key=lambda char: char.end_ns)
        return [char for char in chars if self._distinct(char)]

    def _put(self, burst: Burst, index: int, end_ns: int, chars: list[Char]) -> None:
        if self.shorted and not burst.isolated:
            burst.lost_count += 1
            return
        start_ns = burst.edge_ns(index)
        byte = burst.sent[index]
        drivers: tuple[str, ...] = (burst.node,)
        if burst.collided:
            others = [b for b in self._bursts if b is not burst and b.overlaps(start_ns, end_ns)]
            if others:
                drivers = (burst.node, *(other.node for other in others))
                byte = self.garble(byte)
        if self.bit_error_ratio:
            byte = self._spoil(byte)
        chars.append(Char(start_ns, end_ns, byte, burst.baudrate, drivers, burst.isolated))

    def _distinct(self, char: Char) -> bool:
        """False for a character inside another one: a receiver is still busy with the first."""
        if char.isolated:
            return True
        if char.start_ns < self._heard_until_ns:
            return False
        self._heard_until_ns = char.end_ns
        return True

    def garble(self, byte: int) -> int:
        """Another byte, never the same one: a collision must never be missed by luck."""
        return byte ^ self._random.randrange(1, 256)

    def _spoil(self, byte: int) -> int:
        flips = sum(1 << bit for bit in range(8) if self._random.random() < self.bit_error_ratio)
        self.noisy_char_count += flips != 0
        return byte ^ flips

    def take_finished(self, now_ns: int) -> list[Burst]:
        """Bursts that are over, each once; kept while a character that they touched goes on."""
        unfinished_ns = [
            b.edge_ns(b.carried_count) for b in self._bursts if b.carried_count < len(b.sent)
        ]
        limit_ns = min(unfinished_ns, default=now_ns)
        over: list[Burst] = []
        going_on: list[Burst] = []
        for burst in self._bursts:
            carried = burst.carried_count == len(burst.sent)
            (over if carried and burst.end_ns <= limit_ns else going_on).append(burst)
        self._bursts = going_on
        return over

    def busy(self) -> bool:
        return any(b.carried_count < len(b.sent) and not b.isolated for b in self._bursts)

    def next_ns(self, grain_ns: int) -> int | None:
        """When to carry next: the end of a burst, or `grain_ns` after a character has ended."""
        due_ns = [
            min(b.end_ns, b.edge_ns(b.carried_count + 1) + grain_ns)
            for b in self._bursts
            if b.carried_count < len(b.sent)
        ]
        return min(due_ns, default=None)
