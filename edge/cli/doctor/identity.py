"""Checks of who this machine is: its serial in the site file, its host name, its unit."""

from __future__ import annotations

from edge.adapters.hardware import HardwareIdentity
from edge.cli.doctor.result import CheckResult, fail, ok, warn
from edge.config.io import UnitPlan


def check_serial(units: tuple[UnitPlan, ...], hardware: HardwareIdentity | None) -> CheckResult:
    """Whether the site file lists this machine."""
    name = "hardware serial"
    if hardware is None:
        return fail(name, "none found", "run on a machine with a serial, or name `run --unit`")
    unit = unit_of(units, hardware)
    if unit is None:
        listed = ", ".join(unit.name for unit in units)
        return fail(
            name,
            f"{hardware.serial} ({hardware.source})",
            f"is this the right machine? list it as hardware_serial of one of: {listed}",
        )
    if hardware.is_copied_with_disk:
        return warn(
            name,
            f"{hardware.serial} is {unit.name}, by {hardware.source}",
            "a copy of this disk would be the same unit: never start both",
        )
    return ok(name, f"{hardware.serial} is {unit.name}")


def check_hostname(
    units: tuple[UnitPlan, ...], hardware: HardwareIdentity | None, hostname: str
) -> CheckResult:
    """The prompt shows the host name: it should be the unit's."""
    unit = unit_of(units, hardware)
    if unit is None:
        return warn("host name", hostname, "list this machine in the site file first")
    if hostname.partition(".")[0].lower() == unit.name.lower():
        return ok("host name", hostname)
    advice = f"hostnamectl set-hostname {unit.name.lower()}, so that the prompt names the unit"
    return warn("host name", f"{hostname}, the unit is {unit.name}", advice)


def unit_of(units: tuple[UnitPlan, ...], hardware: HardwareIdentity | None) -> UnitPlan | None:
    """The unit that lists this machine's serial."""
    if hardware is None:
        return None
    return next((unit for unit in units if unit.hardware_serial.lower() == hardware.serial), None)
