"""A machine is a unit by its hardware serial; one that is not listed is no gateway."""

from __future__ import annotations

import pytest

from edge.adapters.hardware import HardwareIdentity
from edge.app.unit import choose_unit, is_copied_identity
from edge.config.io import UnitPlan
from edge.model.problem import ProblemsError

_UNITS = (UnitPlan("EG-KITA", "10000000A1B2", ()), UnitPlan("EG-MINAMI", "10000000d4c3", ()))


def _machine(serial: str) -> HardwareIdentity:
    return HardwareIdentity(serial, "device tree")


def test_unit_is_the_one_that_lists_the_serial() -> None:
    assert choose_unit(_UNITS, None, _machine("10000000a1b2")) == "EG-KITA"
    assert choose_unit(_UNITS, None, _machine("10000000d4c3")) == "EG-MINAMI"


@pytest.mark.parametrize("machine", [_machine("ffff"), None, _machine("10000000d4c3")])
def test_unit_named_by_hand_serves_a_machine_that_is_not_listed(
    machine: HardwareIdentity | None,
) -> None:
    assert choose_unit(_UNITS, "EG-MINAMI", machine) == "EG-MINAMI"


def test_unit_named_by_hand_on_the_machine_of_the_other_is_refused() -> None:
    with pytest.raises(ProblemsError) as refused:
        choose_unit(_UNITS, "EG-MINAMI", _machine("10000000a1b2"))
    assert str(refused.value) == (
        "--unit: this machine is another unit: got hardware serial 10000000a1b2 of EG-KITA, need"
        " the machine of EG-MINAMI; not started; check that this is the right machine and the right"
        " card; `denban whoami --serial` prints what to list in the site file"
    )


@pytest.mark.parametrize(
    ("unit", "machine", "is_copied"),
    [
        ("EG-KITA", _machine("10000000a1b2"), False),
        ("EG-KITA", HardwareIdentity("10000000a1b2", "machine-id", is_copied_with_disk=True), True),
        ("EG-KITA", _machine("ffff"), True),
        ("EG-KITA", None, True),
    ],
)
def test_identity_is_copied_with_the_disk_unless_the_machine_itself_is_listed(
    unit: str, machine: HardwareIdentity | None, is_copied: bool
) -> None:
    assert is_copied_identity(_UNITS, unit, machine) is is_copied


@pytest.mark.parametrize("machine", [_machine("ffff"), _machine(""), None])
def test_machine_that_is_not_listed_is_refused(machine: HardwareIdentity | None) -> None:
    with pytest.raises(ProblemsError, match="this machine is not a unit of the site") as refused:
        choose_unit(_UNITS, None, machine)
    assert "EG-KITA 10000000A1B2, EG-MINAMI 10000000d4c3" in str(refused.value)


def test_name_that_is_no_unit_is_refused() -> None:
    with pytest.raises(ProblemsError, match="got EG-KITTA, need EG-KITA or EG-MINAMI"):
        choose_unit(_UNITS, "EG-KITTA", None)
