"""Places of flags with their labels, so that none lies on another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec

from hil.suite.record import Mark
from hil.suite.report.axis import FONT_PX, MARGIN_PX, PLOT_PX_MIN, Window
from hil.suite.report.markup import shortened, text_px

_FLAG_PX = 9
_LABEL_PX_MAX = 300
# A shorter piece of a label says nothing.
_LABEL_PX_MIN = 120
# More flags than this above each other are a heap: later ones are ticks, told in the table alone.
_ROWS_MAX = 6


class Flag(msgspec.Struct, frozen=True):
    """`row` None: a tick without a flag. `to_left`: its label ends at it."""

    row: int | None
    at: float
    text: str
    label: str = ""
    to_left: bool = False


class _Place(msgspec.Struct, frozen=True):
    """What a flag takes: all of it, of which the text, and a pole through all rows below."""

    start_px: float
    end_px: float
    text_start_px: float
    text_end_px: float
    pole_px: float

    def collides(self, other: _Place) -> bool:
        """With one in the same row."""
        return self.start_px < other.end_px and other.start_px < self.end_px

    def is_crossed(self, other: _Place) -> bool:
        """By the pole of one in a row above."""
        return self.text_start_px < other.pole_px < self.text_end_px


class _Rows:
    def __init__(self) -> None:
        self._taken: list[list[_Place]] = [[] for _ in range(_ROWS_MAX)]

    def take(self, place: _Place) -> int | None:
        """The uppermost row with room; None where there is none."""
        for row, taken in enumerate(self._taken):
            above = itertools.chain.from_iterable(self._taken[:row])
            below = itertools.chain.from_iterable(self._taken[row + 1 :])
            if not (
                any(place.collides(other) for other in taken)
                or any(place.is_crossed(other) for other in above)
                or any(other.is_crossed(place) for other in below)
            ):
                taken.append(place)
                return row
        return None


def _place(x_px: float, label_px: float, *, to_left: bool) -> _Place:
    flag_px, end_px = _FLAG_PX, _FLAG_PX + label_px + (MARGIN_PX if label_px else 0)
    if to_left:
        return _Place(x_px - end_px, x_px + 2, x_px - end_px, x_px - flag_px, x_px)
    return _Place(x_px - 2, x_px + end_px, x_px + flag_px, x_px + end_px, x_px)


def flags(marks: Sequence[Mark], window: Window) -> list[Flag]:
    """Each with its label in the first row that has room; without it where none has."""
    rows = _Rows()
    return [_flag(mark, window.fraction(mark.t_ns), rows) for mark in marks]


def _flag(mark: Mark, at: float, rows: _Rows) -> Flag:
    """Its label to the right, or where that is the longer one to the left; cut, if need be."""
    x_px = at * PLOT_PX_MIN
    room_right_px = PLOT_PX_MIN - x_px - _FLAG_PX - MARGIN_PX
    to_left_first = text_px(mark.text, FONT_PX) > room_right_px and x_px > PLOT_PX_MIN / 2
    for longest_px in (_LABEL_PX_MAX, _LABEL_PX_MIN):
        for to_left in (to_left_first, not to_left_first):
            room_px = x_px - _FLAG_PX - MARGIN_PX if to_left else room_right_px
            label = shortened(mark.text, min(room_px, longest_px), FONT_PX)
            if text_px(label, FONT_PX) < min(_LABEL_PX_MIN / 2, text_px(mark.text, FONT_PX)):
                continue
            place = _place(x_px, text_px(label, FONT_PX), to_left=to_left)
            if (row := rows.take(place)) is not None:
                return Flag(row, at, mark.text, label, to_left)
    row = rows.take(_place(x_px, 0, to_left=to_left_first))
    return Flag(row, at, mark.text, "", to_left_first)
