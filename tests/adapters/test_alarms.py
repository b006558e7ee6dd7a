"""The alarm outputs, on outputs in memory."""

from __future__ import annotations

from typing import Any

import pytest

from edge.adapters.alarms import Alarms
from edge.adapters.relays import Ending
from edge.config.io import AlarmPlan, Bias
from edge.model.scan import AlarmOutputs
from tests.adapters.fake_board import FakeBoard


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


def alarm_plan(**changes: Any) -> AlarmPlan:
    plan: dict[str, Any] = {
        "caution_pin": 20,
        "shed_pin": 21,
        "fault_pin": 22,
        "buzzer_pin": 23,
        "active_level": True,
        "acknowledge_pin": None,
        "acknowledge_bias": Bias.PULL_UP,
        "acknowledge_active_level": False,
        **changes,
    }
    return AlarmPlan(**plan)


def alarms_of(board: FakeBoard, **changes: Any) -> Alarms:
    return Alarms(alarm_plan(**changes), board.open, board.mono_ns)


def test_alarms_show_what_they_are_told(board: FakeBoard) -> None:
    alarms = alarms_of(board)
    assert board.levels == {20: False, 21: False, 22: False, 23: False}
    alarms.write(AlarmOutputs(caution=True, shed=False, fault=True, buzzer=False))
    assert board.levels == {20: True, 21: False, 22: True, 23: False}
    assert alarms.problems == ()


def test_alarms_that_are_not_fitted_are_left_out(board: FakeBoard) -> None:
    alarms = alarms_of(board, caution_pin=None, shed_pin=None, buzzer_pin=None)
    alarms.write(AlarmOutputs(caution=True, shed=True, fault=True, buzzer=True))
    assert board.levels == {22: True}


def test_alarms_of_low_active_outputs_are_on_at_a_low_level(board: FakeBoard) -> None:
    alarms = alarms_of(board, active_level=False)
    assert board.levels == {20: True, 21: True, 22: True, 23: True}
    alarms.write(AlarmOutputs(fault=True))
    assert board.levels == {20: True, 21: True, 22: False, 23: True}


@pytest.mark.parametrize(
    ("ending", "levels"),
    [
        (Ending.STOP, {20: False, 21: False, 22: False, 23: False}),
        (Ending.CRASH, {20: False, 21: False, 22: True, 23: True}),
    ],
)
def test_alarms_at_the_end_are_quiet_after_a_stop_and_loud_after_a_crash(
    board: FakeBoard, ending: Ending, levels: dict[int, bool]
) -> None:
    alarms = alarms_of(board)
    alarms.write(AlarmOutputs(caution=True, shed=True))
    alarms.rest(ending)
    assert board.levels == levels


def test_alarms_with_a_broken_output_name_it(board: FakeBoard) -> None:
    alarms = alarms_of(board)
    board.shorted[23] = False
    alarms.write(AlarmOutputs(buzzer=True))
    assert [problem.where for problem in alarms.problems] == ["output buzzer GPIO23"]
