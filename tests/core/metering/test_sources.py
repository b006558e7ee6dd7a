"""The baton between sources: hand-over, return, loss, gaps, restart, and what people are told."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.metering.metering import Metering
from edge.model.event import EventKind, Severity
from edge.model.scan import BusCondition, BusSample, MeterFault, MeterSample, PulseSample
from edge.model.spec import Direction
from edge.model.status import SourceStatus
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


def _in_use(plant: Plant) -> list[str]:
    return [one.name for one in plant.metering.sources_status(plant.now) if one.in_use]


def test_metering_before_any_sample_knows_nothing_and_tells_nothing() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.now += S
    step = plant.scan(pulses=())
    assert step.bookings == ()
    assert step.known_until_mono_ns == START_NS
    assert (step.power_w, step.power_mono_ns, step.resolution_uwh) == (None, 0, 1)
    assert step.lost_since_mono_ns == plant.now
    assert plant.events == []
    assert plant.metering.sources_status(plant.now) == (
        SourceStatus("pulse.incomer", in_use=False, ok=False, age_s=None),
        SourceStatus("meter.incomer.energy", in_use=False, ok=False, age_s=None),
    )


def test_metering_with_first_sample_takes_it_as_baseline_without_energy() -> None:
    plant = Plant(spec(ENERGY))
    plant.pass_by(S)
    step = plant.scan(plant.sample())
    assert (step.bookings, step.known_until_mono_ns) == ((), plant.now)
    assert step.lost_since_mono_ns is None
    assert plant.told(EventKind.SOURCE) == [
        ("meter.incomer.energy", Severity.INFO, "first_believable", False)
    ]


def test_metering_without_any_source_after_the_grace_sounds_an_alarm_once() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.pulses_on = plant.meters_on["incomer"] = False
    plant.run(30 * S)
    (alarm,) = [one for one in plant.events if one.kind is EventKind.SOURCE]
    assert (alarm.subject, alarm.severity) == ("site", Severity.ALARM)
    assert alarm.mono_ns == START_NS + 51 * S // 10
    assert alarm.facts == {
        "reason": "all_lost",
        "pulse.incomer": "unheard",
        "meter.incomer.energy": "unheard",
    }
    plant.pulses_on = True
    plant.run(S)
    assert plant.told(EventKind.SOURCE)[1:] == [
        ("pulse.incomer", Severity.INFO, "first_believable", False),
        ("site", Severity.INFO, "all_lost", True),
    ]


def test_pulses_in_use_book_every_scan_and_show_their_weight() -> None:
    plant = Plant(spec(PULSES))
    plant.run(10 * S)
    assert len(plant.bookings) == 99
    assert plant.last is not None
    assert plant.last.resolution_uwh == PULSE_UWH
    assert plant.last.known_until_mono_ns == plant.now
    assert {one.import_uwh for one in plant.bookings} == {0, PULSE_UWH}


def test_power_is_the_first_fresh_register_in_order() -> None:
    plant = Plant(spec(ENERGY, POWER))
    plant.run(3 * S)
    assert plant.last is not None
    assert (plant.last.power_w, plant.last.power_mono_ns) == (360_000.0, plant.now)
    plant.meters_on["incomer"] = False
    plant.run(5 * S)
    assert plant.last.power_w == 360_000.0
    plant.run(S)
    assert (plant.last.power_w, plant.last.power_mono_ns) == (None, 0)


@pytest.mark.parametrize(
    "order", [(PULSES, ENERGY, POWER), (ENERGY, PULSES, POWER), (POWER, ENERGY, PULSES)]
)
def test_baton_over_every_failover_and_return_books_the_plant_within_a_step(
    order: tuple[object, ...],
) -> None:
    plant = Plant(spec(*order))  # type: ignore[arg-type]
    plant.run(20 * S)
    plant.pulse_fault = True
    plant.run(20 * S)
    plant.pulse_fault = False
    plant.run(30 * S)
    plant.power_on = False
    plant.run(20 * S)
    plant.meters_on["incomer"] = False
    plant.run(20 * S)
    plant.meters_on["incomer"] = plant.power_on = True
    plant.run(30 * S)
    assert _in_use(plant) == [plant.metering.sources_status(plant.now)[0].name]
    assert plant.booked_uwh() == pytest.approx(plant.import_uwh, abs=KWH // 10 + 2 * PULSE_UWH)


def test_baton_returns_to_the_better_source_only_when_it_is_steady() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(10 * S)
    plant.pulse_fault = True
    plant.run(2 * S)
    plant.pulse_fault = False
    back_ns = plant.now
    while _in_use(plant) != ["pulse.incomer"]:
        plant.run(S // 10)
    assert plant.now == back_ns + 10 * S + S // 10
    last = [one for one in plant.events if one.kind is EventKind.SOURCE][-1]
    assert (last.severity, last.facts) == (
        Severity.INFO,
        {
            "to": "pulse.incomer",
            "age_s": 0.0,
            "from": "meter.incomer.energy",
            "from_age_s": 0.1,
            "reason": "better_back",
            "cleared": True,
        },
    )


def test_baton_with_a_third_source_steps_up_through_the_second() -> None:
    plant = Plant(spec(ENERGY, SECOND, POWER))
    plant.run(5 * S)
    plant.meter_fault = MeterFault.NO_REPLY
    plant.run(6 * S)
    assert _in_use(plant) == []
    plant.meter_fault = None
    plant.run(2 * S)
    assert _in_use(plant) == ["meter.incomer.energy"]
    plant.meters_on["incomer"] = False
    plant.run(8 * S)
    assert _in_use(plant) == ["meter.second.energy"]
    assert plant.booked_uwh() == plant.import_uwh - KWH // 10


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


def test_changed_site_file_drops_sources_that_are_gone() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(10 * S)
    state = plant.state
    again = Plant(spec(ENERGY), state=state)
    again.now = plant.now
    again.import_uwh = plant.import_uwh
    again.metering = Metering(again.spec, state, again.now)
    assert state.baton.in_use is None
    again.run(10 * S)
    assert _in_use(again) == ["meter.incomer.energy"]
    assert plant.booked_uwh() + again.booked_uwh() == pytest.approx(again.import_uwh, abs=PULSE_UWH)


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


def test_cross_check_leaves_out_a_window_in_which_a_source_began_anew() -> None:
    plant = Plant(spec(PULSES, ENERGY))
    plant.run(70 * S)
    plant.pulses_wired = False
    plant.run(4 * S)
    plant.restart()
    plant.pulses_wired = True
    plant.run(46 * S)
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


def test_samples_of_meters_and_inputs_that_are_not_declared_are_ignored() -> None:
    plant = Plant(spec(ENERGY))
    plant.now += S
    plant.scan(MeterSample("other", plant.now, 5.0, 5, 5), pulses=(PulseSample("other", 1, 5, 0),))
    assert plant.events == []


def test_sample_stamped_after_the_scan_began_counts_as_of_now() -> None:
    plant = Plant(spec(ENERGY, POWER))
    plant.pass_by(S)
    ahead = MeterSample("incomer", plant.now + 5, 1.0, 7, 0)
    assert plant.scan(ahead).known_until_mono_ns == plant.now


def test_metering_with_the_same_inputs_gives_the_same_bytes() -> None:
    def story() -> bytes:
        plant = Plant(spec(PULSES, ENERGY, POWER))
        plant.run(20 * S)
        plant.pulse_fault = True
        plant.run(20 * S)
        return msgspec.msgpack.encode((plant.bookings, plant.events, plant.state))

    assert story() == story()


FAULTS = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=300),
        st.sampled_from(["pulses", "meter", "second", "power", "restart", "none"]),
    ),
    max_size=8,
)


def _live_through(plant: Plant, story: list[tuple[int, str]], *, restart: bool) -> None:
    for tenths, what in story:
        if what == "restart":
            if restart:
                plant.pass_by(tenths * S)
                plant.restart()
            plant.run(S)
            continue
        plant.pulse_fault = what == "pulses"
        plant.meters_on["incomer"] = what != "meter"
        plant.meters_on["second"] = what != "second"
        plant.power_on = what != "power"
        plant.run(tenths * S // 10)
    plant.pulse_fault = False
    plant.meters_on = {"incomer": True, "second": True}
    plant.power_on = True
    plant.run(20 * S)
    plant.run(S - plant.now % S)


@settings(max_examples=60)
@given(
    FAULTS,
    st.lists(st.floats(min_value=-9e5, max_value=9e5), min_size=1, max_size=8),
)
def test_single_register_over_any_outage_and_restart_books_its_difference_exactly(
    story: list[tuple[int, str]], powers_w: list[float]
) -> None:
    plant = Plant(spec(ENERGY))
    plant.run(S)
    begun = plant.import_uwh, plant.export_uwh
    for index, event in enumerate(story):
        plant.power_w = powers_w[index % len(powers_w)]
        _live_through(plant, [event], restart=True)
    plant.run(2 * S)
    assert plant.booked_uwh() == plant.import_uwh - begun[0]
    assert sum(one.export_uwh for one in plant.bookings) == plant.export_uwh - begun[1]


@settings(max_examples=60)
@given(FAULTS, st.permutations([PULSES, ENERGY, SECOND, POWER]))
def test_any_order_of_sources_over_any_faults_books_the_plant(
    story: list[tuple[int, str]], order: list[object]
) -> None:
    """At constant power, with registers that survive a restart: within a poll at the start, a pulse
    for each hand-over to or from the pulses, and rounding.
    """
    plant = Plant(spec(*order))  # type: ignore[arg-type]
    plant.run(10 * S)
    _live_through(plant, story, restart=True)
    handed = len(plant.told(EventKind.SOURCE))
    assert plant.booked_uwh() == pytest.approx(
        plant.import_uwh, abs=KWH // 10 + (handed + 1) * PULSE_UWH
    )


@settings(max_examples=40)
@given(FAULTS)
def test_two_equal_registers_over_any_failover_book_the_difference_exactly(
    story: list[tuple[int, str]],
) -> None:
    """Polled at the same instants at constant power, no share of a span is a guess."""
    plant = Plant(spec(ENERGY, SECOND))
    plant.run(S)
    begun = plant.import_uwh
    _live_through(plant, story, restart=True)
    assert plant.booked_uwh() == plant.import_uwh - begun


def test_metering_state_is_bounded_after_a_long_run() -> None:
    """Names of fields are most of it; only the digits of numbers grow."""
    plant = Plant(spec(PULSES, ENERGY, POWER))
    plant.run(60 * S)
    early = len(msgspec.msgpack.encode(plant.state))
    plant.run(60 * NS_PER_MIN, scan_ns=S)
    assert len(msgspec.msgpack.encode(plant.state)) < early + 200


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
