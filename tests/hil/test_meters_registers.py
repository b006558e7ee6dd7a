"""Register images and encodings, against words from public captures and by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.meters.config import Cells, Unit
from hil.meters.frames import Frame, Mbap, Rtu
from hil.meters.images import IMAGES
from hil.meters.registers import Point, Registers, Type, encode
from hil.values import Values

CELLS = Cells(power_w="power_w", import_kwh="import_kwh", export_kwh="export_kwh")


@pytest.fixture
def values(tmp_path: Path) -> Iterator[Values]:
    with Values.create(tmp_path / "values", ["power_w", "import_kwh", "export_kwh"]) as values:
        values["power_w"] = -1500.0
        values["import_kwh"] = 15117.4326
        values["export_kwh"] = 0.5
        yield values


@pytest.mark.parametrize(
    ("kind", "raw", "words"),
    [
        ("f32", 15117.4326, [0x466C, 0x35BB]),  # SDM120, public capture
        ("f32", -117.4, [0xC2EA, 0xCCCD]),  # SDM120, public capture
        ("f32", math.nan, [0x7FC0, 0x0000]),
        ("s16", -2.0, [0xFFFE]),
        ("s16", 40_000.0, [0x7FFF]),
        ("s16", math.nan, [0x8000]),
        ("u16", 65_537.0, [0x0001]),
        ("u16", math.nan, [0xFFFF]),
        ("s32", -25.0, [0xFFFF, 0xFFE7]),
        ("u32", 4_294_967_296.0 + 65_536.0, [0x0001, 0x0000]),
        ("s64", -1.0, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF]),
        ("u64", 4_294_967_296.0, [0x0000, 0x0001, 0x0000, 0x0000]),
    ],
)
def test_encode_gives_the_words_of_the_type(kind: Type, raw: float, words: list[int]) -> None:
    big = Point(fc=4, address=0, type=kind, cell="power_w")
    little = Point(fc=4, address=0, type=kind, cell="power_w", word_order="little")
    assert (encode(big, raw), encode(little, raw)) == (words, words[::-1])


@pytest.mark.parametrize(
    ("model", "fc", "expected"),
    [
        (
            "eastron-sdm630",
            4,
            {
                0x34: 0xC4BB,
                0x35: 0x8000,
                0x48: 0x466C,
                0x49: 0x35BB,
                0x4A: 0x3F00,
                0x4B: 0,
            },
        ),
        (
            "carlo-gavazzi-em24",
            4,
            {
                0x28: 0xC568,
                0x29: 0xFFFF,
                0x42: 0x4E86,
                0x43: 0x0002,
                0x5C: 5,
                0x5D: 0,
            },
        ),
        (
            "carlo-gavazzi-em340",
            4,
            {
                0x28: 0xC568,
                0x29: 0xFFFF,
                0x34: 0x4E86,
                0x35: 0x0002,
                0x4E: 5,
                0x4F: 0,
            },
        ),
        (
            "janitza-umg",
            3,
            {
                0x4A52: 0xC4BB,
                0x4A53: 0x8000,
                0x4A7C: 0x4B66,
                0x4A7D: 0xAC79,
                0x4A84: 0x43FA,
                0x4A85: 0x0000,
            },
        ),
        (
            "schneider-iem3000",
            3,
            {
                0x0BF3: 0xBFC0,
                0x0BF4: 0x0000,
                0x0C83: 0,
                0x0C84: 0,
                0x0C85: 0x00E6,
                0x0C86: 0xAC79,
                0x0C87: 0,
                0x0C88: 0,
                0x0C89: 0,
                0x0C8A: 500,
            },
        ),
    ],
)
def test_image_of_a_model_puts_words_at_its_addresses_and_zero_between(
    values: Values, model: str, fc: int, expected: dict[int, int]
) -> None:
    registers = Registers({1: Unit(unit_id=1, model=model, cells=CELLS).image()}, values)
    first, count = registers.span(1, fc)
    words = registers.words(1, fc)
    assert (first, count) == (min(expected), max(expected) - min(expected) + 1)
    assert {first + at: word for at, word in enumerate(words) if word} == {
        address: word for address, word in expected.items() if word
    }
    assert registers.span(1, 7 - fc) == (0, 0)


def test_image_of_every_model_is_named() -> None:
    assert sorted(IMAGES) == [
        "carlo-gavazzi-em24",
        "carlo-gavazzi-em340",
        "eastron-sdm630",
        "janitza-umg",
        "schneider-iem3000",
    ]


def test_unit_with_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="unit 3 model: got 'eastron'"):
        Unit(unit_id=3, model="eastron", cells=CELLS).image()


def test_registers_with_a_factor_or_nan_change_only_that_unit(values: Values) -> None:
    point = Point(fc=4, address=0, type="s16", cell="power_w")
    registers = Registers({1: [point], 2: [point]}, values)
    registers.factor[1] = 2.0
    assert (registers.words(1, 4), registers.words(2, 4)) == ([0xF448], [0xFA24])
    registers.nan.add(1)
    assert (registers.words(1, 4), registers.words(2, 4)) == ([0x8000], [0xFA24])


def test_rtu_with_two_frames_in_one_piece_gives_both() -> None:
    """A query of a public capture and its reply."""
    query, reply = bytes.fromhex("0104000c0002b1c8"), bytes.fromhex("01040441fa177cc198")
    frames = [Frame(1, query[1:-2]), Frame(1, reply[1:-2])]
    assert Rtu().split(query + reply) == frames
    assert Rtu().split(query + reply[:-1]) == frames[:1]
    assert Rtu().split(b"\0" + query) == []
    assert [Rtu().join(frame) for frame in frames] == [query, reply]


def test_mbap_with_two_frames_in_one_piece_gives_both() -> None:
    one = bytes.fromhex("1234000000060104000c0002")
    two = bytes.fromhex("1235000000060204000c0002")
    pdu = bytes.fromhex("04000c0002")
    frames = [Frame(1, pdu, b"\x12\x34"), Frame(2, pdu, b"\x12\x35")]
    assert Mbap().split(one + two) == frames
    assert Mbap().split(one + two[:-1]) == frames[:1]
    assert Mbap().split(b"\0" + one) == []
    assert [Mbap().join(frame) for frame in frames] == [one, two]
