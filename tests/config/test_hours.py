"""Hours of the local week as people write them."""

from __future__ import annotations

from datetime import time

import pytest

from edge.config.hours import parse_hours
from edge.model.spec import DailyWindow


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("13:00-16:00", DailyWindow(time(13), time(16), frozenset())),
        ("mon-fri 11:30-13:00", DailyWindow(time(11, 30), time(13), frozenset(range(5)))),
        ("sat,sun 00:00-24:00", DailyWindow(time(0), time(0), frozenset({5, 6}))),
        ("fri-mon 22:00-06:00", DailyWindow(time(22), time(6), frozenset({4, 5, 6, 0}))),
        (" Tue,thu-fri  08:00-09:00 ", DailyWindow(time(8), time(9), frozenset({1, 3, 4}))),
    ],
)
def test_hours_as_written_mean_a_window(text: str, window: DailyWindow) -> None:
    assert parse_hours(text) == window


@pytest.mark.parametrize(
    "text",
    [
        "",
        "08:00",
        "8:00-9:00",
        "08:00-08:00",
        "24:00-08:00",
        "08:60-09:00",
        "08:00-25:00",
        "funday 08:00-09:00",
        "mon-xyz 08:00-09:00",
        "mon- 08:00-09:00x",
        "mon 08:00 - 09:00",
    ],
)
def test_hours_that_mean_nothing_are_none(text: str) -> None:
    assert parse_hours(text) is None
