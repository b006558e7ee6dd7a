"""The order of polls: fair among the live, sparing with the dead."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bus.poller import BACKOFF_NS_MAX, DEAD_AFTER_COUNT, FOREVER_MONO_NS, PollSchedule
from edge.model.units import NS_PER_MS, NS_PER_S

GOOD_NS = 25 * NS_PER_MS
DEAD_NS = 800 * NS_PER_MS


def run(
    schedule: PollSchedule, dead: set[int], until_ns: int, now_ns: int = 0
) -> list[tuple[int, int]]:
    """(start, meter) of each poll on a simulated line where a dead meter costs 0.8 s."""
    polls = []
    while now_ns < until_ns:
        index = schedule.choose(now_ns)
        if index is None:
            now_ns += max(1, schedule.wait_ns(now_ns))
            continue
        polls.append((now_ns, index))
        end_ns = now_ns + (DEAD_NS if index in dead else GOOD_NS)
        schedule.record(index, good=index not in dead, started_mono_ns=now_ns, now_mono_ns=end_ns)
        now_ns = end_ns
    return polls


def test_schedule_of_live_meters_takes_turns() -> None:
    order = [index for _, index in run(PollSchedule(3, 0), set(), 9 * GOOD_NS)]
    assert order == [0, 1, 2] * 3


def test_schedule_with_an_interval_waits_for_it() -> None:
    polls = run(PollSchedule(1, 100 * NS_PER_MS), set(), NS_PER_S)
    assert [start for start, _ in polls] == [i * 100 * NS_PER_MS for i in range(10)]


def test_schedule_of_a_meter_that_failed_once_keeps_its_turn() -> None:
    schedule = PollSchedule(2, 0)
    schedule.record(0, good=False, started_mono_ns=0, now_mono_ns=10)
    schedule.record(1, good=True, started_mono_ns=10, now_mono_ns=20)
    assert schedule.choose(20) == 0


def test_schedule_with_a_dead_meter_backs_off_without_starving_the_others() -> None:
    polls = run(PollSchedule(4, 0), {2}, 300 * NS_PER_S)
    probes = [start for start, index in polls if index == 2]
    gaps_s = [round((b - a) / NS_PER_S) for a, b in pairwise(probes)]
    assert max(gaps_s) <= (BACKOFF_NS_MAX + DEAD_NS) / NS_PER_S + 1
    assert gaps_s[-3:] == [17, 17, 17]
    assert len(probes) * DEAD_NS <= 0.1 * 300 * NS_PER_S
    turns = Counter(index for _, index in polls)
    assert max(turns[i] for i in (0, 1, 3)) - min(turns[i] for i in (0, 1, 3)) <= 1


def test_schedule_with_ten_dead_meters_leaves_nine_tenths_to_the_live_one() -> None:
    polls = run(PollSchedule(11, 0), set(range(1, 11)), 200 * NS_PER_S)
    late = [index for start, index in polls if start > 60 * NS_PER_S]
    assert late.count(0) * GOOD_NS >= 0.89 * 140 * NS_PER_S
    assert set(late) == set(range(11))  # each dead one is still asked


def test_schedule_with_all_dead_probes_each_in_turn() -> None:
    polls = run(PollSchedule(3, 0), {0, 1, 2}, 120 * NS_PER_S)
    assert [index for _, index in polls[-6:]] in ([0, 1, 2] * 2, [1, 2, 0] * 2, [2, 0, 1] * 2)
    assert len(polls) >= 120 * NS_PER_S / (DEAD_NS + NS_PER_S)


def test_schedule_of_a_meter_that_returns_serves_it_as_the_others() -> None:
    schedule = PollSchedule(2, 0)
    run(schedule, {1}, 60 * NS_PER_S)
    polls = run(schedule, set(), 90 * NS_PER_S, now_ns=60 * NS_PER_S)
    returned = next(i for i, (_, index) in enumerate(polls) if index == 1)
    assert polls[returned][0] - 60 * NS_PER_S <= BACKOFF_NS_MAX + NS_PER_S
    assert [index for _, index in polls[returned + 1 : returned + 5]] == [0, 1, 0, 1]


def test_schedule_without_meters_waits_for_ever() -> None:
    schedule = PollSchedule(0, 0)
    assert schedule.choose(5) is None
    assert schedule.wait_ns(0) == FOREVER_MONO_NS


def test_schedule_that_may_not_rest_polls_the_least_recently_served_live_meter_early() -> None:
    """Nothing is due for ten seconds, and the third meter is dead."""
    rest_ns = 200 * NS_PER_MS
    schedule = PollSchedule(3, 10 * NS_PER_S, rest_ns)
    polls = run(schedule, {2}, 8 * NS_PER_S)
    starts = [start for start, _ in polls]
    assert max(b - a for a, b in pairwise(starts)) <= max(rest_ns, DEAD_NS)
    assert len([index for _, index in polls if index == 2]) == DEAD_AFTER_COUNT + 1
    live = [index for _, index in polls if index != 2]
    assert live == ([0, 1] * len(live))[: len(live)]


def test_schedule_that_may_not_rest_polls_dead_meters_where_none_lives() -> None:
    polls = run(PollSchedule(2, 0, 200 * NS_PER_MS), {0, 1}, 20 * NS_PER_S)
    starts = [start for start, _ in polls]
    assert max(b - a for a, b in pairwise(starts)) <= max(DEAD_NS, 200 * NS_PER_MS)


def test_schedule_that_may_not_rest_waits_no_longer_than_that() -> None:
    schedule = PollSchedule(1, 10 * NS_PER_S, 200)
    schedule.record(0, good=True, started_mono_ns=1000, now_mono_ns=1050)
    assert schedule.wait_ns(1050) == 150
    assert (schedule.choose(1199), schedule.choose(1200)) == (None, 0)


def test_schedule_of_a_dead_meter_that_was_overheard_serves_it_at_once() -> None:
    schedule = PollSchedule(2, 0)
    for _ in range(8):
        schedule.record(1, good=False, started_mono_ns=0, now_mono_ns=10)
    schedule.record(0, good=True, started_mono_ns=10, now_mono_ns=20)
    assert schedule.choose(20) == 0
    schedule.overheard(1)
    assert schedule.choose(20) == 1


@settings(max_examples=25)  # each plays minutes of a line
@given(
    st.lists(st.booleans(), min_size=1, max_size=8),
    st.sampled_from([0, 50 * NS_PER_MS]),
)
def test_schedule_with_any_dead_serves_every_meter_and_never_sticks(
    dead: list[bool], interval_ns: int
) -> None:
    silent = {index for index, is_dead in enumerate(dead) if is_dead}
    polls = run(PollSchedule(len(dead), interval_ns), silent, 100 * NS_PER_S)
    assert {index for _, index in polls} == set(range(len(dead)))
    live = [start for start, index in polls if index not in silent and start > 40 * NS_PER_S]
    if live:
        assert max(b - a for a, b in pairwise(live)) <= DEAD_NS + NS_PER_S
