"""The line's fault or the meter's."""

from __future__ import annotations

from itertools import pairwise

from edge.bus.diagnosis import REOPEN_NS_MAX, LineDiagnosis
from edge.model.scan import BusCondition, MeterFault
from edge.model.units import NS_PER_S


def opened() -> LineDiagnosis:
    diagnosis = LineDiagnosis()
    diagnosis.port_opened()
    return diagnosis


def test_diagnosis_before_the_port_was_tried_is_unknown() -> None:
    assert LineDiagnosis().condition is None


def test_diagnosis_with_replies_of_one_unit_blames_the_silent_meter() -> None:
    diagnosis = opened()
    for second in range(10):
        diagnosis.failed(second * NS_PER_S)
        diagnosis.replied()
    assert diagnosis.condition is BusCondition.OK
    assert diagnosis.blame(MeterFault.NO_REPLY) is MeterFault.NO_REPLY


def test_diagnosis_without_any_reply_blames_the_line() -> None:
    diagnosis = opened()
    seen = []
    for second in range(4):
        diagnosis.failed(second * NS_PER_S)
        seen.append(diagnosis.condition)
    assert seen == [BusCondition.OK, BusCondition.OK, *[BusCondition.NO_METER_ANSWERS] * 2]
    assert diagnosis.blame(MeterFault.NO_REPLY) is MeterFault.BUS


def test_diagnosis_with_few_or_quick_failures_waits() -> None:
    diagnosis = opened()
    for instant_ns in (0, 1, 2, 3, 2 * NS_PER_S - 1):
        diagnosis.failed(instant_ns)
    assert diagnosis.condition is BusCondition.OK
    diagnosis = opened()
    diagnosis.failed(0)
    diagnosis.failed(60 * NS_PER_S)
    assert diagnosis.condition is BusCondition.OK


def test_diagnosis_without_a_lease_does_not_count_the_silence() -> None:
    diagnosis = opened()
    diagnosis.failed(0)
    diagnosis.failed(NS_PER_S)
    diagnosis.suspended()
    diagnosis.failed(3600 * NS_PER_S)
    assert diagnosis.condition is BusCondition.OK


def test_diagnosis_of_a_lost_port_ends_when_it_opens() -> None:
    diagnosis = opened()
    diagnosis.port_lost()
    assert diagnosis.condition is BusCondition.PORT_LOST
    assert diagnosis.blame(MeterFault.NO_REPLY) is MeterFault.BUS
    diagnosis.port_opened()
    assert diagnosis.condition is BusCondition.OK


def test_diagnosis_of_a_dead_line_stays_when_its_port_is_opened_anew() -> None:
    diagnosis = opened()
    for second in range(4):
        diagnosis.failed(second * NS_PER_S)
    diagnosis.port_opened()
    assert diagnosis.condition is BusCondition.NO_METER_ANSWERS
    diagnosis.replied()
    assert diagnosis.condition is BusCondition.OK


def test_diagnosis_of_a_dead_line_reopens_ever_more_rarely() -> None:
    diagnosis = opened()
    assert not diagnosis.may_reopen(0)
    reopened_s = []
    for second in range(1000):
        diagnosis.failed(second * NS_PER_S)
        if diagnosis.may_reopen(second * NS_PER_S):
            reopened_s.append(second)
            diagnosis.port_opened()
    gaps_s = [b - a for a, b in pairwise(reopened_s)]
    assert reopened_s[0] == 10
    assert gaps_s == [21, 41, 81, 161, 161, 161, 161, 161]
    assert gaps_s[-1] == REOPEN_NS_MAX // NS_PER_S + 1
    diagnosis.replied()
    for second in range(20):
        diagnosis.failed(second * NS_PER_S)
    assert diagnosis.may_reopen(19 * NS_PER_S)
