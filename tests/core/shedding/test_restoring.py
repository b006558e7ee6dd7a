"""Whole scans: loads that come back, and the room that is kept for them."""

from __future__ import annotations

from datetime import time

import pytest

from edge.model.order import Override
from edge.model.spec import DailyWindow, LoadSpec
from edge.model.status import Stage
from tests.core.shedding.plant import (
    Panel,
    a_load,
    a_spec,
    block,
    power_kw,
    run_override,
    shed_override,
)

OVER = block(so_far_kw=600)
AT_1300 = DailyWindow(time(0, 21, 40), time(1), frozenset())


@pytest.mark.parametrize(
    ("held", "orders", "reason"),
    [
        (a_load("a", min_shed_s=300, max_shed_s=300), (), "max_shed"),
        (a_load("a", min_shed_s=200, max_shed_s=300), (shed_override("a"),), "max_shed"),
        (a_load("a", min_shed_s=300), (run_override("a"),), "override"),
        (a_load("a", min_shed_s=300, essential=(AT_1300,)), (), "essential"),
    ],
)
def test_restoring_leaves_room_for_a_load_that_comes_back_by_force_in_the_interval(
    held: LoadSpec, orders: tuple[Override, ...], reason: str
) -> None:
    """There is room for one of them, and automation cannot hold the other off for longer."""
    panel = Panel(a_spec(held, a_load("b", priority=2), settle_s=0))
    panel.step(900, power_kw(500), block(so_far_kw=500))
    panel.step(999, power_kw(760), OVER)
    assert panel.shed == ["a", "b"]
    for at_s in (1100, 1200, 1298):
        now = orders if at_s == 1100 else ()
        panel.step(at_s, power_kw(450), block(so_far_kw=600, elapsed_s=at_s), orders=now)
        assert panel.shed == ["a", "b"]
    panel.step(1300, power_kw(450), block(so_far_kw=600, elapsed_s=1300))
    assert panel.moves() == [("a", False, reason)]


def test_restoring_needs_room_for_the_load_with_margin_by_the_pessimistic_bound() -> None:
    panel = Panel(a_spec(a_load("a", 100)))
    panel.step(900, power_kw(500), block())
    panel.step(1000, power_kw(650), OVER)
    panel.step(1010, power_kw(550), OVER)
    assert panel.shed == ["a"]
    # 588 kW allowed by the margin: (588 - 250) / 0.5 = 676 kW; less 100 kW less a bound of 10 kW.
    room = block(so_far_kw=500)
    step = panel.step(1100, power_kw(566.1, 10), room)
    assert (panel.moves(), step.why, step.stage) == ([], "waiting_to_restore", Stage.SHED)
    step = panel.step(1101, power_kw(565.9, 10), room)
    assert (panel.moves(), step.why) == ([("a", False, "restored")], "restoring")
    assert step.stage is Stage.CAUTION
    assert panel.step(1102, power_kw(500), room).why == "settling"


def test_restoring_brings_the_most_important_load_first_one_at_a_time() -> None:
    panel = Panel(
        a_spec(a_load("a"), a_load("b", priority=2), a_load("c", priority=2), settle_s=10)
    )
    panel.step(900, power_kw(500), block())
    panel.step(1000, power_kw(850), OVER)
    assert panel.shed == ["a", "b", "c"]
    restored = []
    for at_s in range(1100, 1131):
        panel.step(at_s, power_kw(100), block(so_far_kw=100))
        restored += [(at_s, name) for name, _, _ in panel.moves()]
    assert restored == [(1100, "b"), (1110, "c"), (1120, "a")]
