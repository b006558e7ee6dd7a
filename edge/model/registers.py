"""Register map of a meter: where its quantities are and how their words become numbers. Data, not
code.
"""

from __future__ import annotations

import enum

from msgspec import Struct


class Quantity(enum.StrEnum):
    """What a register holds. Import is energy taken from the network, export is given back."""

    POWER = "power"
    IMPORT = "import"
    EXPORT = "export"


class WordType(enum.StrEnum):
    S16 = "s16"
    U16 = "u16"
    S32 = "s32"
    U32 = "u32"
    S64 = "s64"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"


class WordOrder(enum.StrEnum):
    """BIG: the first register is the most significant. Said explicitly, never guessed."""

    BIG = "big"
    LITTLE = "little"


class ByteOrder(enum.StrEnum):
    """Order of the two bytes within a register; the standard's is BIG."""

    BIG = "big"
    LITTLE = "little"


class Side(enum.StrEnum):
    """PRIMARY: the meter already multiplies by its CT and VT ratio. SECONDARY: we must."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Register(Struct, frozen=True):
    """One quantity. value in W or Wh = raw x `scale_numerator` / `scale_denominator`; integers stay
    exact.

    `address` is 0-based, as on the wire; `function_code` is 3 or 4. `not_available` lists the raw
    integers (signed for the s types) by which the meter says that it has no value. `rollover_raw`
    is the raw count at which an energy register starts again from zero where that is less than its
    type could hold (a decimal display, a 24-bit counter); None: the type's full width.
    """

    quantity: Quantity
    function_code: int
    address: int
    type: WordType
    word_order: WordOrder
    scale_numerator: int = 1
    scale_denominator: int = 1
    byte_order: ByteOrder = ByteOrder.BIG
    not_available: tuple[int, ...] = ()
    rollover_raw: int | None = None


class RegisterMap(Struct, frozen=True):
    """The registers of a meter type that we read, and how many the meter gives in one request.

    `gaps_readable`: the registers between ours answer too, so that one request may span small gaps.
    """

    name: str
    registers: tuple[Register, ...]
    source: str
    registers_per_request_max: int = 125
    gaps_readable: bool = False
