"""The field's known traps of metering, each as a whole story through the metering step."""

from __future__ import annotations

import pytest

from edge.model.energy import Booking
from edge.model.event import EventKind, Severity
from edge.model.scan import MeterFault, MeterSample
from edge.model.units import NS_PER_MIN, UWH_PER_KWH
from tests.core.metering.plant import (
    ENERGY,
    POWER,
    PULSE_UWH,
    PULSES,
    SECOND,
    START_NS,
    Plant,
    S,
    spec,
)

KWH = UWH_PER_KWH


def test_trap_01_zero_read_of_a_large_counter_books_nothing_and_loses_nothing() -> None:
    plant = Plant(spec(ENERGY))
    plant.run(10 * S)
    plant.pass_by(S)
    plant.scan(MeterSample("incomer", plant.now, import_uwh=0))
    plant.run(10 * S)
    # The first poll is the baseline, one second in.
    assert plant.booked_uwh() == plant.import_uwh - KWH // 10
    assert plant.told(EventKind.COUNTER) == [
        ("meter.incomer.energy", Severity.WARNING, "glitch", False)
    ]


def test_trap_01_wrapping_counter_books_across_the_wrap() -> None:
    modulus = 2**32 * 1000
    plant = Plant(spec(ENERGY, modulus_uwh=modulus))
    plant.counter_offset_uwh = modulus - KWH
    plant.run(8 * S)
    plant.pass_by(3 * S)
    plant.counter_offset_uwh = -KWH
    plant.scan(plant.sample())
    plant.run(10 * S)
    assert plant.booked_uwh() == plant.import_uwh - KWH // 10
    assert plant.told(EventKind.COUNTER) == [("meter.incomer.energy", Severity.INFO, "wrap", False)]


def test_trap_01_reset_counter_keeps_its_energy_within_the_estimate() -> None:
    plant = Plant(spec(ENERGY))
    plant.run(120 * S)
    plant.counter_offset_uwh = -plant.import_uwh
    plant.run(30 * S)
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh - KWH // 10, abs=100)
    assert plant.told(EventKind.COUNTER) == [
        ("meter.incomer.energy", Severity.WARNING, "reset", False),
        ("site", Severity.WARNING, "gap_estimated", False),
    ]
    assert [booking.estimated for booking in plant.bookings].count(True) > 0


