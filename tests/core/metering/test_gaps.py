"""Silent sources, counters that begin anew, and the gaps that nobody has measured."""

from __future__ import annotations

import pytest

from edge.model.event import EventKind, Severity
from edge.model.scan import MeterSample
from edge.model.spec import Direction
from edge.model.units import UWH_PER_KWH
from tests.core.metering.plant import (
    ENERGY,
    POWER,
    PULSE_UWH,
    PULSES,
    Plant,
    S,
    spec,
)

KWH = UWH_PER_KWH


def _in_use(plant: Plant) -> list[str]:
    return [one.name for one in plant.metering.sources_status(plant.now) if one.in_use]


def test_gap_of_a_power_register_alone_is_estimated_and_told_with_its_amount() -> None:
    plant = Plant(spec(POWER))
    plant.run(60 * S)
    plant.meters_on["incomer"] = False
    plant.run(100 * S)
    plant.power_w = 180_000.0
    plant.meters_on["incomer"] = True
    plant.run(3 * S)
    (bridged,) = [one for one in plant.bookings if one.estimated]
    assert bridged.to_mono_ns - bridged.from_mono_ns == 101 * S
    # 360 kW before and 180 kW after: 270 kW over 101 s.
    assert bridged.import_uwh == pytest.approx(7.575 * KWH, abs=10)
    (told,) = [one for one in plant.events if one.kind is EventKind.COUNTER]
    assert (told.subject, told.severity) == ("site", Severity.WARNING)
    assert told.facts == {
        "reason": "gap_estimated",
        "gap_s": 101.0,
        "import_kwh": pytest.approx(7.575),
        "export_kwh": 0.0,
    }
    assert plant.told(EventKind.SOURCE) == [
        ("meter.incomer.power", Severity.INFO, "first_believable", False),
        ("site", Severity.ALARM, "all_lost", False),
        ("meter.incomer.power", Severity.INFO, "first_believable", False),
        ("site", Severity.INFO, "all_lost", True),
    ]
    assert plant.last is not None
    assert plant.last.known_until_mono_ns == plant.now


def test_gap_waits_for_a_register_that_may_still_answer_before_it_estimates() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(30 * S)
    front = plant.bookings[-1].to_mono_ns
    plant.pass_by(60 * S)
    plant.restart()
    plant.meters_on["incomer"] = False
    plant.run(3 * S)
    assert plant.last is not None
    assert plant.last.known_until_mono_ns == front
    plant.meters_on["incomer"] = True
    plant.run(2 * S)
    assert plant.told(EventKind.COUNTER) == []
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, abs=PULSE_UWH)


def test_gap_ends_without_the_register_when_it_stays_away() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(120 * S)
    plant.pass_by(60 * S)
    plant.restart()
    plant.meters_on["incomer"] = False
    plant.run(20 * S)
    assert plant.told(EventKind.COUNTER) == [("site", Severity.WARNING, "gap_estimated", False)]
    assert _in_use(plant) == ["pulse.incomer"]
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, rel=0.02)


def test_dead_pulse_input_from_the_first_day_is_noticed_and_replaced() -> None:
    plant = Plant(spec(PULSES, ENERGY, POWER))
    plant.pulses_wired = False
    plant.run(60 * S)
    assert _in_use(plant) == ["meter.incomer.energy"]
    assert plant.told(EventKind.COUNTER) == [("pulse.incomer", Severity.WARNING, "silent", False)]
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, abs=KWH // 5)


def test_pulses_back_after_silence_with_all_else_lost_do_not_hide_the_hole() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(60 * S)
    plant.pulses_wired = False
    plant.run(20 * S)
    plant.meters_on["incomer"] = False
    plant.run(30 * S)
    assert plant.last is not None
    assert plant.last.lost_since_mono_ns is not None
    plant.pulses_wired = True
    plant.run(20 * S)
    assert plant.last.lost_since_mono_ns is None
    assert plant.told(EventKind.COUNTER) == [
        ("pulse.incomer", Severity.WARNING, "silent", False),
        ("pulse.incomer", Severity.INFO, "silent", True),
        ("site", Severity.WARNING, "gap_estimated", False),
    ]
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, rel=0.02)


