"""Energy wider than what passes between processes: wrapped or refused, never an overflow."""

from __future__ import annotations

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.metering.counter import CounterState, Verdict, advance
from edge.core.metering.registers import (
    ENERGY_UWH_WRAP,
    Decoded,
    Request,
    counter_modulus_uwh,
    decode,
)
from edge.model.registers import Quantity, Register, RegisterMap, WordOrder, WordType
from edge.model.scan import MeterFault
from edge.model.units import NS_PER_S, UWH_PER_WH


def _map(*registers: Register) -> RegisterMap:
    return RegisterMap("test", registers, "test")


@pytest.mark.parametrize(
    ("raw_type", "words"),
    [
        (WordType.S64, struct.unpack(">4H", struct.pack(">q", -(2**63)))),
        (WordType.U64, (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF)),
        # 100.24609375 kWh with its words in the wrong order.
        (WordType.F32, (0x7E00, 0x42C8)),
        (WordType.F64, struct.unpack(">4H", struct.pack(">d", 1e300))),
    ],
)
def test_decode_with_energy_that_no_counter_shows_is_a_fault(
    raw_type: WordType, words: tuple[int, ...]
) -> None:
    register = Register(Quantity.IMPORT, 3, 0, raw_type, WordOrder.BIG, 1000)
    reply = {Request(3, 0, len(words)): words}
    assert decode(_map(register), reply) == Decoded(fault=MeterFault.NOT_A_NUMBER)


@given(st.integers(min_value=-(2**31), max_value=2**31 - 1))
def test_decode_with_any_ratio_gives_energy_that_a_message_can_carry(raw: int) -> None:
    """A 77 kV connection behind a tenth-of-a-kWh meter: 700 x 400 times the register."""
    register = Register(Quantity.IMPORT, 3, 9, WordType.S32, WordOrder.BIG, 100)
    words = struct.unpack(">2H", struct.pack(">i", raw))
    decoded = decode(_map(register), {Request(3, 9, 2): words}, 700 * 400)
    if decoded.fault is None:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(decoded), type=Decoded) == decoded
        assert decoded.import_uwh is not None
        difference_uwh = raw * 100 * 700 * 400 * 1_000_000 - decoded.import_uwh
        assert difference_uwh % ENERGY_UWH_WRAP == 0


def test_counter_beyond_its_wrap_goes_on_to_the_last_uwh() -> None:
    """Past 9 TWh, where the register itself has room for more."""
    register = Register(Quantity.IMPORT, 3, 0, WordType.U64, WordOrder.BIG, 1)
    modulus_uwh = counter_modulus_uwh(_map(register))
    state, moved_uwh, verdicts = CounterState(), 0, []
    for second, shown_wh in enumerate((8_999_999_999_995, 8_999_999_999_999, 9_000_000_000_007)):
        words = struct.unpack(">4H", shown_wh.to_bytes(8, "big"))
        decoded = decode(_map(register), {Request(3, 0, 4): words})
        assert decoded.import_uwh is not None
        moved = advance(
            state, decoded.import_uwh, second * NS_PER_S, decoded.step_uwh, modulus_uwh, 1e6
        )
        moved_uwh += moved.delta_uwh
        verdicts.append(moved.verdict)
    assert verdicts == [Verdict.BASELINE, Verdict.FORWARD, Verdict.WRAP]
    assert moved_uwh == 12 * UWH_PER_WH