def test_trap_02_booking_over_a_boundary_splits_in_time_and_sums_exactly() -> None:
    plant = Plant(spec(ENERGY))
    plant.poll_ns = 4 * S
    plant.run(60 * S)
    boundary = START_NS + 30 * S
    (across,) = [one for one in plant.bookings if one.from_mono_ns < boundary < one.to_mono_ns]
    earlier, later = across.split(boundary)
    assert across == Booking(START_NS + 28 * S, START_NS + 32 * S, 4 * KWH // 10, 0)
    assert (earlier.import_uwh, later.import_uwh) == (2 * KWH // 10, 2 * KWH // 10)
    assert plant.booked_uwh() == plant.import_uwh - 4 * KWH // 10


def test_trap_03_pulses_missed_in_a_reboot_come_back_from_the_register() -> None:
    plant = Plant(spec(PULSES, ENERGY, POWER))
    plant.run(30 * S)
    before = plant.bookings[-1].to_mono_ns
    plant.pass_by(10 * NS_PER_MIN)
    plant.restart()
    plant.run(20 * S)
    (recovered,) = [one for one in plant.bookings if one.estimated]
    assert recovered.from_mono_ns == before
    assert recovered.to_mono_ns == pytest.approx(before + 10 * NS_PER_MIN, abs=2 * S)
    # 360 kW for ten minutes are 60 kWh, of which at most a pulse is still to come.
    assert recovered.import_uwh == pytest.approx(60 * KWH, abs=KWH // 10 + PULSE_UWH)
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, abs=PULSE_UWH)


def test_trap_03_pulses_missed_without_a_register_are_estimated_not_zero() -> None:
    plant = Plant(spec(PULSES))
    plant.run(120 * S)
    plant.pass_by(10 * NS_PER_MIN)
    plant.restart()
    plant.run(20 * S)
    bridged, after = [one for one in plant.bookings if one.estimated]
    # What came while the power after the gap was being learnt is booked in one piece.
    assert after.to_mono_ns - after.from_mono_ns == 5 * S + 1
    assert bridged.to_mono_ns - bridged.from_mono_ns == 10 * NS_PER_MIN + S // 10 - 1
    assert bridged.import_uwh == pytest.approx(60 * KWH, rel=0.01)
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, rel=0.01)
    (event,) = [one for one in plant.events if one.kind is EventKind.COUNTER]
    assert event.facts["reason"] == "gap_estimated"
    assert event.facts["import_kwh"] == bridged.import_uwh / KWH
    assert event.facts["gap_s"] == pytest.approx(600.1)
    assert plant.told(EventKind.SOURCE) == [
        ("pulse.incomer", Severity.INFO, "first_believable", False)
    ]


def test_trap_04_outage_of_all_sources_keeps_the_total_and_marks_it() -> None:
    plant = Plant(spec(ENERGY))
    plant.run(10 * S)
    plant.meters_on["incomer"] = False
    plant.run(90 * NS_PER_MIN, scan_ns=10 * S)
    assert plant.last is not None
    assert plant.last.lost_since_mono_ns == START_NS + 20 * S
    assert plant.last.known_until_mono_ns == START_NS + 10 * S
    plant.meters_on["incomer"] = True
    plant.run(10 * S)
    (outage,) = [one for one in plant.bookings if one.estimated]
    assert outage.from_mono_ns == START_NS + 10 * S
    assert outage.to_mono_ns == START_NS + 11 * S + 90 * NS_PER_MIN
    assert plant.booked_uwh() == plant.import_uwh - KWH // 10
    assert plant.last.lost_since_mono_ns is None


def test_trap_07_export_is_booked_apart_and_never_dropped() -> None:
    plant = Plant(spec(ENERGY))
    plant.run(10 * S)
    plant.power_w = -180_000.0
    plant.run(10 * S)
    assert plant.last is not None
    assert plant.last.power_w is None
    assert sum(one.export_uwh for one in plant.bookings) == plant.export_uwh == KWH // 2
    assert plant.booked_uwh() == 9 * KWH // 10


def test_trap_07_negative_power_is_integrated_as_export() -> None:
    plant = Plant(spec(POWER), power_w=-180_000.0)
    plant.run(11 * S)
    assert plant.last is not None
    assert (plant.last.power_w, plant.last.power_mono_ns) == (-180_000.0, plant.now)
    assert [(one.import_uwh, one.export_uwh) for one in plant.bookings] == [(0, KWH // 20)] * 10


def test_trap_08_wrong_ct_ratio_on_one_source_is_told_by_the_cross_check() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(61 * S)
    assert plant.told(EventKind.CROSS_CHECK) == []
    true_uwh = plant.import_uwh
    plant.counter_offset_uwh -= true_uwh
    doubled = plant.sample

    def twice(name: str = "incomer") -> MeterSample:
        sample = doubled(name)
        assert sample.import_uwh is not None
        extra = plant.import_uwh - true_uwh
        return MeterSample(
            name, sample.mono_ns, sample.power_w, sample.import_uwh + true_uwh + extra, 0
        )

    plant.sample = twice  # type: ignore[method-assign]
    plant.run(120 * S)
    (alarm,) = [one for one in plant.events if one.kind is EventKind.CROSS_CHECK]
    assert (alarm.subject, alarm.severity) == ("meter.incomer.energy", Severity.ALARM)
    assert alarm.facts["reference"] == "pulse.incomer"
    assert alarm.facts["energy_kwh"] == pytest.approx(12.0, rel=0.05)
    assert alarm.facts["reference_kwh"] == pytest.approx(6.0, rel=0.05)


def test_trap_09_coarse_float_counter_says_its_resolution_and_settles_exactly() -> None:
    """At 1,000,000 kWh a float32 counter moves in steps of 0.0625 kWh."""
    plant = Plant(spec(ENERGY))
    plant.counter_offset_uwh = 1_000_000 * KWH
    plant.counter_step_uwh = 62_500_000
    plant.power_w = 36_000.0
    plant.run(125 * S)
    assert plant.last is not None
    assert plant.last.resolution_uwh == 62_500_000
    moved = [one.import_uwh for one in plant.bookings if one.import_uwh]
    assert moved == [62_500_000] * 20
    assert plant.told(EventKind.COUNTER) == []


def test_trap_10_nan_reply_is_a_fault_and_not_a_reading() -> None:
    plant = Plant(spec(ENERGY, POWER))
    plant.run(3 * S)
    plant.meter_fault = MeterFault.NOT_A_NUMBER
    plant.run(4 * S)
    assert plant.last is not None
    assert plant.last.known_until_mono_ns == START_NS + 3 * S
    assert plant.told(EventKind.METER) == [
        ("incomer", Severity.WARNING, "not_a_number", False),
        ("second", Severity.WARNING, "not_a_number", False),
    ]


def test_trap_11_frozen_counter_with_power_is_a_fault_of_that_source() -> None:
    plant = Plant(spec(ENERGY, POWER))
    plant.run(10 * S)
    plant.frozen_uwh = plant.counter_offset_uwh + plant.import_uwh
    plant.run(8 * S)
    assert plant.told(EventKind.COUNTER) == [
        ("meter.incomer.energy", Severity.WARNING, "silent", False)
    ]
    assert [one.in_use for one in plant.metering.sources_status(plant.now)] == [False, True]
    assert plant.booked_uwh() == plant.import_uwh - KWH // 10
    plant.frozen_uwh = None
    plant.run(20 * S)
    assert plant.booked_uwh() == plant.import_uwh - KWH // 10
    assert plant.told(EventKind.COUNTER)[1:] == [
        ("meter.incomer.energy", Severity.INFO, "silent", True)
    ]


def test_trap_11_pulses_that_stop_hand_on_without_losing_energy() -> None:
    """emonTx froze the power when its pulses stopped."""
    plant = Plant(spec(PULSES, ENERGY, POWER))
    plant.run(20 * S)
    plant.pulses_wired = False
    plant.run(20 * S)
    assert plant.told(EventKind.COUNTER) == [("pulse.incomer", Severity.WARNING, "silent", False)]
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, abs=2 * PULSE_UWH)
    assert not any(one.estimated for one in plant.bookings)
    # No booking shows more than twice the true power: the catch-up is spread over its time.
    powers = [
        one.import_uwh * 3600 / (one.to_mono_ns - one.from_mono_ns) * 1000
        for one in plant.bookings[-19:]
    ]
    assert max(powers) < 2 * 360_000


def test_trap_11_stale_source_hands_on_and_duplicates_count_once() -> None:
    plant = Plant(spec(ENERGY, SECOND))
    plant.run(10 * S)
    sample = plant.sample()
    plant.scan(sample, sample, sample)
    plant.meters_on["incomer"] = False
    plant.run(20 * S)
    assert plant.booked_uwh() == plant.import_uwh - KWH // 10
    assert plant.told(EventKind.SOURCE) == [
        ("meter.incomer.energy", Severity.INFO, "first_believable", False),
        ("meter.incomer.energy", Severity.WARNING, "stale", False),
    ]


def test_trap_11_late_sample_of_the_past_changes_nothing() -> None:
    plant = Plant(spec(ENERGY))
    plant.run(10 * S)
    late = MeterSample("incomer", plant.now - 3 * S, import_uwh=plant.counter_offset_uwh)
    plant.now += S // 10
    assert plant.scan(late).bookings == ()
    assert plant.told(EventKind.COUNTER) == []


def test_trap_12_zero_power_and_zero_counter_are_values() -> None:
    plant = Plant(spec(ENERGY, POWER), power_w=0.0)
    plant.counter_offset_uwh = 0
    plant.run(60 * S)
    assert plant.last is not None
    assert plant.last.power_w == 0.0
    assert plant.last.lost_since_mono_ns is None
    assert plant.last.known_until_mono_ns == plant.now
    assert plant.booked_uwh() == 0
    assert len(plant.bookings) == 59
    assert plant.told(EventKind.COUNTER) == []


def test_trap_12_pulse_input_without_flow_stays_believed_all_night() -> None:
    plant = Plant(spec(PULSES, ENERGY, POWER), power_w=0.0)
    plant.run(60 * S)
    plant.run(8 * 60 * NS_PER_MIN, scan_ns=S)
    assert [one.ok for one in plant.metering.sources_status(plant.now)] == [True] * 3
    assert plant.last is not None
    assert plant.last.known_until_mono_ns == plant.now
    assert plant.told(EventKind.COUNTER) == []
