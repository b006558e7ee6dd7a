"""What a meter's registers hold: plant values, encoded as its manual says, at the moment of a read.

It decides register words only; frames, timing and the way to the line are elsewhere. A unit's span
of addresses has no holes: registers that the description does not name read as zero.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from hil.values import Values

Type = Literal["s16", "u16", "s32", "u32", "s64", "u64", "f32"]


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value from register `address` (0-based) on: raw = cell * scale; `big`: high word first."""

    fc: Literal[3, 4]
    address: int
    type: Type
    cell: str
    scale: float = 1.0
    word_order: Literal["big", "little"] = "big"

    @property
    def word_count(self) -> int:
        return int(self.type[1:]) // 16


def encode(point: Point, raw: float) -> list[int]:
    """Words on the wire. Counters roll over, signed values stop at their limit.

    NaN in an integer is SunSpec's "not implemented": the lowest signed, the highest unsigned value.
    """
    bits = int(point.type[1:])
    if point.type == "f32":
        packed = struct.pack(">f", raw)
    elif point.type[0] == "u":
        number = (1 << bits) - 1 if math.isnan(raw) else round(raw) % (1 << bits)
        packed = number.to_bytes(bits // 8, "big")
    else:
        top = (1 << (bits - 1)) - 1
        number = -top - 1 if math.isnan(raw) else max(-top, min(top, round(raw)))
        packed = number.to_bytes(bits // 8, "big", signed=True)
    words = list(struct.unpack(f">{len(packed) // 2}H", packed))
    return words if point.word_order == "big" else words[::-1]


class Registers:
    """The register tables of several units over one set of values; `nan`, `factor`: faults."""

    def __init__(self, points: Mapping[int, Sequence[Point]], values: Values) -> None:
        self._points = points
        self._values = values
        self.nan: set[int] = set()
        self.factor: dict[int, float] = {}

    @property
    def unit_ids(self) -> list[int]:
        return list(self._points)

    def span(self, unit_id: int, fc: int) -> tuple[int, int]:
        """First address and count of words of a table; (0, 0) where a unit has none."""
        points = [point for point in self._points[unit_id] if point.fc == fc]
        first = min((point.address for point in points), default=0)
        end = max((point.address + point.word_count for point in points), default=0)
        return first, end - first

    def words(self, unit_id: int, fc: int) -> list[int]:
        """The whole span, computed now."""
        first, count = self.span(unit_id, fc)
        words = [0] * count
        for point in self._points[unit_id]:
            if point.fc == fc:
                at = point.address - first
                words[at : at + point.word_count] = encode(point, self._raw(unit_id, point))
        return words

    def _raw(self, unit_id: int, point: Point) -> float:
        if unit_id in self.nan:
            return math.nan
        return self._values[point.cell] * point.scale * self.factor.get(unit_id, 1.0)
