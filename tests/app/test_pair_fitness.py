"""How well each unit could do the duty, as both know it."""

from __future__ import annotations

import pytest

from edge.model.scan import BusCondition, BusSample
from edge.model.twin import Role
from tests.app.pair_parts import KITA, MINAMI, SITE, FakeWorker
from tests.app.pair_rig import Plant, Unit

# The sources are stale by then, and the grade is looked at twice a second.
_DARK_S = 20


def _grades(unit: Unit) -> tuple[str, str, str]:
    """Its own with the reason, and the peer's, by its status."""
    status = unit.duty.status()
    assert status is not None
    return status.grade, status.why_grade, status.peer.grade


def test_relay_that_fails_impairs_the_unit_and_the_other_takes_over(plant: Plant) -> None:
    kita, minami = plant.settle()
    kita.relay_faults = ("fan",)
    plant.run(2)
    assert _grades(kita) == ("impaired", "relay of fan", "fit")
    assert _grades(minami) == ("fit", "", "impaired")
    plant.until(minami, Role.ACTIVE)


@pytest.mark.parametrize("condition", [BusCondition.PORT_LOST, BusCondition.WORKER_LOST])
def test_line_that_is_lost_impairs_until_it_is_back(plant: Plant, condition: BusCondition) -> None:
    kita, minami = plant.settle()
    minami.buses = (BusSample("main", condition),)
    plant.scan(2)
    assert _grades(minami) == ("impaired", "line main", "fit")
    minami.buses = (BusSample("main", BusCondition.NO_METER_ANSWERS),)
    plant.scan(2)
    assert _grades(minami) == ("fit", "", "fit")
    assert kita.role is Role.ACTIVE


def test_standby_without_a_source_is_impaired(plant: Plant) -> None:
    _, minami = plant.settle()
    minami.is_dark = True
    plant.run(_DARK_S)
    assert _grades(minami) == ("impaired", "no source of energy", "fit")


def test_standby_that_can_not_hear_a_line_is_not_impaired_by_its_silence(plant: Plant) -> None:
    kita = plant.start(KITA)
    minami = plant.start(MINAMI, more=(FakeWorker(listens=False),))
    minami.is_dark = True
    plant.run(_DARK_S)
    assert (kita.role, _grades(minami)) == (Role.ACTIVE, ("fit", "", "fit"))


def test_unit_on_duty_is_impaired_by_the_silence_of_what_it_polls(plant: Plant) -> None:
    kita = plant.start(KITA, more=(FakeWorker(listens=False),))
    kita.is_dark = True
    plant.run(_DARK_S)
    assert (kita.role, _grades(kita)[0]) == (Role.ACTIVE, "impaired")


def test_unit_without_relays_and_readings_takes_the_duty_that_nobody_has(plant: Plant) -> None:
    """Readings come only to whoever polls; beside a unit on duty it is unfit."""
    kita = plant.start(KITA)
    kita.is_dark, kita.relay_faults = True, ("chiller", "fan")
    plant.until(kita, Role.ACTIVE)
    minami = plant.start(MINAMI)
    minami.is_dark, minami.relay_faults = True, ("chiller", "fan")
    plant.run(_DARK_S)
    assert _grades(minami)[0] == "unfit"
    plant.kill(kita)
    plant.until(minami, Role.ACTIVE)


def test_resets_make_a_last_resort_and_are_kept_in_number(plant: Plant) -> None:
    kita = plant.start(KITA)
    for _ in range(12):
        kita.duty.note_reset(plant.now_ns)
    assert len(kita.duty.memory.resets_utc_ns) == 8


def test_machine_with_a_copied_card_is_unfit_while_it_hears_the_other_and_both_say_so(
    plant: Plant,
) -> None:
    """EG-KITA's card copied into the machine at EG-MINAMI's place in the networks."""
    kita = plant.start(KITA)
    plant.until(kita, Role.ACTIVE)
    swapped = SITE.replace(".1.1", ".X.").replace(".1.2", ".1.1").replace(".X.", ".1.2")
    swapped = swapped.replace(".2.1", ".X.").replace(".2.2", ".2.1").replace(".X.", ".2.2")
    copy = plant.units["copy"] = Unit(plant, KITA, swapped)
    try:
        plant.run(6)
        assert _grades(copy)[:2] == ("unfit", "another machine speaks as this unit")
        assert _grades(kita)[:2] == ("fit", "")
        assert "twin own unit" in kita.standing.keys() & copy.standing.keys()
        assert (kita.role, Role.ACTIVE in copy.roles()) == (Role.ACTIVE, False)
        plant.kill(kita)
        assert plant.until(copy, Role.ACTIVE, limit_s=20) > 9
        assert "twin own unit" not in copy.standing
    finally:
        copy.close()
