"""Which unit of the site this machine is."""

from __future__ import annotations

from edge.adapters.hardware import HardwareIdentity
from edge.config.io import UnitPlan
from edge.model.problem import Problem, ProblemsError


def choose_unit(
    units: tuple[UnitPlan, ...], named: str | None, hardware: HardwareIdentity | None
) -> str:
    """The unit that lists this machine's serial number. `named` (by hand) serves a machine that is
    not listed; one that is can be no other.

    Raises ProblemsError when the machine is not listed, or `named` is not a unit of the site, or
    the machine is listed as the other one.
    """
    serial = hardware.serial if hardware else ""
    known = listing_unit(units, hardware)
    if named is not None:
        if named not in {unit.name for unit in units}:
            raise _refuse("--unit: no such unit", got=named, need=_names(units))
        if known is not None and known.name != named:
            raise _refuse(
                "--unit: this machine is another unit",
                got=f"hardware serial {serial} of {known.name}",
                need=f"the machine of {named}",
            )
        return named
    if known is not None:
        return known.name
    listed = ", ".join(f"{unit.name} {unit.hardware_serial}" for unit in units)
    raise _refuse(
        "this machine is not a unit of the site",
        got=f"hardware serial {serial or 'none'}",
        need=f"one of {listed}",
    )


def listing_unit(units: tuple[UnitPlan, ...], hardware: HardwareIdentity | None) -> UnitPlan | None:
    """The unit that lists this machine, None where none does."""
    serial = hardware.serial if hardware else ""
    return next((unit for unit in units if serial and unit.hardware_serial.lower() == serial), None)


def is_copied_identity(
    units: tuple[UnitPlan, ...], unit: str, hardware: HardwareIdentity | None
) -> bool:
    """Whether a copy of this machine's disk would be the same `unit` on another machine: by the
    disk's own number, or because the unit's name is written on the disk and no number is listed.
    """
    known = listing_unit(units, hardware)
    is_by_hardware = known is not None and known.name == unit
    return not is_by_hardware or (hardware is not None and hardware.is_copied_with_disk)


def serials(units: tuple[UnitPlan, ...]) -> tuple[str, ...]:
    """What the site file lists, to look for on this machine."""
    return tuple(unit.hardware_serial for unit in units)


def _names(units: tuple[UnitPlan, ...]) -> str:
    return " or ".join(unit.name for unit in units)


def _refuse(what: str, got: str, need: str) -> ProblemsError:
    step = (
        "check that this is the right machine and the right card; `denban whoami --serial` prints"
        " what to list in the site file"
    )
    return ProblemsError((Problem("", what, got, need, "not started", step),))
