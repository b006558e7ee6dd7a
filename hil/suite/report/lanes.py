"""A scenario's timeline as lanes and rows, with every label's place decided.

Pure layout: fractions of the time axis and numbers of rows, laid out for the narrowest plot, so
that nothing overlaps on a wider one.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable, Sequence

import msgspec

from hil.suite.record import Mark, ScenarioRecord, Span
from hil.suite.report.axis import FONT_PX, MARGIN_PX, PLOT_PX_MIN, Window, end_ns_of, whole
from hil.suite.report.flags import Flag, flags
from hil.suite.report.markup import text_px
from hil.suite.report.turns import BUS_ENDING, Turn, turns

# A soak's lane may hold thousands; the table and the record have them all.
DRAWN_MAX = 400
_ZOOMS_MAX = 3
# A gap that is narrower is drawn a second time, enlarged.
_ZOOM_BELOW = 0.06
_ZOOM_PAD_NS_MIN = 150_000_000


class Kind(enum.StrEnum):
    """In the order from top to bottom."""

    BUS = "bus"
    GAP = "gap"
    ROLE = "role"
    FAULT = "fault"
    LOAD = "load"


class Bar(msgspec.Struct, frozen=True):
    """`label` is empty where there is no room for it; `beside`: it is to the bar's right."""

    row: int
    start: float
    end: float
    text: str
    label: str = ""
    beside: bool = False
    is_wrong: bool = False


class Lane(msgspec.Struct, frozen=True):
    name: str
    kind: Kind
    bars: list[Bar]
    flags: list[Flag]

    @property
    def rows_count(self) -> int:
        """Flags stand above bars."""
        return max(1, self.flag_rows_count + self._bar_rows_count)

    @property
    def flag_rows_count(self) -> int:
        return max((flag.row + 1 for flag in self.flags if flag.row is not None), default=0)

    @property
    def _bar_rows_count(self) -> int:
        return max((bar.row + 1 for bar in self.bars), default=0)


def kind_of(lane: str, spans: Iterable[Span]) -> Kind:
    if lane.endswith(BUS_ENDING):
        return Kind.BUS
    if lane.endswith(" role"):
        return Kind.ROLE
    texts = {span.text for span in spans if span.lane == lane}
    return Kind.LOAD if texts == {"shed"} else Kind.FAULT


def zooms(scenario: ScenarioRecord) -> list[tuple[Turn, Window]]:
    """Takeovers that are too short to be seen in the whole."""
    window = whole(scenario)
    length_ns = window.end_ns - window.start_ns
    found: list[tuple[Turn, Window]] = []
    for turn in turns(scenario):
        width_ns = abs(turn.end_ns - turn.start_ns)
        if turn.old in {turn.new, ""} or width_ns > length_ns * _ZOOM_BELOW:
            continue
        first_ns, last_ns = sorted((turn.start_ns, turn.end_ns))
        pad_ns = max(2 * width_ns, _ZOOM_PAD_NS_MIN)
        found.append((turn, Window(first_ns - pad_ns, last_ns + pad_ns, window.zero_ns)))
    return found[:_ZOOMS_MAX]


def lanes(scenario: ScenarioRecord, window: Window, *, zoomed: bool = False) -> list[Lane]:
    """A zoom leaves out what shows nothing in it."""
    names = dict.fromkeys(
        [span.lane for span in scenario.spans] + [mark.lane for mark in scenario.marks]
    )
    found = [_lane(name, scenario, window) for name in names]
    if zoomed:
        found = [lane for lane in found if lane.bars or lane.flags]
    if gaps := _gaps(scenario, window):
        found.append(Lane("no driver", Kind.GAP, gaps, []))
    order = list(Kind)
    return sorted(found, key=lambda lane: (order.index(lane.kind), lane.name))


def _lane(name: str, scenario: ScenarioRecord, window: Window) -> Lane:
    spans = [span for span in scenario.spans if span.lane == name]
    marks = [mark for mark in scenario.marks if mark.lane == name and window.holds(mark.t_ns)]
    pieces = [
        (max(span.start_ns, window.start_ns), min(end_ns, window.end_ns), span.text)
        for span in spans
        if (end_ns := end_ns_of(span, scenario)) >= window.start_ns
        and span.start_ns <= window.end_ns
    ]
    bars = _bars(sorted(pieces)[:DRAWN_MAX], window)
    return Lane(name, kind_of(name, spans), bars, flags(sorted_marks(marks)[:DRAWN_MAX], window))


def sorted_marks(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: (mark.t_ns, mark.lane, mark.text))


def _bars(pieces: Sequence[tuple[int, int, str]], window: Window) -> list[Bar]:
    """Those that hold at the same time in rows of their own."""
    bars: list[Bar] = []
    row_ends_ns: list[int] = []
    for start_ns, end_ns, text in pieces:
        free = (row for row, until_ns in enumerate(row_ends_ns) if until_ns <= start_ns)
        row = next(free, len(row_ends_ns))
        row_ends_ns[row:] = [end_ns, *row_ends_ns[row + 1 :]]
        start, end = window.fraction(start_ns), window.fraction(end_ns)
        room_px = (end - start) * PLOT_PX_MIN - MARGIN_PX
        label = text if text_px(text, FONT_PX) <= room_px else ""
        bars.append(Bar(row, start, end, text, label))
    return bars


def _gaps(scenario: ScenarioRecord, window: Window) -> list[Bar]:
    shown = [
        turn
        for turn in turns(scenario)[:DRAWN_MAX]
        if max(turn.start_ns, turn.end_ns) >= window.start_ns
        and min(turn.start_ns, turn.end_ns) <= window.end_ns
    ]
    return [
        _gap(turn, following, window) for turn, following in itertools.zip_longest(shown, shown[1:])
    ]


def _gap(turn: Turn, following: Turn | None, window: Window) -> Bar:
    """Its label within it, or to its right, or none."""
    start, end = sorted((window.fraction(turn.start_ns), window.fraction(turn.end_ns)))
    next_start = 1.0 if following is None else window.fraction(following.start_ns)
    label_px = text_px(turn.length, FONT_PX) + MARGIN_PX
    if label_px <= (end - start) * PLOT_PX_MIN:
        return Bar(0, start, end, turn.text, turn.length, is_wrong=turn.overlaps)
    has_room = label_px + MARGIN_PX <= (next_start - end) * PLOT_PX_MIN
    label = turn.length if has_room else ""
    return Bar(0, start, end, turn.text, label, has_room, turn.overlaps)
