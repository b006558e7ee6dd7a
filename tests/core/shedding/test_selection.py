"""The least that is enough: priority, rotation, greedy choice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.core.shedding.selection import Candidate, select


def one(
    index: int,
    kw: float,
    priority: int = 1,
    group: str = "",
    last: int | None = None,
    total: int = 0,
) -> Candidate:
    return Candidate(index, kw, priority, group, last, total)


def test_select_takes_the_lower_priority_number_first_even_if_the_other_fits_better() -> None:
    assert select([one(0, 50.0, priority=2), one(1, 200.0, priority=1)], 50.0) == [1]


def test_select_takes_whole_classes_until_one_is_enough_by_itself() -> None:
    candidates = [one(0, 30.0), one(1, 30.0), one(2, 80.0, 2), one(3, 40.0, 2), one(4, 500.0, 3)]
    assert select(candidates, 95.0) == [0, 1, 3]


def test_select_prefers_the_smallest_single_load_that_is_enough() -> None:
    assert select([one(0, 120.0), one(1, 40.0), one(2, 60.0)], 50.0) == [2]


def test_select_gives_back_small_loads_that_became_superfluous() -> None:
    assert select([one(0, 10.0), one(1, 20.0), one(2, 100.0)], 95.0) == [2]
    assert select([one(0, 30.0), one(1, 30.0), one(2, 100.0)], 110.0) == [0, 2]


def test_select_rotates_by_least_recently_then_least_total_then_order() -> None:
    def turn(*waits: tuple[int | None, int]) -> list[int]:
        return select(
            [one(i, 50.0, 1, "ovens", last, total) for i, (last, total) in enumerate(waits)], 40.0
        )

    assert turn((5, 0), (3, 0), (4, 0)) == [1]
    assert turn((5, 0), (None, 9), (4, 0)) == [1]
    assert turn((5, 7), (5, 3), (5, 4)) == [1]
    assert turn((5, 3), (5, 3), (5, 3)) == [0]


def test_select_keeps_the_turn_of_a_group_although_another_member_is_smaller() -> None:
    ovens = [one(0, 90.0, 1, "ovens", 1), one(1, 50.0, 1, "ovens", 2)]
    assert select(ovens, 40.0) == [0]
    assert select([*ovens, one(2, 45.0)], 40.0) == [0]


def test_select_never_counts_a_load_without_power_and_takes_it_only_when_all_is_not_enough() -> (
    None
):
    candidates = [one(0, 0.0), one(1, 60.0, 2)]
    assert select(candidates, 60.0) == [1]
    assert select(candidates, 61.0) == [1, 0]


def test_select_without_candidates_chooses_nothing() -> None:
    assert select([], 10.0) == []


candidates_strategy = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.integers(1, 3),
        st.sampled_from(["", "a", "b"]),
        st.none() | st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=9,
).map(
    lambda rows: [
        one(i, float(kw), p, g, last, sum_) for i, (kw, p, g, last, sum_) in enumerate(rows)
    ]
)


@given(candidates_strategy, st.integers(1, 800))
def test_select_is_enough_and_nothing_of_its_last_class_is_superfluous(
    candidates: list[Candidate], need_w: int
) -> None:
    """Property: enough if there is enough, all if not; no member of the last class can stay on."""
    chosen = select(candidates, need_w)
    assert len(set(chosen)) == len(chosen)
    freed_w = sum(candidates[i].power_w for i in chosen)
    available_w = sum(c.power_w for c in candidates)
    if available_w < need_w:
        assert sorted(chosen) == [c.index for c in candidates]
        return
    assert freed_w >= need_w
    last = max(candidates[i].priority for i in chosen)
    assert all(
        freed_w - candidates[i].power_w < need_w for i in chosen if candidates[i].priority == last
    )
    earlier = {c.index for c in candidates if c.priority < last and c.power_w > 0.0}
    assert earlier <= set(chosen)
