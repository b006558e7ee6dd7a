"""A timeline as SVG: places along the time axis in per cent, so that it takes any width.

Names of lanes stand in a picture of their own, which stays when a narrow screen scrolls the other.
"""

from __future__ import annotations

import math

from hil.suite.record import ScenarioRecord
from hil.suite.report import lanes
from hil.suite.report.axis import FONT_PX, PLOT_PX_MIN, Window, ticks, whole
from hil.suite.report.flags import Flag
from hil.suite.report.lanes import Bar, Kind, Lane
from hil.suite.report.markup import Element, add, el, shortened, text_px

_ROW_PX = 18
_BAR_PX = 14
_LANE_GAP_PX = 4
_TOP_PX = 4
_AXIS_PX = 22
_NAMES_PX_MAX = 150
_PAD_PX = 8
# From a row's top to the foot of its text.
_TEXT_PX = 11
# A tick for a flag that has no room.
_HEAP_PX = 4
_QUIET_ROLES = frozenset({"boot", "listen", "maintenance"})


def timelines(scenario: ScenarioRecord) -> list[Element]:
    """The whole, and each takeover that is too short to be seen in it, enlarged."""
    if not (scenario.spans or scenario.marks):
        return []
    found = lanes.zooms(scenario)
    window = whole(scenario)
    shown, zoomed = lanes.lanes(scenario, window), [zoom for _, zoom in found]
    drawn = [_figure("Timeline", window, shown, zoomed, "whole")]
    for turn, zoom in found:
        caption = f"Enlarged: {turn.text}"
        drawn.append(_figure(caption, zoom, lanes.lanes(scenario, zoom, zoomed=True), [], "zoom"))
    return drawn


def _figure(
    caption: str, window: Window, shown: list[Lane], zooms: list[Window], class_: str
) -> Element:
    tops, bottom = _tops(shown)
    box = el(
        "div", _names(shown, tops, bottom), _plot(caption, window, shown, tops, bottom, zooms),
        class_="timeline", tabindex="0", role="group", aria_label=caption,
    )  # fmt: skip
    return el("figure", el("figcaption", caption), box, class_=class_)


def _tops(shown: list[Lane]) -> tuple[list[int], int]:
    tops: list[int] = []
    top = _TOP_PX
    for lane in shown:
        tops.append(top)
        top += lane.rows_count * _ROW_PX + _LANE_GAP_PX
    return tops, top


def _names(shown: list[Lane], tops: list[int], bottom: int) -> Element:
    longest_px = max((text_px(lane.name, FONT_PX) for lane in shown), default=0)
    width_px = math.ceil(min(_NAMES_PX_MAX, longest_px + _PAD_PX))
    picture = _svg(f"{width_px}px", bottom, class_="names", aria_hidden="true")
    for lane, top in zip(shown, tops, strict=True):
        name = shortened(lane.name, width_px - _PAD_PX, FONT_PX)
        add(picture, _text(f"{width_px - _PAD_PX}", top + _TEXT_PX, name, text_anchor="end"))
    return picture


def _plot(
    caption: str, window: Window, shown: list[Lane], tops: list[int], bottom: int,
    zooms: list[Window],
) -> Element:  # fmt: skip
    picture = _svg("100%", bottom, class_="plot", role="img", aria_label=caption)
    picture.set("style", f"min-width:{PLOT_PX_MIN}px")
    for zoom in zooms:
        start, end = window.fraction(zoom.start_ns), window.fraction(zoom.end_ns)
        add(picture, _rect(start, end, 0, bottom, "zoomed"))
    for at, label in ticks(window):
        add(picture, _line(at, 0, bottom, "tick"), _tick_label(at, bottom, label))
    for lane, top in zip(shown, tops, strict=True):
        add(picture, _lane(lane, top))
    return picture


def _lane(lane: Lane, top: int) -> Element:
    height = lane.rows_count * _ROW_PX
    group = el("g", class_=f"lane {lane.kind}", data_lane=lane.name)
    add(group, _rect(0, 1, top - 1, height, "ground"))
    for flag in lane.flags:
        add(group, _flag(flag, top, lane.flag_rows_count * _ROW_PX - 2))
    for bar in lane.bars:
        add(group, _bar(lane, bar, top + (lane.flag_rows_count + bar.row) * _ROW_PX))
    return group


def _bar(lane: Lane, bar: Bar, y: int) -> Element:
    class_ = f"bar {_shade(lane, bar)}"
    group = el("g", el("title", f"{lane.name}: {bar.text}"), class_=class_)
    add(group, _rect(bar.start, bar.end, y, _BAR_PX, "body"))
    # Too short to have a width is still to be seen.
    add(group, _line(bar.start, y, y + _BAR_PX, "edge"))
    if bar.label:
        at = bar.end if bar.beside else bar.start
        class_ = "beside" if bar.beside else "within"
        add(group, _text(_percent(at), y + _TEXT_PX, bar.label, dx="5", class_=class_))
    return group


def _shade(lane: Lane, bar: Bar) -> str:
    if bar.is_wrong:
        return "wrong"
    if lane.kind is not Kind.ROLE:
        return ""
    if bar.text in {"active", "standby"}:
        return bar.text
    return "quiet" if bar.text in _QUIET_ROLES else "passing"


def _flag(flag: Flag, top: int, height: int) -> Element:
    group = el("g", el("title", flag.text), class_="flag")
    if flag.row is None:
        return add(group, _line(flag.at, top + height - _HEAP_PX, top + height, "pole"))
    y = top + flag.row * _ROW_PX
    add(group, _line(flag.at, y, top + height, "pole"))
    shape = "0,1 -8,5 0,9" if flag.to_left else "0,1 8,5 0,9"
    cloth = el(
        "svg", el("polygon", points=shape), x=_percent(flag.at), y=str(y), overflow="visible"
    )
    add(group, cloth)
    if flag.label:
        anchor = "end" if flag.to_left else "start"
        dx = "-11" if flag.to_left else "11"
        add(group, _text(_percent(flag.at), y + _TEXT_PX, flag.label, dx=dx, text_anchor=anchor))
    return group


def _tick_label(at: float, bottom: int, label: str) -> Element:
    anchor = "start" if at < 0.02 else "end" if at > 0.98 else "middle"
    text = f"{label} s"
    return _text(_percent(at), bottom + 14, text, text_anchor=anchor, class_="time")


def _svg(width: str, bottom: int, **attributes: str) -> Element:
    return el("svg", width=width, height=str(bottom + _AXIS_PX), **attributes)


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.3f}%"


def _rect(start: float, end: float, y: int, height: int, class_: str) -> Element:
    width = _percent(end - start)
    return el(
        "rect", x=_percent(start), y=str(y), width=width, height=str(height), class_=class_
    )  # fmt: skip


def _line(at: float, y1: int, y2: int, class_: str) -> Element:
    x = _percent(at)
    return el("line", x1=x, x2=x, y1=str(y1), y2=str(y2), class_=class_)


def _text(x: str, y: int, text: str, **attributes: str | None) -> Element:
    return el("text", text, x=x, y=str(y), **attributes)
