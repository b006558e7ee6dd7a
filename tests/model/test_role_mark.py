"""Roles by word and shape, also where only ASCII can be shown."""

from __future__ import annotations

from edge.model.role_mark import in_ascii, role_mark


def test_role_mark_has_a_shape_and_a_word_for_each_role() -> None:
    roles = ("active", "yield", "standby", "alone", "claim", "listen", "maintenance", "unknown")
    assert [role_mark(role) for role in (*roles, "single")] == [
        "■ ACTIVE",
        "■ YIELD",
        "□ STANDBY",
        "▲ ALONE",
        "◆ CLAIM",
        "◇ LISTEN",
        "○ MAINTENANCE",
        "? UNKNOWN",
        "● SINGLE",
    ]


def test_role_mark_in_ascii_keeps_the_shapes_apart() -> None:
    assert in_ascii("■ □ ▲ ◆ ◇ ○ ● ?") == "[#] [ ] [^] [+] [~] [-] [*] ?"
