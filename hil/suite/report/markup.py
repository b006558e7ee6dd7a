"""Elements of a page: HTML, SVG and XML from one builder, which escapes by construction.

Whatever a log holds becomes legible text here: no escape sequences, no characters XML refuses.
"""

from __future__ import annotations

import re
import unicodedata
from xml.etree import ElementTree as ET

from hil.suite.record import Measured, Verdict

Element = ET.Element
Part = Element | str | None

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")
_REFUSED = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SMALL = 0.001
_SMALL_PLACES = 8

SYMBOL = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.SKIPPED: "–",
    Verdict.ERROR: "!",
}


def legible(text: str) -> str:
    return _REFUSED.sub("�", _ESCAPES.sub("", text))


def el(name: str, /, *parts: Part, **attributes: str | None) -> Element:
    """`class_` is `class`, `stroke_width` is `stroke-width`; what is None is left out."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(key.rstrip("_").replace("_", "-"), legible(value))
    return add(element, *parts)


def add(element: Element, *parts: Part) -> Element:
    """Text and elements in turn, at the end of what it holds; returns it."""
    for part in parts:
        if isinstance(part, Element):
            element.append(part)
        elif part:
            _add_text(element, legible(part))
    return element


def _add_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def html(root: Element) -> str:
    return "<!DOCTYPE html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"


def table(heads: list[str], rows: list[list[Part]], class_: str) -> Element:
    """Cells know their column's head, which a narrow screen shows beside them."""
    body = el("tbody")
    for row in rows:
        line = el("tr")
        for head, cell in zip(heads, row, strict=True):
            add(line, el("td", cell, data_head=head))
        add(body, line)
    head_line = el("tr", *(el("th", head, scope="col") for head in heads))
    return el("table", el("thead", head_line), body, class_=class_)


def badge(verdict: Verdict) -> Element:
    """A verdict by shape, word and only then colour."""
    symbol = el("span", SYMBOL[verdict], class_="symbol", aria_hidden="true")
    return el("span", symbol, " ", verdict.value, class_=f"badge {verdict.value}")


def title_of(name: str) -> str:
    """A test's name as words; parameters stay as they are."""
    words, bracket, parameters = name.partition("[")
    words = words.removeprefix("test_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}{' ' if bracket else ''}{bracket}{parameters}"


def number(value: float) -> str:
    """Four figures; whole numbers, and from a thousand on all, without decimals."""
    if value == round(value) or abs(value) >= 1000:
        digits = f"{value:,.0f}"
    elif abs(value) < _SMALL:
        digits = f"{value:.{_SMALL_PLACES}f}".rstrip("0")
    else:
        digits = f"{value:.4g}"
    return digits.replace(",", "\u202f").replace("-", "−")


def quantity(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def band(measured: Measured) -> str:
    """What was allowed, in words of mathematics."""
    low, high = measured.allowed_min, measured.allowed_max
    if low is None and high is None:
        return "no limit"
    if low is None:
        return f"≤ {quantity(high or 0.0, measured.unit)}"
    if high is None:
        return f"≥ {quantity(low, measured.unit)}"
    if low == high:
        return f"= {quantity(low, measured.unit)}"
    return f"{number(low)} to {quantity(high, measured.unit)}"


def text_px(text: str, font_px: float) -> float:
    """The room a text takes at most, in a usual sans-serif; kanji are as wide as they are high."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return (wide * 1.02 + (len(text) - wide) * 0.6) * font_px


def shortened(text: str, room_px: float, font_px: float) -> str:
    if text_px(text, font_px) <= room_px:
        return text
    while text and text_px(f"{text}…", font_px) > room_px:
        text = text[:-1]
    return f"{text.rstrip()}…"
