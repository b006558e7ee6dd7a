"""The clocks' offset follows the least delayed beats of the last half minute."""

from __future__ import annotations

from edge.model.units import NS_PER_S
from edge.peer.offset import ClockOffset


def test_offset_is_that_of_the_least_delayed_beat() -> None:
    offset = ClockOffset()
    assert offset.offset_ns == 0
    assert offset.note(100, 1_005) == 905
    assert offset.note(200, 1_100) == 900
    assert offset.note(300, 1_400) == 900


def test_offset_forgets_what_is_older_than_half_a_minute() -> None:
    offset = ClockOffset()
    offset.note(0, 900)
    assert offset.note(29 * NS_PER_S, 29 * NS_PER_S + 1000) == 900
    assert offset.note(31 * NS_PER_S, 31 * NS_PER_S + 1000) == 1000
    assert len(offset._buckets) <= 7


def test_beat_that_was_long_on_its_way_counts_as_heard_when_it_was_sent() -> None:
    offset = ClockOffset()
    assert offset.credible_mono_ns(100, 90 * NS_PER_S) == 90 * NS_PER_S, "nothing is known yet"
    offset.note(0, 900)
    assert offset.credible_mono_ns(100, 1000 + NS_PER_S) == 1000 + NS_PER_S
    assert offset.credible_mono_ns(100, 1001 + NS_PER_S) == 1000


def test_late_beats_do_not_move_the_offset_unless_all_are_late_for_long() -> None:
    offset = ClockOffset()
    offset.note(0, 900)
    late_ns = 3600 * NS_PER_S
    assert [offset.note(n, late_ns + n) for n in range(40)] == [900] * 40
    assert offset.note(late_ns, late_ns + 910) == 910
    for second in range(1, 6):
        assert offset.note(second, late_ns + second * NS_PER_S) == 910
    assert offset.note(0, late_ns + 6 * NS_PER_S) == late_ns + 6 * NS_PER_S


def test_offset_with_arrivals_out_of_order_takes_all_into_account() -> None:
    offset = ClockOffset()
    offset.note(6 * NS_PER_S, 6 * NS_PER_S + 500)
    assert offset.note(4 * NS_PER_S, 4 * NS_PER_S + 400) == 400