def test_frozen_source_that_is_not_in_use_is_told_too() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(10 * S)
    plant.frozen_uwh = plant.counter_offset_uwh + plant.import_uwh
    plant.run(10 * S)
    assert _in_use(plant) == ["pulse.incomer"]
    assert plant.told(EventKind.COUNTER) == [
        ("meter.incomer.energy", Severity.WARNING, "silent", False)
    ]


def test_still_counter_below_the_noise_of_another_is_believed() -> None:
    """1 kW is the noise of a 1 MW connection: one meter counts it and the other need not."""
    plant = Plant(spec(PULSES, POWER), power_w=0.0)
    plant.run(10 * S)
    original = plant.sample
    plant.sample = lambda name="incomer": MeterSample(  # type: ignore[method-assign]
        name, original(name).mono_ns, 900.0
    )
    plant.run(600 * S, scan_ns=S)
    assert plant.told(EventKind.COUNTER) == []
    assert plant.last is not None
    assert plant.last.known_until_mono_ns == plant.now


def test_front_stands_while_a_step_is_overdue_and_moves_on_with_it() -> None:
    plant = Plant(spec(PULSES, POWER, weight=KWH), power_w=36_000.0)
    plant.run(150 * S)
    plant.power_w = 72_000.0
    shown = [one for one in plant.bookings if one.import_uwh]
    assert len(shown) == 1
    plant.pulses_wired = False
    plant.run(90 * S)
    assert plant.last is not None
    assert plant.last.known_until_mono_ns < plant.now - 5 * S
    plant.run(200 * S)
    assert plant.told(EventKind.COUNTER) == [("pulse.incomer", Severity.WARNING, "silent", False)]
    assert plant.last.known_until_mono_ns == plant.now
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, abs=KWH // 10)


def test_export_pulses_are_watched_by_export() -> None:
    plant = Plant(spec(PULSES, POWER, direction=Direction.EXPORT), power_w=-360_000.0)
    plant.pulses_wired = False
    plant.run(20 * S)
    assert plant.told(EventKind.COUNTER) == [("pulse.incomer", Severity.WARNING, "silent", False)]
    assert sum(one.export_uwh for one in plant.bookings) > KWH


def test_reset_of_a_better_counter_hands_over_to_one_that_counted_on() -> None:
    plant = Plant(spec(ENERGY, POWER))
    plant.run(30 * S)
    plant.counter_offset_uwh = -plant.import_uwh
    plant.run(30 * S)
    assert plant.told(EventKind.COUNTER) == [
        ("meter.incomer.energy", Severity.WARNING, "reset", False)
    ]
    assert not any(one.estimated for one in plant.bookings)
    assert _in_use(plant) == ["meter.incomer.energy"]
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh - KWH // 10, abs=100)


def test_reset_of_the_second_source_before_the_first_fails_is_bridged_without_an_estimate() -> None:
    """The register counts anew since a moment that the pulses had covered already."""
    plant = Plant(spec(PULSES, ENERGY), power_w=0.0)
    plant.run(20 * S)
    plant.counter_offset_uwh = 0
    plant.run(10 * S)
    plant.pulses_on = False
    plant.run(30 * S)
    assert _in_use(plant) == ["meter.incomer.energy"]
    assert plant.told(EventKind.COUNTER) == [
        ("meter.incomer.energy", Severity.WARNING, "reset", False)
    ]


def test_power_register_stuck_at_zero_in_use_does_not_stop_the_ledger() -> None:
    """Only the cross-check can tell which of the two is wrong."""
    plant = Plant(spec(POWER, ENERGY))
    plant.power_shown_ratio = 0.0
    plant.run(150 * S)
    assert plant.last is not None
    assert plant.last.known_until_mono_ns == plant.now
    assert plant.told(EventKind.CROSS_CHECK) == [
        ("meter.incomer.energy", Severity.ALARM, None, False)
    ]
