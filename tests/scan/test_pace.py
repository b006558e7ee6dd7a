"""The pace: whole periods from the start, missed ones counted and never made up for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.scan.pace import Pace

MS = 1_000_000


def test_pace_with_scans_on_time_keeps_whole_periods_from_the_start() -> None:
    pace = Pace(100 * MS, 7)
    deadlines = []
    for late_ms in (3, 99, 1, 100):
        deadlines.append(pace.deadline_mono_ns)
        pace.advance(pace.deadline_mono_ns + late_ms * MS)
    assert deadlines == [7, 7 + 100 * MS, 7 + 200 * MS, 7 + 300 * MS]
    assert (pace.overrun_count, pace.skipped_count) == (0, 0)


def test_pace_after_an_overrun_skips_the_missed_instants_and_counts_them() -> None:
    pace = Pace(100 * MS, 0)
    assert pace.advance(350 * MS) == 3
    assert pace.deadline_mono_ns == 400 * MS
    assert (pace.overrun_count, pace.skipped_count) == (1, 3)
    assert pace.advance(420 * MS) == 0


def test_pace_reached_exactly_at_the_next_deadline_misses_none() -> None:
    pace = Pace(100 * MS, 0)
    assert pace.advance(100 * MS) == 0
    assert pace.slack_ns(100 * MS) == 0


@given(
    st.integers(1, 10**9),
    st.integers(0, 10**15),
    st.lists(st.integers(0, 10**11), max_size=30),
)
def test_pace_never_bursts_and_never_drifts(
    period_ns: int, start_ns: int, durations: list[int]
) -> None:
    pace = Pace(period_ns, start_ns)
    for scans, duration_ns in enumerate(durations, 1):
        begun_ns = pace.deadline_mono_ns
        pace.advance(begun_ns + duration_ns)
        assert pace.slack_ns(begun_ns + duration_ns) >= 0
        assert pace.deadline_mono_ns >= begun_ns + period_ns
        assert pace.slack_ns(begun_ns + duration_ns) <= period_ns
        assert pace.deadline_mono_ns == start_ns + (scans + pace.skipped_count) * period_ns
