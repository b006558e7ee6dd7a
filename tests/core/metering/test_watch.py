"""What people are told of sources that disagree, and of faulty meters and lines."""

from __future__ import annotations

from edge.model.event import EventKind, Severity
from edge.model.scan import BusCondition, BusSample, MeterFault
from edge.model.spec import Direction
from edge.model.units import NS_PER_MIN, UWH_PER_KWH
from tests.core.metering.plant import (
    ENERGY,
    POWER,
    PULSES,
    Plant,
    S,
    spec,
)

KWH = UWH_PER_KWH


def test_cross_check_alarm_is_told_once_and_cleared() -> None:
    plant = Plant(spec(PULSES, POWER))
    plant.run(20 * S)
    plant.power_shown_ratio = 1.5
    plant.run(180 * S)
    plant.power_shown_ratio = 1.0
    plant.run(180 * S)
    assert [
        (one.subject, one.severity, one.facts["reference"], one.facts.get("cleared"))
        for one in plant.events
        if one.kind is EventKind.CROSS_CHECK
    ] == [
        ("meter.incomer.power", Severity.ALARM, "pulse.incomer", None),
        ("meter.incomer.power", Severity.INFO, "pulse.incomer", True),
    ]


def test_cross_check_of_agreeing_sources_with_coarse_steps_stays_quiet() -> None:
    plant = Plant(spec(PULSES, ENERGY, POWER))
    plant.counter_step_uwh = KWH // 10
    plant.power_w = 9_000.0
    plant.run(30 * NS_PER_MIN)
    assert plant.told(EventKind.CROSS_CHECK) == []
    # A step of the register, four pulses' worth at once, does not hold the front, and what it says
    # of the pulses is taken as less by that step.
    assert len(plant.bookings) == 30 * 600 - 1
    pulses = plant.metering._sources[0]
    assert plant.metering._baton._witness(pulses)[1] == KWH // 10


def test_cross_check_leaves_out_a_window_in_which_a_source_began_anew() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(70 * S)
    plant.pass_by(20 * S)
    plant.restart()
    plant.run(40 * S)
    assert plant.told(EventKind.CROSS_CHECK) == []


def test_cross_check_allows_for_the_age_of_a_slow_register() -> None:
    """The second window ends 2.7 s after a poll, at a power that has only just come up."""
    plant = Plant(spec(PULSES, ENERGY), power_w=0.0)
    plant.poll_ns = 37 * S // 10
    plant.run(109 * S)
    plant.power_w = 360_000.0
    plant.run(12 * S)
    assert plant.told(EventKind.CROSS_CHECK) == []


def test_cross_check_does_not_compare_import_with_export() -> None:
    plant = Plant(spec(PULSES, ENERGY, direction=Direction.EXPORT), power_w=0.0)
    plant.run(10 * S)
    plant.pulses_wired = False
    plant.power_w = 360_000.0
    plant.run(180 * S)
    assert plant.told(EventKind.CROSS_CHECK) == []


def test_bus_condition_is_told_at_each_change_and_hides_its_meters() -> None:
    plant = Plant(spec(ENERGY))
    plant.run(3 * S)
    for condition in (BusCondition.OK, BusCondition.PORT_LOST, BusCondition.PORT_LOST):
        plant.now += S // 10
        plant.scan(buses=(BusSample("main", condition),))
    plant.meters_on = {"incomer": False, "second": False}
    plant.run(10 * S)
    plant.scan(buses=(BusSample("main", BusCondition.OK),))
    assert plant.told(EventKind.BUS) == [
        ("main", Severity.WARNING, "port_lost", False),
        ("main", Severity.INFO, "ok", True),
    ]
    assert plant.told(EventKind.METER) == [
        ("incomer", Severity.WARNING, "stale", False),
        ("second", Severity.WARNING, "stale", False),
    ]


def test_meter_fault_needs_a_run_of_bad_polls_and_ends_with_a_run_of_good_ones() -> None:
    plant = Plant(spec(ENERGY))
    plant.meters_on["second"] = False
    good, bad = None, MeterFault.EXCEPTION
    told = []
    for fault in (good, bad, bad, good, bad, bad, bad, bad, good, good, bad, good, good, good):
        plant.meter_fault = fault
        plant.now += S // 10
        plant.scan(plant.sample())
        told.append([one[1:] for one in plant.told(EventKind.METER)])
        plant.events.clear()
    assert [index for index, events in enumerate(told) if events] == [6, 13]
    assert told[6] == [(Severity.WARNING, "exception", False)]
    assert told[13] == [(Severity.INFO, "exception", True)]


def test_meter_polls_that_the_line_failed_are_no_fault_of_the_meter() -> None:
    plant = Plant(spec(ENERGY))
    plant.meter_fault = MeterFault.BUS
    plant.run(5 * S)
    assert plant.told(EventKind.METER) == []
