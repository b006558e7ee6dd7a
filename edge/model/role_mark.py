"""A unit's role as people see it: a word behind a shape, never a colour. Pure.

Colour is for faults; a role must be told apart on a printout, by the colour-blind, and on a console
that has no such signs.
"""

from __future__ import annotations

from typing import Final

UNKNOWN_ROLE: Final = "unknown"
_SHAPES: Final = {
    "active": "■",
    "yield": "■",
    "standby": "□",
    "alone": "▲",
    "claim": "◆",
    "boot": "◇",
    "listen": "◇",
    "suspect": "◇",
    "maintenance": "○",
    UNKNOWN_ROLE: "?",
}
_OTHER: Final = "●"
_ASCII: Final = str.maketrans(
    {"■": "[#]", "□": "[ ]", "▲": "[^]", "◆": "[+]", "◇": "[~]", "○": "[-]", "●": "[*]"}
)


def role_mark(role: str) -> str:
    """A role in capitals behind its shape."""
    return f"{_SHAPES.get(role, _OTHER)} {role.upper()}"


def in_ascii(text: str) -> str:
    """The same with each shape drawn in brackets, for the Linux console and the C locale."""
    return text.translate(_ASCII)
