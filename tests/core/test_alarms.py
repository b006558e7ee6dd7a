"""The alarm board: what stands, what lights, what sounds."""

from __future__ import annotations

import pytest

from edge.core.alarms import AlarmBoard, AlarmState, StandingAlarm
from edge.model.event import Event, EventKind, Fact, Severity
from edge.model.order import Acknowledge
from edge.model.scan import AlarmOutputs
from edge.model.status import Stage

_ACKNOWLEDGE = (Acknowledge("operator"),)


def _event(
    severity: Severity,
    subject: str = "main",
    kind: EventKind = EventKind.BUS,
    **facts: Fact,
) -> Event:
    return Event(1000, 0, kind, subject, severity, facts)


_RAISED = _event(Severity.ALARM)
_WARNED = _event(Severity.WARNING)
_CLEARED = _event(Severity.INFO, cleared=True)


def _board() -> AlarmBoard:
    return AlarmBoard(AlarmState())


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.NORMAL, AlarmOutputs()),
        (Stage.CAUTION, AlarmOutputs(caution=True)),
        (Stage.SHED, AlarmOutputs(caution=True, shed=True)),
        (Stage.LIMIT, AlarmOutputs(caution=True, shed=True, buzzer=True)),
        (Stage.OVER, AlarmOutputs(caution=True, shed=True, buzzer=True)),
    ],
)
def test_alarms_of_each_stage(stage: Stage, expected: AlarmOutputs) -> None:
    assert _board().step((), stage, ()) == expected


def test_alarm_stands_and_sounds_until_acknowledged_and_is_lit_until_cleared() -> None:
    board = _board()
    assert board.step((_RAISED,), Stage.NORMAL, ()) == AlarmOutputs(fault=True, buzzer=True)
    assert board.names() == ("bus main",)
    assert board.step((), Stage.NORMAL, _ACKNOWLEDGE) == AlarmOutputs(fault=True)
    assert board.step((_RAISED,), Stage.NORMAL, ()) == AlarmOutputs(fault=True)
    assert board.step((_CLEARED,), Stage.NORMAL, ()) == AlarmOutputs()
    assert board.names() == ()


def test_warning_stands_silent_until_cleared_or_acknowledged() -> None:
    board = _board()
    assert board.step((_WARNED,), Stage.NORMAL, ()) == AlarmOutputs()
    assert board.names() == ("bus main",)
    board.step((_CLEARED,), Stage.NORMAL, ())
    assert board.names() == ()
    board.step((_WARNED,), Stage.NORMAL, ())
    board.step((), Stage.NORMAL, _ACKNOWLEDGE)
    assert board.names() == ()


def test_warning_that_grows_into_an_alarm_sounds() -> None:
    board = _board()
    board.step((_WARNED,), Stage.NORMAL, ())
    assert board.step((_RAISED,), Stage.NORMAL, ()) == AlarmOutputs(fault=True, buzzer=True)
    assert board.names() == ("bus main",)


def test_stage_that_rises_again_sounds_again_and_one_that_falls_does_not() -> None:
    board = _board()
    board.step((), Stage.OVER, _ACKNOWLEDGE)
    assert not board.step((), Stage.LIMIT, ()).buzzer
    assert board.step((), Stage.OVER, ()).buzzer


def test_information_and_shown_kinds_do_not_stand() -> None:
    board = _board()
    quiet = (
        _event(Severity.INFO),
        _event(Severity.INFO, subject="never raised", cleared=True),
        _event(Severity.ALARM, kind=EventKind.STAGE),
        _event(Severity.WARNING, kind=EventKind.RELAY),
        _event(Severity.ALARM, kind=EventKind.INTERVAL_CLOSED),
    )
    assert board.step(quiet, Stage.NORMAL, ()) == AlarmOutputs()
    assert board.names() == ()


def test_other_orders_acknowledge_nothing() -> None:
    from edge.model.order import Override, OverrideMode

    board = _board()
    order = Override("chiller", OverrideMode.SHED, 1, "operator")
    assert board.step((_RAISED,), Stage.NORMAL, (order,)).buzzer


def test_board_is_bounded_and_keeps_the_newest() -> None:
    board = _board()
    for number in range(205):
        board.step((_event(Severity.WARNING, subject=str(number)),), Stage.NORMAL, ())
    names = board.names()
    assert len(names) == 200
    assert names[-1] == "bus 204"


def test_state_given_is_continued() -> None:
    state = AlarmState(standing=[StandingAlarm("bus main", True, True, 5)])
    assert AlarmBoard(state).step((), Stage.NORMAL, ()) == AlarmOutputs(fault=True)
