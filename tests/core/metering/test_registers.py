"""Register decoding against frames and maps of real meters."""

from __future__ import annotations

import math
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.metering.registers import (
    ENERGY_UWH_WRAP,
    Decoded,
    Request,
    counter_modulus_uwh,
    decode,
    overlaps,
    plan_requests,
)
from edge.model.registers import (
    ByteOrder,
    Quantity,
    Register,
    RegisterMap,
    WordOrder,
    WordType,
)
from edge.model.scan import MeterFault


def _map(*registers: Register, per_request_max: int = 125, gaps: bool = False) -> RegisterMap:
    return RegisterMap("test", registers, "test", per_request_max, gaps)


def _words(*frame: int) -> list[int]:
    """Registers of an answer frame: unit, function, length, data, CRC."""
    return [high << 8 | low for high, low in zip(frame[3:-2:2], frame[4:-2:2], strict=True)]


SDM_POWER = Register(Quantity.POWER, 4, 0x34, WordType.F32, WordOrder.BIG)
SDM_IMPORT = Register(Quantity.IMPORT, 4, 0x48, WordType.F32, WordOrder.BIG, 1000)
SDM_EXPORT = Register(Quantity.EXPORT, 4, 0x4A, WordType.F32, WordOrder.BIG, 1000)
SDM630 = _map(SDM_POWER, SDM_IMPORT, SDM_EXPORT)
# volkszaehler/mbmd meters/rs485: EM24 counts tenths, low word first.
EM24 = _map(
    Register(Quantity.POWER, 4, 0x28, WordType.S32, WordOrder.LITTLE, 1, 10),
    Register(Quantity.IMPORT, 4, 0x42, WordType.S32, WordOrder.LITTLE, 100),
    Register(Quantity.EXPORT, 4, 0x5C, WordType.S32, WordOrder.LITTLE, 100),
)
IEM3000 = _map(
    Register(Quantity.POWER, 3, 0x0BF3, WordType.F32, WordOrder.BIG, 1000),
    Register(Quantity.IMPORT, 3, 0x0C83, WordType.S64, WordOrder.BIG, not_available=(-(2**63),)),
    Register(Quantity.EXPORT, 3, 0x0C87, WordType.S64, WordOrder.BIG, not_available=(-(2**63),)),
)


def test_plan_requests_with_touching_registers_reads_them_together() -> None:
    assert plan_requests(SDM630) == (Request(4, 0x34, 2), Request(4, 0x48, 4))
    assert plan_requests(IEM3000) == (Request(3, 0x0BF3, 2), Request(3, 0x0C83, 8))


def test_plan_requests_with_gap_reads_it_only_where_the_map_allows() -> None:
    near = (SDM_POWER, Register(Quantity.IMPORT, 4, 0x42, WordType.F32, WordOrder.BIG))
    far = (SDM_POWER, Register(Quantity.IMPORT, 4, 0x43, WordType.F32, WordOrder.BIG))
    assert plan_requests(_map(*near)) == (Request(4, 0x34, 2), Request(4, 0x42, 2))
    assert plan_requests(_map(*near, gaps=True)) == (Request(4, 0x34, 16),)
    assert plan_requests(_map(*far, gaps=True)) == (Request(4, 0x34, 2), Request(4, 0x43, 2))


def test_plan_requests_with_meter_limit_splits() -> None:
    registers = (SDM_EXPORT, SDM_IMPORT)
    assert plan_requests(_map(*registers, per_request_max=3)) == (
        Request(4, 0x48, 2),
        Request(4, 0x4A, 2),
    )


def test_plan_requests_with_two_function_codes_keeps_them_apart() -> None:
    registers = (SDM_IMPORT, Register(Quantity.EXPORT, 3, 0x4A, WordType.F32, WordOrder.BIG))
    assert plan_requests(_map(*registers)) == (Request(3, 0x4A, 2), Request(4, 0x48, 2))


def test_overlaps_with_sound_maps_finds_nothing() -> None:
    assert [overlaps(one) for one in (SDM630, EM24, IEM3000)] == [(), (), ()]


def test_overlaps_with_faulty_map_names_every_fault() -> None:
    bad = _map(
        SDM_IMPORT,
        Register(Quantity.EXPORT, 4, 0x49, WordType.F32, WordOrder.BIG),
        Register(Quantity.EXPORT, 3, 0xFFFE, WordType.F64, WordOrder.BIG),
        per_request_max=2,
    )
    assert overlaps(bad) == (
        "import (function 4, 0x0048) and export (function 4, 0x0049) overlap",
        "export (function 3, 0xfffe) ends at 0x10001, need <= 0xffff",
        "export (function 3, 0xfffe) has 4 registers, need <= 2 in one request",
        "export is there twice: export (function 4, 0x0049), export (function 3, 0xfffe)",
    )


