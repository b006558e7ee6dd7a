"""Which loads go: the least that is enough, by priority, in rotation. Knows no times and no
interlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct


class Candidate(Struct, frozen=True):
    """A load that may go now. `power_w` is what surely goes with it, 0 if it is not known to be on.

    Lower `priority` goes first. `group` is empty where the load does not rotate with others.
    `last_mono_ns` and `total_ns`: when it went last (None: never) and for how long in all.
    """

    index: int
    power_w: float
    priority: int
    group: str
    last_mono_ns: int | None
    total_ns: int


def select(candidates: Sequence[Candidate], need_w: float) -> list[int]:
    """Indices of the loads to switch off so that at least `need_w` goes, as far as there is that
    much.

    Whole priority classes go until one is enough by itself; within that one the choice is greedy,
    in O(n log n): loads are taken in order of rotation until they suffice, then those taken too
    many are given back, and the last is exchanged for the smallest ungrouped load that suffices
    too. Loads that count for nothing go only when all that count are not enough: their power is not
    known to be off.
    """
    chosen: list[int] = []
    left_w = need_w
    counted = sorted((c for c in candidates if c.power_w > 0.0), key=lambda c: c.priority)
    for _, members in groupby(counted, key=lambda c: c.priority):
        if left_w <= 0.0:
            return chosen
        taken = _enough(_rotated(list(members)), left_w)
        chosen += [c.index for c in taken]
        left_w -= sum(c.power_w for c in taken)
    if left_w > 0.0:
        chosen += [c.index for c in candidates if c.power_w <= 0.0]
    return chosen


def _rotated(members: list[Candidate]) -> list[Candidate]:
    """Declared order, but the places of a rotation group are filled by who has waited longest."""
    waiting = {
        group: iter(sorted((c for c in members if c.group == group), key=_turn))
        for group in dict.fromkeys(c.group for c in members if c.group)
    }
    return [next(waiting[c.group]) if c.group else c for c in members]


def _turn(candidate: Candidate) -> tuple[bool, int, int, int]:
    """Never shed first, then least recently, then shortest in all, then as declared."""
    never = candidate.last_mono_ns is None
    return (not never, candidate.last_mono_ns or 0, candidate.total_ns, candidate.index)


def _enough(members: list[Candidate], need_w: float) -> list[Candidate]:
    taken: list[Candidate] = []
    sum_w = 0.0
    for candidate in members:
        if sum_w >= need_w:
            break
        taken.append(candidate)
        sum_w += candidate.power_w
    if sum_w < need_w:
        return taken
    # Small loads taken early may have become superfluous: give the most recent turns back first.
    for candidate in reversed(taken[:-1]):
        if sum_w - candidate.power_w >= need_w:
            taken.remove(candidate)
            sum_w -= candidate.power_w
    return _exchanged_last(taken, members, need_w - (sum_w - taken[-1].power_w))


def _exchanged_last(
    taken: list[Candidate], members: list[Candidate], need_w: float
) -> list[Candidate]:
    """Loads in a rotation group keep their turn; others yield to a smaller one that is enough."""
    last = taken[-1]
    if last.group:
        return taken
    smaller = [
        c for c in members if not c.group and need_w <= c.power_w < last.power_w and c not in taken
    ]
    if not smaller:
        return taken
    return [*taken[:-1], min(smaller, key=lambda c: (c.power_w, c.index))]
