"""Which unit of the site this machine is."""

from __future__ import annotations

from edge.adapters.hardware import HardwareIdentity
from edge.config.io import UnitPlan
from edge.model.problem import Problem, ProblemsError


def choose_unit(
    units: tuple[UnitPlan, ...], named: str | None, hardware: HardwareIdentity | None
) -> str:
    """The unit that lists this machine's serial number; `named` (by hand) goes before it.

    Raises ProblemsError when the machine is not listed, or `named` is not a unit of the site.
    """
    if named is not None:
        if named not in {unit.name for unit in units}:
            raise _refuse("--unit: no such unit", got=named, need=_names(units))
        return named
    serial = hardware.serial if hardware else ""
    for unit in units:
        if serial and unit.hardware_serial.lower() == serial:
            return unit.name
    listed = ", ".join(f"{unit.name} {unit.hardware_serial}" for unit in units)
    raise _refuse(
        "this machine is not a unit of the site",
        got=f"hardware serial {serial or 'none'}",
        need=f"one of {listed}",
    )


def _names(units: tuple[UnitPlan, ...]) -> str:
    return " or ".join(unit.name for unit in units)


def _refuse(what: str, got: str, need: str) -> ProblemsError:
    step = "check that this is the right machine; list its serial in the site file, or name --unit"
    return ProblemsError((Problem("", what, got, need, "not started", step),))
