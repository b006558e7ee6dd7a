"""The baton between sources: hand-over, return, loss, gaps, restart, and what people are told."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.metering.metering import Metering
from edge.model.event import EventKind, Severity
from edge.model.scan import MeterFault, MeterSample, PulseSample
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


def test_metering_state_is_bounded_after_a_long_run() -> None:
    """Names of fields are most of it; only the digits of numbers grow."""
    plant = Plant(spec(PULSES, ENERGY, POWER))
    plant.run(60 * S)
    early = len(msgspec.msgpack.encode(plant.state))
    plant.run(60 * NS_PER_MIN, scan_ns=S)
    assert len(msgspec.msgpack.encode(plant.state)) < early + 200
