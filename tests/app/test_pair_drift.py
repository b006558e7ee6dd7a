"""A twin with another site file, and a unit without the key: alarms, and the duty all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.model.order import Handover
from edge.model.twin import Role
from tests.app.pair_parts import KITA, MINAMI, SITE, override, write_key
from tests.app.pair_rig import Plant

_OTHER = SITE.replace("contract_kw = 500", "contract_kw = 600")
# Two loads again, but the first of them is none of ours.
_OTHER_LOADS = SITE.replace("[load.chiller]", "[load.furnace]")


def test_twin_with_another_site_file_is_an_alarm_no_handover_and_no_mirror(plant: Plant) -> None:
    kita, minami = plant.start(KITA), plant.start(MINAMI, _OTHER)
    plant.run(6)
    kita.orders = [override("chiller")]
    plant.run(6)
    for unit in (kita, minami):
        drift = unit.standing["twin drift"]
        assert drift.severe
        assert drift.text.startswith("peer has another site file: ")
        unit.orders = [Handover(MINAMI, "kim")]
    assert (kita.sheds, minami.sheds, minami.adoptions) == (["chiller"], [], [])
    plant.run(3)
    assert (kita.role, minami.role) == (Role.ACTIVE, Role.STANDBY)
    assert kita.refusals("handover") == ["site file, plan or version differ"]
    assert minami.refusals("handover") == ["site file, plan or version differ"]


def test_end_beside_a_twin_with_another_site_file_follows_the_policy(plant: Plant) -> None:
    """It is ready to take over, but nothing of ours is in force there yet."""
    kita, minami = plant.start(KITA), plant.start(MINAMI, _OTHER)
    plant.run(6)
    assert minami.role is Role.STANDBY
    assert minami.duty.releases
    assert not kita.duty.releases


@pytest.mark.parametrize("says_farewell", [True, False])
def test_takeover_from_a_twin_with_another_site_file_follows_none_of_its_commands(
    plant: Plant, says_farewell: bool
) -> None:
    """By their place they would be those of other loads."""
    kita, minami = plant.start(KITA, _OTHER_LOADS), plant.start(MINAMI)
    plant.run(6)
    kita.orders = [override("furnace")]
    plant.run(6)
    assert kita.sheds == ["furnace"]
    if says_farewell:
        plant.stop(kita)
    plant.kill(kita)
    plant.until(minami, Role.ACTIVE)
    plant.run(3)
    assert minami.moves() == [[]]


def _reason(plant: Plant, key_file: Path) -> str:
    """Why EG-KITA says that it is without the key; both do their duty as the bus lets them."""
    kita, minami = plant.start(KITA, key_file=key_file), plant.start(MINAMI)
    plant.run(6)
    assert (kita.role, minami.role) == (Role.ACTIVE, Role.SUSPECT)
    assert kita.lamps.fault
    assert kita.standing["twin key"].severe
    plant.kill(kita)
    plant.until(minami, Role.ACTIVE)
    return kita.standing["twin key"].text


def test_key_file_that_others_may_read_leaves_the_unit_alone_and_says_what_to_do(
    plant: Plant,
) -> None:
    key_file = write_key(plant.folder / "open.key", 0o644)
    assert _reason(plant, key_file) == (
        f"{key_file}: others may use the key file: got 0644, need 0600;"
        " the link between the units needs it;"
        f" chmod 600 {key_file}; if others may have read it, make a new key"
    )


def test_key_file_that_is_not_there_leaves_the_unit_alone_and_says_what_to_do(
    plant: Plant,
) -> None:
    key_file = plant.folder / "no.key"
    assert _reason(plant, key_file) == (
        f"{key_file}: key file not read: got No such file or directory;"
        " the link between the units needs it;"
        " make one with `denban key new` on one unit and copy it to the other"
    )