@pytest.mark.parametrize(
    ("frame", "uwh"),
    [
        # SDM120, 15117.4326 kWh to four places.
        ((1, 4, 4, 0x46, 0x6C, 0x35, 0xBB, 0x79, 0xF2), 15_117_432_617_188),
        # The same counter later: one float32 step apart, 15421.7061 then 15421.7070 kWh.
        ((1, 4, 4, 0x46, 0x70, 0xF6, 0xD3, 0xE9, 0x2A), 15_421_706_054_688),
        ((1, 4, 4, 0x46, 0x70, 0xF6, 0xD4, 0xA8, 0xE8), 15_421_707_031_250),
    ],
)
def test_decode_with_captured_sdm_energy_is_exact_to_the_uwh(
    frame: tuple[int, ...], uwh: int
) -> None:
    decoded = decode(_map(SDM_IMPORT), {Request(4, 0x48, 2): _words(*frame)})
    assert decoded == Decoded(None, uwh, None, 976_563)


def test_decode_with_captured_sdm_power_gives_signed_watts() -> None:
    at = Request(4, 0x34, 2)
    power = decode(_map(SDM_POWER), {at: _words(1, 4, 4, 0x41, 0xFA, 0x17, 0x7C, 0xC1, 0x98)})
    negative = decode(_map(SDM_POWER), {at: _words(1, 4, 4, 0xC2, 0xEA, 0xCC, 0xCD, 0x73, 0x5D)})
    assert power.power_w == pytest.approx(31.26, abs=0.005)
    assert negative.power_w == pytest.approx(-117.4, abs=1e-5)


def test_decode_with_low_word_first_gives_tenths() -> None:
    decoded = decode(
        EM24,
        {
            Request(4, 0x28, 2): [0x1388, 0x0000],
            Request(4, 0x42, 2): [0x86A1, 0x0001],
            Request(4, 0x5C, 2): [0, 0],
        },
    )
    # 5000 tenths of a watt; 100001 tenths of a kWh.
    assert decoded == Decoded(500.0, 10_000_100_000_000, 0, 100_000_000)


def test_decode_with_negative_low_word_first_power_keeps_the_sign() -> None:
    power = EM24.registers[0]
    assert decode(_map(power), {Request(4, 0x28, 2): [0xFFFF, 0xFFFF]}).power_w == -0.1


def test_decode_with_64_bit_energy_is_exact_beyond_a_double() -> None:
    raw = 2**53 + 1
    words = [raw >> 48 & 0xFFFF, raw >> 32 & 0xFFFF, raw >> 16 & 0xFFFF, raw & 0xFFFF]
    decoded = decode(_map(IEM3000.registers[1]), {Request(3, 0x0C83, 4): words})
    assert decoded == Decoded(None, raw * 1_000_000 % ENERGY_UWH_WRAP, None, 1_000_000)


@pytest.mark.parametrize("word", [0x7FC0, 0xFFC0, 0x7F80, 0xFF80])
def test_decode_with_nan_or_infinity_is_a_fault_without_values(word: int) -> None:
    words = {Request(4, 0x34, 2): [word, 0], Request(4, 0x48, 4): [0, 0, 0, 0]}
    assert decode(SDM630, words) == Decoded(fault=MeterFault.NOT_A_NUMBER)


def test_decode_with_power_beyond_a_double_after_scaling_is_a_fault() -> None:
    register = Register(Quantity.POWER, 4, 0, WordType.F64, WordOrder.BIG, 1000)
    words = {Request(4, 0, 4): struct.unpack(">4H", struct.pack(">d", 1e307))}
    assert decode(_map(register), words) == Decoded(fault=MeterFault.NOT_A_NUMBER)


def test_decode_with_declared_sentinel_is_a_fault_and_undeclared_is_a_value() -> None:
    words = {Request(4, 0x42, 2): [0, 0x7FFF]}
    plain = Register(Quantity.IMPORT, 4, 0x42, WordType.S32, WordOrder.LITTLE)
    declared = msgspec.structs.replace(plain, not_available=(0x7FFF0000,))
    assert decode(_map(declared), words) == Decoded(fault=MeterFault.NOT_A_NUMBER)
    assert decode(_map(plain), words).import_uwh == 0x7FFF0000 * 1_000_000


