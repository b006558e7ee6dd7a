"""Whatever fails in whatever order, the booked energy is the plant's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.model.event import EventKind
from edge.model.units import UWH_PER_KWH
from tests.core.metering.plant import (
    ENERGY,
    POWER,
    PULSE_UWH,
    PULSES,
    SECOND,
    Plant,
    S,
    spec,
)

KWH = UWH_PER_KWH


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


@settings(max_examples=40)
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


@settings(max_examples=40)
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


@settings(max_examples=25)
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
