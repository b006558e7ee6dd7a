"""Essential hours within the local week."""

from __future__ import annotations

from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from edge.core.shedding.essential import EssentialHours
from edge.model.outlook import LocalMoment
from edge.model.spec import DailyWindow
from edge.model.units import NS_PER_S

MONDAY, FRIDAY, SUNDAY = 0, 4, 6
EVERY_DAY: frozenset[int] = frozenset()


def at(weekday: int, hour: int, minute: int = 0, second: int = 0) -> LocalMoment:
    return LocalMoment(weekday, hour * 3600 + minute * 60 + second)


def test_hours_without_windows_are_never_essential() -> None:
    assert EssentialHours(()).wait_ns(at(MONDAY, 12)) is None


def test_hours_of_a_window_begin_at_its_start_and_end_before_its_end() -> None:
    hours = EssentialHours((DailyWindow(time(6), time(8), EVERY_DAY),))
    moments = [at(2, 5, 59, 59), at(2, 6), at(2, 7, 59, 59), at(2, 8)]
    assert [hours.wait_ns(moment) == 0 for moment in moments] == [False, True, True, False]


def test_hours_of_some_weekdays_wrap_midnight_into_the_day_after() -> None:
    hours = EssentialHours((DailyWindow(time(22), time(2), frozenset({SUNDAY})),))
    moments = [at(SUNDAY, 1), at(SUNDAY, 23), at(MONDAY, 1), at(MONDAY, 2), at(MONDAY, 23)]
    assert [hours.wait_ns(moment) == 0 for moment in moments] == [False, True, True, False, False]


def test_hours_with_equal_start_and_end_last_a_whole_day() -> None:
    hours = EssentialHours((DailyWindow(time(6), time(6), frozenset({FRIDAY})),))
    assert [hours.wait_ns(at(5, 5, 59)) == 0, hours.wait_ns(at(5, 6)) == 0] == [True, False]


def test_hours_ahead_are_seen_over_the_end_of_the_week() -> None:
    hours = EssentialHours((DailyWindow(time(0, 10), time(1), frozenset({MONDAY})),))
    assert hours.wait_ns(at(SUNDAY, 23, 55)) == 15 * 60 * NS_PER_S


windows = st.builds(
    DailyWindow,
    st.times().map(lambda t: t.replace(microsecond=0)),
    st.times().map(lambda t: t.replace(microsecond=0)),
    st.frozensets(st.integers(0, 6), max_size=3),
)


@given(st.lists(windows, max_size=4), st.integers(0, 7 * 86_400 - 1))
def test_hours_agree_with_a_plain_reading_of_every_window(
    declared: list[DailyWindow], second: int
) -> None:
    """Property: bisection over merged spans says what each window says for itself."""

    def covers(window: DailyWindow, second: int) -> bool:
        start = window.start.hour * 3600 + window.start.minute * 60 + window.start.second
        end = window.end.hour * 3600 + window.end.minute * 60 + window.end.second
        length = (end - start) % 86_400 or 86_400
        return any(
            (second - day * 86_400 - start) % (7 * 86_400) < length
            for day in (window.weekdays or range(7))
        )

    hours = EssentialHours(tuple(declared))
    moment = LocalMoment(second // 86_400, second % 86_400)
    wait_ns = hours.wait_ns(moment)
    assert (wait_ns == 0) is any(covers(window, second) for window in declared)
    if wait_ns:
        begin = second + wait_ns // NS_PER_S
        assert [any(covers(window, at) for window in declared) for at in (begin - 1, begin)] == [
            False,
            True,
        ]