def test_trap_08_ct_and_vt_ratio_apply_once_and_only_where_given() -> None:
    register = Register(Quantity.IMPORT, 4, 0, WordType.U32, WordOrder.BIG)
    power = Register(Quantity.POWER, 4, 2, WordType.U16, WordOrder.BIG)
    words = {Request(4, 0, 3): [0, 7, 250]}
    assert decode(_map(register, power), words) == Decoded(250.0, 7_000_000, None, 1_000_000)
    assert decode(_map(register, power), words, 1200) == Decoded(
        300_000.0, 8_400_000_000, None, 1_200_000_000
    )
    # A 250/3 A transformer: exact, rounded once.
    assert decode(_map(register), {Request(4, 0, 2): [0, 7]}, 250, 3).import_uwh == 583_333_333


def test_trap_09_float32_counter_at_a_million_kwh_says_how_coarse_it_is() -> None:
    words = struct.unpack(">2H", struct.pack(">f", 1_000_000.0))
    decoded = decode(_map(SDM_IMPORT), {Request(4, 0x48, 2): words})
    assert decoded == Decoded(None, 1_000_000 * 10**9, None, 62_500_000)


def test_trap_10_word_and_byte_order_are_taken_as_declared() -> None:
    def value(word_order: WordOrder, byte_order: ByteOrder) -> int | None:
        register = Register(Quantity.IMPORT, 4, 0, WordType.U32, word_order, byte_order=byte_order)
        return decode(_map(register), {Request(4, 0, 2): [0x0102, 0x0304]}).import_uwh

    assert [value(w, b) for w in WordOrder for b in ByteOrder] == [
        0x01020304 * 1_000_000,
        0x02010403 * 1_000_000,
        0x03040102 * 1_000_000,
        0x04030201 * 1_000_000,
    ]


def test_decode_with_missing_or_short_reply_asserts() -> None:
    with pytest.raises(AssertionError, match="no reply covers power"):
        decode(_map(SDM_POWER), {Request(4, 0x35, 2): [0, 0]})
    with pytest.raises(AssertionError):
        decode(_map(SDM_POWER), {Request(4, 0x34, 2): [0]})


@given(value=st.floats(min_value=0.0, max_value=2.0**53, width=32))
def test_decode_float32_step_is_the_distance_to_the_next_float(value: float) -> None:
    bits = struct.unpack(">I", struct.pack(">f", value))[0]
    following = struct.unpack(">f", struct.pack(">I", bits + 1))[0]
    register = Register(Quantity.IMPORT, 4, 0, WordType.F32, WordOrder.BIG)
    decoded = decode(_map(register), {Request(4, 0, 2): [bits >> 16, bits & 0xFFFF]})
    step_wh = following - value
    assert decoded.step_uwh == max(1, math.ceil(step_wh * 1_000_000))


def test_decode_float64_step_is_its_own() -> None:
    register = Register(Quantity.IMPORT, 4, 0, WordType.F64, WordOrder.BIG, 1000)
    words = struct.unpack(">4H", struct.pack(">d", 2.0**30))
    decoded = decode(_map(register), {Request(4, 0, 4): words})
    assert decoded == Decoded(None, 2**30 * 10**9, None, math.ceil(2.0**-22 * 10**9))


@given(st.integers(min_value=-(2**31), max_value=2**31 - 1))
def test_decode_signed_32_bits_round_trips(raw: int) -> None:
    words = struct.unpack(">2H", struct.pack(">i", raw))
    register = Register(Quantity.IMPORT, 3, 9, WordType.S32, WordOrder.BIG, 1, 10)
    assert decode(_map(register), {Request(3, 9, 2): words}).import_uwh == raw * 100_000


def test_counter_modulus_with_integer_registers_is_their_width_in_energy() -> None:
    assert counter_modulus_uwh(EM24) == 2**32 * 100 * 1_000_000
    assert counter_modulus_uwh(EM24, 20) == 2**32 * 2000 * 1_000_000
    assert counter_modulus_uwh(IEM3000) == ENERGY_UWH_WRAP


def test_counter_modulus_with_declared_rollover_is_that() -> None:
    register = Register(
        Quantity.IMPORT, 4, 0, WordType.U32, WordOrder.BIG, 1000, rollover_raw=10**8
    )
    assert counter_modulus_uwh(_map(register)) == 10**8 * 1000 * 1_000_000


def test_counter_modulus_with_floats_or_unlike_counters_is_unknown() -> None:
    u16 = Register(Quantity.IMPORT, 4, 0, WordType.U16, WordOrder.BIG)
    u32 = Register(Quantity.EXPORT, 4, 2, WordType.U32, WordOrder.BIG)
    assert counter_modulus_uwh(SDM630) is None
    assert counter_modulus_uwh(_map(SDM_POWER)) is None
    assert counter_modulus_uwh(_map(u16, u32)) is None
