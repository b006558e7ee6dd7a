"""What people type, and how numbers are written."""

from __future__ import annotations

from datetime import date, datetime

import click
import pytest

from edge.cli import terms
from edge.model.units import NS_PER_S


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("30min", 1800), ("2h", 7200), ("1h30m", 5400), ("90s", 90), ("1h1m1s", 3661)],
)
def test_duration_in_hours_minutes_and_seconds(text: str, seconds: int) -> None:
    assert terms.duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "0m", "m", "-5m", "1.5h", "30m2h", "forever"])
def test_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="need a duration like 30m"):
        terms.duration_s(text)


def test_moment_is_local_unless_it_has_an_offset() -> None:
    at = int(datetime.fromisoformat("2026-04-01T00:00:00+00:00").timestamp()) * NS_PER_S
    assert terms.moment_ns("2026-04-01T09:00") == at
    assert terms.moment_ns("2026-04-01T02:00+02:00") == at
    assert terms.moment_ns("2026-04-01T09:00:00.000250") == at + 250_000


def test_days_are_a_day_or_a_range() -> None:
    assert terms.days_of("2026-04-01") == (date(2026, 4, 1), date(2026, 4, 1))
    assert terms.days_of("2026-04-01..2026-04-03") == (date(2026, 4, 1), date(2026, 4, 3))
    for text, need in (("april", "need days like"), ("2026-04-03..2026-04-01", "earlier day")):
        with pytest.raises(click.BadParameter, match=need):
            terms.days_of(text)


def test_day_may_be_named_or_called_today() -> None:
    today = terms.day_of("today")
    assert (today - terms.day_of("yesterday")).days == 1
    assert terms.day_of("2026-04-01") == date(2026, 4, 1)
    with pytest.raises(click.BadParameter, match="need a day like"):
        terms.day_of("friday")


def test_unit_ids_are_ranges_and_single_ones_from_1_to_247() -> None:
    assert terms.unit_ids("7") == (7,)
    assert terms.unit_ids("3-5,1,4") == (1, 3, 4, 5)
    assert terms.unit_ids("1-247") == tuple(range(1, 248))
    for text in ("", "0-3", "240-248", "5-3", "a", "1-", "1--3", "1-99999999999"):
        with pytest.raises(click.BadParameter, match="need unit ids"):
            terms.unit_ids(text)


def test_numbers_have_units_separators_and_a_real_minus() -> None:
    assert terms.kw(None) == "-"
    assert terms.kw(1_234_567.0) == "1,234.6 kW"
    assert terms.kw(-7_600.0) == "−7.6 kW"
    assert terms.number(-0.04) == "0.0"
    assert terms.number(1.005, 0) == "1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min"), (863, "14 min 23 s"), (1800, "30 min"), (7500, "2 h 05 min")],
)
def test_durations_are_written_in_two_units(seconds: float, text: str) -> None:
    assert terms.duration(seconds) == text
