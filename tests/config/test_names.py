"""Which names may stand beside each other, and how near two words are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.checks.names import confusion, unit_confusion
from edge.config.spelling import distance, look, nearest
from tests.config.plant import refusals, site

_WORDS = st.text(alphabet="abcAB-1l", max_size=8)


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
        ("ca", "ac", 1),
        ("abcdef", "abdcfe", 2),
        ("ca", "abc", 3),  # optimal string alignment; unrestricted Damerau would give 2
        ("EG-SV-DU1", "DU-SV-DU1", 2),
    ],
)
def test_distance_known_pairs(first: str, second: str, edits: int) -> None:
    assert distance(first, second) == edits


@given(_WORDS, _WORDS)
def test_distance_is_symmetric_and_zero_only_for_the_same(first: str, second: str) -> None:
    assert distance(first, second) == distance(second, first)
    assert (distance(first, second) == 0) is (first == second)


@given(_WORDS, st.integers(0, 7), st.sampled_from("abZ"))
def test_distance_of_one_insertion_is_one(word: str, place: int, letter: str) -> None:
    assert distance(word, word[:place] + letter + word[place:]) == 1


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("unit_idd", ["unit_id", "bus"], "unit_id"),
        ("INTERVAL_S", ["interval_s"], "interval_s"),
        ("colour", ["pin", "kind"], None),
        ("pin", [], None),
        ("ni", ["in", "no"], "in"),
    ],
)
def test_nearest_known_word(word: str, known: list[str], meant: str | None) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("PUMP", "pump"),
        ("pump-0", "pump-O"),
        ("pump-1", "pump-l"),
        ("pump-1", "pump-I"),
        ("pump-8", "pump-B"),
        ("pump-5", "pump-S"),
        ("furnace", "fumace"),
        ("vvest", "west"),
        ("ＥＧ-KITA", "EG-KITA"),
        ("pump-１", "pump-1"),
        ("АВС", "ABC"),  # Cyrillic
        ("ΑΒΕ", "ABE"),  # Greek
    ],
)
def test_look_of_names_that_print_alike_is_the_same(first: str, second: str) -> None:
    assert first != second
    assert look(first) == look(second)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("chiller-1", "chiller-2", None),
        ("chiller-1", "chiller-11", None),
        ("pump-12", "pump-21", None),
        ("fan-a", "fan-b", None),
        ("line-3-fan", "line-4-fan", None),
        ("fans", "fnas", None),
        ("mixer", "mixre", "one slip of the pen away"),
        ("north", "south", None),
        ("incomer", "generator", None),
        ("chiller-1", "heater-1", None),
        ("compressor", "compresor", "one slip of the pen away"),
        ("compressor-1", "compresosr-1", "one slip of the pen away"),
        ("compressor", "Compressr", "one slip of the pen away"),
        ("chiller-1", "chiller-l", "looks like it"),
        ("chiller-1", "Chiller-1", "looks like it"),
    ],
)
def test_confusion_of_loads(first: str, second: str, reason: str | None) -> None:
    assert confusion(first, second) == reason
    assert confusion(second, first) == reason


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("EG-KITA", "EG-MINAMI", None),
        ("EG-HIGASHI", "EG-NISHI", None),
        ("MILL-GATE-NORTH", "MILL-GATE-COURTYARD", None),
        ("EG-SV-DU1", "DU-SV-DU1", "differs in 2 letters, need 3"),
        ("EG-SV-DU1", "GE-SV-DU1", "differs in 1 letters, need 3"),
        ("EG-SV-ABC", "EG-SV-XYZ", "differs in one short code only"),
        ("EG-SV-ABC", "EG-SV-KITANO", "differs in one short code only"),
        ("EG-KITA-SV", "SV-KITA-EG", "has the same parts in another order"),
        ("EG-1", "EG-2", "differs in digits only"),
        ("GW-1234", "GW-5678", "differs in digits only"),
        ("KITA", "KITA-OLD", "one is the other with something added"),
        ("KITA", "OLD-KITA", "one is the other with something added"),
        ("EG-KITA", "EG-KTIA", "differs in 1 letters, need 3"),
        ("EG-KITA", "eg-kita", "looks like it"),
        ("EG-KILO", "EG-K1L0", "looks like it"),
    ],
)
def test_confusion_of_units(first: str, second: str, reason: str | None) -> None:
    assert unit_confusion(first, second) == reason
    assert unit_confusion(second, first) == reason


def test_site_with_confusable_units_is_refused(tmp_path: Path) -> None:
    text = site(("unit.EG-KITA", "unit.EG-SV-DU1"), ("unit.EG-MINAMI", "unit.DU-SV-DU1"))
    assert refusals(tmp_path, text) == [
        (
            "site.toml:9 unit.DU-SV-DU1: name is easily taken for another: got DU-SV-DU1 "
            "(differs in 2 letters, need 3), need a name quite unlike unit.EG-SV-DU1"
        )
    ]


def test_site_with_confusable_loads_meters_pulses_and_lines_is_refused(tmp_path: Path) -> None:
    text = site(
        more="""
[load.chiller-l]
pin = 6
rated_kw = 120
priority = 1
min_shed_s = 300
max_shed_s = 1800
[bus.Main]
port = "/dev/serial/by-path/usb-2"
[meter.inc0mer]
bus = "Main"
unit_id = 1
profile = "eastron-sdm630"
[pulse.incomier]
pin = 7
wh_per_pulse = 10
direction = "export"
[meter.EG-Kita]
bus = "Main"
unit_id = 2
profile = "eastron-sdm630"
"""
    )
    assert refusals(tmp_path, text) == [
        (
            "site.toml:38 load.chiller-l: name is easily taken for another: got chiller-l "
            "(looks like it), need a name quite unlike load.chiller-1"
        ),
        (
            "site.toml:44 bus.Main: name is easily taken for another: got Main "
            "(looks like it), need a name quite unlike bus.main"
        ),
        (
            "site.toml:46 meter.inc0mer: name is easily taken for another: got inc0mer "
            "(looks like it), need a name quite unlike meter.incomer"
        ),
        (
            "site.toml:50 pulse.incomier: name is easily taken for another: got incomier "
            "(one slip of the pen away), need a name quite unlike pulse.incomer"
        ),
        (
            "site.toml:54 meter.EG-Kita: name is easily taken for another: got EG-Kita "
            "(looks like it), need a name quite unlike unit.EG-KITA"
        ),
    ]
