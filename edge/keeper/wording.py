"""Texts from outside (names, files) on their way to a journal, a log or an operator's terminal."""

from __future__ import annotations

from typing import Final

_LINES_MAX: Final = 10
_LINE_CHARS_MAX: Final = 300


def plain(text: str, chars_max: int = _LINE_CHARS_MAX) -> str:
    """One line of printable characters, so that no file can steer a terminal; cut at the limit."""
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return line if len(line) <= chars_max else f"{line[: chars_max - 1]}…"


def told(text: str) -> str:
    """Plain lines, of which ten at most: a plan in kW is wrong in every slot."""
    lines = text.split("\n")
    more = len(lines) - _LINES_MAX
    kept = [plain(line) for line in lines[:_LINES_MAX]]
    return "\n".join(kept + ([f"and {more} more"] if more > 0 else []))
