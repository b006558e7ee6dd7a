"""Modbus registers to power and energy: which requests read a map, and what their words mean.

Pure arithmetic on what the map says; nothing is guessed. Integer registers stay exact,
floating-point registers are rounded once, to the nearest µWh, and say how coarse they are.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from msgspec import Struct

from edge.model.registers import ByteOrder, Quantity, Register, RegisterMap, WordOrder, WordType
from edge.model.scan import MeterFault
from edge.model.units import UWH_PER_WH

# Another request costs 13 bytes of frames, two silent times of 3.5 characters and the meter's
# turn-around, 20 to 40 characters in all; a register costs two. Below this a gap is read along.
GAP_REGISTERS_MAX: Final = 12

WORDS: Final[Mapping[WordType, int]] = {
    WordType.S16: 1,
    WordType.U16: 1,
    WordType.S32: 2,
    WordType.U32: 2,
    WordType.S64: 4,
    WordType.U64: 4,
    WordType.F32: 2,
    WordType.F64: 4,
}
_SIGNED: Final = frozenset({WordType.S16, WordType.S32, WordType.S64})
_FLOATS: Final = frozenset({WordType.F32, WordType.F64})
# Energy passes between processes, and into a checkpoint, as 64 bits with a sign. A site that draws
# 50 MW all the time fills them in 20 years, and a meter's registers may be wider or stand higher:
# what goes further begins again here, as a counter that wraps.
ENERGY_UWH_WRAP: Final = 9 * 10**18
# No site's counter ever shows so much (10**13 kWh, a third of the world's electricity in a year):
# floats with their words in the wrong order do, and registers full of ones.
_SHOWN_UWH_MAX: Final = 10**22
# A double has 52 bits of fraction, a float 23: the step between neighbours is 2**29 times as large.
_F32_STEP_RATIO: Final = 2**29
_F32_STEP_MIN: Final = 2.0**-149


class Request(Struct, frozen=True, order=True):
    """One read of `count` registers from the 0-based `address` by function code 3 or 4."""

    function_code: int
    address: int
    count: int


class Decoded(Struct, frozen=True):
    """Values of one poll on the primary side; a quantity that the map does not have is None.

    `step_uwh` (>= 1) is the coarsest step of the energy registers at these values. With `fault` set
    every quantity is None.
    """

    power_w: float | None = None
    import_uwh: int | None = None
    export_uwh: int | None = None
    step_uwh: int = 1
    fault: MeterFault | None = None


def plan_requests(register_map: RegisterMap) -> tuple[Request, ...]:
    """The fewest reads that cover the map, by function code and address.

    Registers that touch are read together up to the meter's limit; a gap of at most
    `GAP_REGISTERS_MAX` is read along only where the map says that it answers.
    """
    gap_max = GAP_REGISTERS_MAX if register_map.gaps_readable else 0
    requests: list[Request] = []
    for register in sorted(register_map.registers, key=lambda r: (r.function_code, r.address)):
        end = register.address + WORDS[register.type]
        last = requests[-1] if requests else None
        if (
            last is not None
            and last.function_code == register.function_code
            and register.address - (last.address + last.count) <= gap_max
            and end - last.address <= register_map.registers_per_request_max
        ):
            count = max(last.count, end - last.address)
            requests[-1] = Request(last.function_code, last.address, count)
        else:
            requests.append(
                Request(register.function_code, register.address, end - register.address)
            )
    return tuple(requests)


def overlaps(register_map: RegisterMap) -> tuple[str, ...]:
    """Faults of the map that no meter can have, as texts: registers that share words, a quantity
    that is there twice, a register beyond the address space or longer than a request.
    """
    problems: list[str] = []
    seen: list[Register] = []
    for register in register_map.registers:
        first, last = register.address, register.address + WORDS[register.type] - 1
        if last > 0xFFFF:
            problems.append(f"{_name(register)} ends at {last:#06x}, need <= 0xffff")
        if WORDS[register.type] > register_map.registers_per_request_max:
            problems.append(
                f"{_name(register)} has {WORDS[register.type]} registers, need <= "
                f"{register_map.registers_per_request_max} in one request"
            )
        for other in seen:
            if other.quantity is register.quantity:
                problems.append(
                    f"{register.quantity} is there twice: {_name(other)}, {_name(register)}"
                )
            if (
                other.function_code == register.function_code
                and first < other.address + WORDS[other.type]
                and other.address <= last
            ):
                problems.append(f"{_name(other)} and {_name(register)} overlap")
        seen.append(register)
    return tuple(problems)


def decode(
    register_map: RegisterMap,
    replies: Mapping[Request, Sequence[int]],
    ratio_numerator: int = 1,
    ratio_denominator: int = 1,
) -> Decoded:
    """Values of the words that answered `plan_requests(register_map)`.

    The ratio (CT x VT) multiplies power and energy; it is 1 for a meter that shows primary values.
    A NaN, an infinity, more energy than any site's counter shows, or a raw value that the map
    declares as "not available" makes the whole poll `MeterFault.NOT_A_NUMBER`. Energy from
    `ENERGY_UWH_WRAP` on begins again from zero. A register that no reply covers, or a reply of
    another length than its request, is a programmer's error and asserts.
    """
    power_w: float | None = None
    energy_uwh: dict[Quantity, int] = {}
    step_uwh = 1
    for register in register_map.registers:
        raw = _raw(register, replies)
        if raw is None:
            return Decoded(fault=MeterFault.NOT_A_NUMBER)
        numerator = register.scale_numerator * ratio_numerator
        denominator = register.scale_denominator * ratio_denominator
        if register.quantity is Quantity.POWER:
            power_w = float(raw) * numerator / denominator
            if not math.isfinite(power_w):
                return Decoded(fault=MeterFault.NOT_A_NUMBER)
        else:
            numerator *= UWH_PER_WH
            shown_uwh = _nearest(raw * Fraction(numerator, denominator))
            if abs(shown_uwh) > _SHOWN_UWH_MAX:
                return Decoded(fault=MeterFault.NOT_A_NUMBER)
            energy_uwh[register.quantity] = _within_wrap(shown_uwh)
            step = _step(register.type, raw) * abs(Fraction(numerator, denominator))
            step_uwh = max(step_uwh, math.ceil(step))
    return Decoded(
        power_w, energy_uwh.get(Quantity.IMPORT), energy_uwh.get(Quantity.EXPORT), step_uwh
    )


def counter_modulus_uwh(
    register_map: RegisterMap, ratio_numerator: int = 1, ratio_denominator: int = 1
) -> int | None:
    """Energy in µWh after which the map's integer counters start again from zero.

    None for floating-point counters, which never wrap, and where import and export would differ. A
    signed register passes through its negative values, so its whole width counts. At most
    `ENERGY_UWH_WRAP`, where :func:`decode` wraps a counter that goes further.
    """
    moduli: set[int | None] = set()
    for register in register_map.registers:
        if register.quantity is Quantity.POWER:
            continue
        if register.type in _FLOATS:
            moduli.add(None)
            continue
        raw = register.rollover_raw or 1 << (16 * WORDS[register.type])
        numerator = raw * register.scale_numerator * ratio_numerator * UWH_PER_WH
        modulus_uwh = abs(numerator) // (register.scale_denominator * ratio_denominator)
        moduli.add(min(modulus_uwh, ENERGY_UWH_WRAP))
    return moduli.pop() if len(moduli) == 1 else None


def _name(register: Register) -> str:
    return f"{register.quantity} (function {register.function_code}, {register.address:#06x})"


def _words(register: Register, replies: Mapping[Request, Sequence[int]]) -> Sequence[int]:
    count = WORDS[register.type]
    for request, words in replies.items():
        offset = register.address - request.address
        if (
            request.function_code == register.function_code
            and offset >= 0
            and offset + count <= request.count
        ):
            assert len(words) == request.count
            return words[offset : offset + count]
    raise AssertionError(f"no reply covers {_name(register)}")


def _raw(register: Register, replies: Mapping[Request, Sequence[int]]) -> Fraction | None:
    """The register's number, exact; None where the meter says that it has none."""
    words = _words(register, replies)
    if register.word_order is WordOrder.LITTLE:
        words = words[::-1]
    byte_order = ">" if register.byte_order is ByteOrder.BIG else "<"
    data = struct.pack(f"{byte_order}{len(words)}H", *words)
    if register.type in _FLOATS:
        value = struct.unpack(">f" if register.type is WordType.F32 else ">d", data)[0]
        return Fraction(value) if math.isfinite(value) else None
    raw = int.from_bytes(data, "big", signed=register.type in _SIGNED)
    return None if raw in register.not_available else Fraction(raw)


def _within_wrap(shown_uwh: int) -> int:
    """With the sign kept: a signed counter passes through zero without a jump."""
    within_uwh = abs(shown_uwh) % ENERGY_UWH_WRAP
    return within_uwh if shown_uwh >= 0 else -within_uwh


def _nearest(value: Fraction) -> int:
    """Half a µWh rounds up, so that a growing counter never steps back."""
    return math.floor(value + Fraction(1, 2))


def _step(word_type: WordType, raw: Fraction) -> Fraction:
    """Distance from `raw` to the next number that its type can hold."""
    if word_type not in _FLOATS:
        return Fraction(1)
    step = math.ulp(float(raw))
    if word_type is WordType.F32:
        step = max(step * _F32_STEP_RATIO, _F32_STEP_MIN)
    return Fraction(step)
