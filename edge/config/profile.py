"""From a profile, or the registers written in a meter's table, to the register map that is polled.

Refuses what no meter can have; reads no file.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from edge.config.exact import exact
from edge.config.findings import Findings
from edge.config.locate import Path
from edge.config.sections.metering import ProfileFile, RegisterSection, Unit
from edge.core.metering.registers import overlaps
from edge.model.registers import Quantity, Register, RegisterMap, Side

_POWER_UNITS = {Unit.W: 1, Unit.KW: 1_000, Unit.MW: 1_000_000}
_ENERGY_UNITS = {Unit.WH: 1, Unit.KWH: 1_000, Unit.MWH: 1_000_000}


# As a profile file's default.
_RESPONSE_MS_MAX = 500


class Profile(Struct, frozen=True):
    """A meter type, ready to use. `side` None: the meter's table must say it."""

    map: RegisterMap
    side: Side | None
    response_ms_max: int

    @property
    def quantities(self) -> frozenset[Quantity]:
        """What the meter measures."""
        return frozenset(register.quantity for register in self.map.registers)


def profile_of(file: ProfileFile, findings: Findings) -> Profile:
    """The profile that a file means; what is wrong with it goes to `findings`."""
    registers = _registers(file.register, ("register",), findings)
    register_map = RegisterMap(
        file.name, registers, file.source, file.registers_per_request_max, file.gaps_readable
    )
    _check_overlaps(register_map, ("register",), findings)
    return Profile(register_map, file.side, file.response_ms_max)


def inline_profile(
    meter: str, sections: tuple[RegisterSection, ...], path: Path, findings: Findings
) -> Profile:
    """The profile of the registers in one meter's own table."""
    registers = _registers(sections, path, findings)
    register_map = RegisterMap(f"{meter} (own registers)", registers, "the site file")
    _check_overlaps(register_map, path, findings)
    return Profile(register_map, None, _RESPONSE_MS_MAX)


def _check_registers(sections: tuple[RegisterSection, ...], path: Path, findings: Findings) -> None:
    """Units must fit quantities."""
    for index, section in enumerate(sections):
        units = _POWER_UNITS if section.quantity is Quantity.POWER else _ENERGY_UNITS
        if section.unit not in units:
            findings.refuse(
                (*path, index, "unit"),
                f"not a unit of {section.quantity}",
                got=section.unit,
                need=f"one of {', '.join(units)}",
                rests_on=[(*path, index, "quantity")],
            )


def _registers(
    sections: tuple[RegisterSection, ...], path: Path, findings: Findings
) -> tuple[Register, ...]:
    """All of them, when all could be read; else those that could, to find what is wrong there."""
    _check_registers(sections, path, findings)
    return tuple(
        _register(section)
        for index, section in enumerate(sections)
        if findings.whole((*path, index))
    )


def _check_overlaps(register_map: RegisterMap, path: Path, findings: Findings) -> None:
    if not register_map.registers and findings.whole(path):
        findings.refuse(path, "no registers", got="none", need="power, import or both")
    for fault in overlaps(register_map):
        findings.refuse(path, "impossible register map", got=fault)


def _register(section: RegisterSection) -> Register:
    unit = Fraction((_POWER_UNITS | _ENERGY_UNITS)[section.unit])
    scale = unit / exact(section.raw_per_unit)
    return Register(
        quantity=section.quantity,
        function_code=section.function_code,
        address=section.address,
        type=section.type,
        word_order=section.word_order,
        scale_numerator=scale.numerator,
        scale_denominator=scale.denominator,
        byte_order=section.byte_order,
        not_available=section.not_available,
        rollover_raw=section.rollover_raw,
    )
