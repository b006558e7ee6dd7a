"""Meter profiles: those shipped say what the published maps say, and one's own are checked."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from edge.core.metering.registers import Request, decode, plan_requests
from edge.model.registers import Quantity, RegisterMap, WordOrder, WordType
from tests.config.plant import load, refusals, site

_OWN = """\
name = "own"
model = "Own meter"
source = "its manual"
side = "primary"
[[register]]
quantity = "power"
function_code = 3
address = 10
type = "s32"
word_order = "big"
unit = "kW"
raw_per_unit = 10
[[register]]
quantity = "import"
function_code = 3
address = 12
type = "u32"
word_order = "big"
unit = "kWh"
raw_per_unit = 0.1
"""


def _map(folder: Path, profile: str, **own: str) -> RegisterMap:
    loaded = load(folder, site(("eastron-sdm630", profile)), **own)
    return loaded.io.buses[0].meters[0].map


# field, function code, address, type, word order, W or Wh of one raw count, by
# volkszaehler/mbmd meters/rs485.
_SHIPPED = {
    "eastron-sdm630": [
        (Quantity.POWER, 4, 0x34, WordType.F32, WordOrder.BIG, 1, 1),
        (Quantity.IMPORT, 4, 0x48, WordType.F32, WordOrder.BIG, 1000, 1),
        (Quantity.EXPORT, 4, 0x4A, WordType.F32, WordOrder.BIG, 1000, 1),
    ],
    "carlo-gavazzi-em24": [
        (Quantity.POWER, 4, 0x28, WordType.S32, WordOrder.LITTLE, 1, 10),
        (Quantity.IMPORT, 4, 0x42, WordType.S32, WordOrder.LITTLE, 100, 1),
        (Quantity.EXPORT, 4, 0x5C, WordType.S32, WordOrder.LITTLE, 100, 1),
    ],
    "carlo-gavazzi-em340": [
        (Quantity.POWER, 4, 0x28, WordType.S32, WordOrder.LITTLE, 1, 10),
        (Quantity.IMPORT, 4, 0x34, WordType.S32, WordOrder.LITTLE, 100, 1),
        (Quantity.EXPORT, 4, 0x4E, WordType.S32, WordOrder.LITTLE, 100, 1),
    ],
    "janitza-umg": [
        (Quantity.POWER, 3, 0x4A52, WordType.F32, WordOrder.BIG, 1, 1),
        (Quantity.IMPORT, 3, 0x4A7C, WordType.F32, WordOrder.BIG, 1, 1),
        (Quantity.EXPORT, 3, 0x4A84, WordType.F32, WordOrder.BIG, 1, 1),
    ],
    "schneider-iem3000": [
        (Quantity.POWER, 3, 0x0BF3, WordType.F32, WordOrder.BIG, 1000, 1),
        (Quantity.IMPORT, 3, 0x0C83, WordType.S64, WordOrder.BIG, 1, 1),
        (Quantity.EXPORT, 3, 0x0C87, WordType.S64, WordOrder.BIG, 1, 1),
    ],
}


def test_shipped_profiles_are_these() -> None:
    names = sorted(p.name for p in resources.files("edge.config").joinpath("profiles").iterdir())
    assert names == sorted(f"{name}.toml" for name in _SHIPPED)


@pytest.mark.parametrize("profile", _SHIPPED)
def test_shipped_profile_is_the_published_map(tmp_path: Path, profile: str) -> None:
    register_map = _map(tmp_path, profile)
    assert register_map.name == profile
    assert [
        (
            r.quantity,
            r.function_code,
            r.address,
            r.type,
            r.word_order,
            r.scale_numerator,
            r.scale_denominator,
        )
        for r in register_map.registers
    ] == _SHIPPED[profile]


def test_sdm630_reads_the_power_of_a_recorded_answer(tmp_path: Path) -> None:
    """41FA 177C = 31.26 W, from a recorded SDM630 frame."""
    register_map = _map(tmp_path, "eastron-sdm630")
    power, energy = plan_requests(register_map)
    assert (power, energy) == (Request(4, 0x34, 2), Request(4, 0x48, 4))
    decoded = decode(register_map, {power: [0x41FA, 0x177C], energy: [0x466C, 0x35BB, 0, 0]})
    assert decoded.power_w == pytest.approx(31.26, abs=0.005)
    assert decoded.import_uwh == pytest.approx(15117.4326e9, abs=1e6)


def test_em24_reads_low_word_first(tmp_path: Path) -> None:
    register_map = _map(tmp_path, "carlo-gavazzi-em24")
    power, imported, exported = plan_requests(register_map)
    replies = {power: [0xFFFE, 0xFFFF], imported: [5, 1], exported: [0, 0]}
    decoded = decode(register_map, replies)
    assert (decoded.power_w, decoded.import_uwh) == (-0.2, 65541 * 100 * 1_000_000)


def test_own_profile_beside_the_site_file_is_used(tmp_path: Path) -> None:
    registers = _map(tmp_path, "own", own=_OWN).registers
    assert [(r.scale_numerator, r.scale_denominator) for r in registers] == [(100, 1), (10_000, 1)]


def test_own_profile_with_overlapping_registers_is_refused(tmp_path: Path) -> None:
    text = _OWN.replace("address = 12", "address = 11")
    assert refusals(tmp_path, site(("eastron-sdm630", "own")), own=text) == [
        (
            "profiles/own.toml:5 register: impossible register map: got power (function 3, 0x000a) "
            "and import (function 3, 0x000b) overlap"
        )
    ]


def test_own_profile_faults_are_located_in_its_own_file(tmp_path: Path) -> None:
    text = _OWN.replace('"big"\nunit = "kWh"', '"middle"\nunit = "kWh"').replace('"own"', '"o wn"')
    assert refusals(tmp_path, site(("eastron-sdm630", "own")), own=text) == [
        (
            'profiles/own.toml:1 name: value not allowed: got "o wn", '
            "need a name of 1 to 32 letters, digits, - and _, not beginning with -"
        ),
        (
            'profiles/own.toml:18 register[1].word_order: value not allowed: got "middle", '
            'need one of "big", "little"'
        ),
    ]


def test_own_profile_with_a_unit_of_another_quantity_is_refused(tmp_path: Path) -> None:
    text = _OWN.replace('unit = "kW"\n', 'unit = "kWh"\n').replace('name = "own"', 'name = "won"')
    assert refusals(tmp_path, site(("eastron-sdm630", "own")), own=text) == [
        "profiles/own.toml:1 name: not the file's name: got won, need own",
        (
            "profiles/own.toml:11 register[0].unit: not a unit of power: got kWh, "
            "need one of W, kW, MW"
        ),
    ]


def test_own_profile_without_registers_is_refused(tmp_path: Path) -> None:
    text = _OWN[: _OWN.index("[[register]]")] + "register = []\n"
    assert refusals(tmp_path, site(("eastron-sdm630", "own")), own=text) == [
        "profiles/own.toml:5 register: no registers: got none, need power, import or both"
    ]


def test_own_profile_with_the_name_of_a_shipped_one_is_refused(tmp_path: Path) -> None:
    own = {"eastron-sdm630": _OWN.replace('"own"', '"eastron-sdm630"')}
    assert refusals(tmp_path, site(), **own) == [
        (
            "profiles/eastron-sdm630.toml:1 name: name of a shipped profile: got eastron-sdm630, "
            "need a name of its own"
        )
    ]


def test_own_profile_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "profiles" / "own.toml").mkdir(parents=True)
    assert refusals(tmp_path, site(("eastron-sdm630", "own"))) == [
        (
            "profiles/own.toml: cannot be read: got Is a directory, need a readable file; "
            "not started; check path and permissions"
        )
    ]


def test_profile_unknown_names_the_nearest(tmp_path: Path) -> None:
    assert refusals(tmp_path, site(("eastron-sdm630", "eastron-smd630"))) == [
        (
            "site.toml:22 meter.incomer.profile: unknown profile: got eastron-smd630, "
            "need eastron-sdm630"
        )
    ]
    (refusal,) = refusals(tmp_path, site(("eastron-sdm630", "x")), own=_OWN)
    assert refusal.endswith(
        "got x, need one of carlo-gavazzi-em24, carlo-gavazzi-em340, eastron-sdm630, janitza-umg, "
        "schneider-iem3000, own"
    )


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (('profile = "eastron-sdm630"\n', ""), "neither key"),
        (("[pulse.incomer]", _OWN[_OWN.index("[[register]]") :] + "[pulse.incomer]"), "both keys"),
    ],
)
def test_meter_with_no_or_two_register_maps_is_refused(
    tmp_path: Path, change: tuple[str, str], got: str
) -> None:
    text = site((change[0], change[1].replace("[[register]]", "[[meter.incomer.register]]")))
    (refusal,) = refusals(tmp_path, text)
    assert refusal.endswith(
        f"meter.incomer.profile: registers are not clear: got {got}, "
        "need either profile or [[meter.NAME.register]]"
    )


def test_meter_with_its_own_impossible_registers_is_refused(tmp_path: Path) -> None:
    registers = _OWN[_OWN.index("[[register]]") :].replace("address = 12", "address = 10")
    registers = registers.replace("[[register]]", "[[meter.incomer.register]]")
    text = site(
        ('profile = "eastron-sdm630"', 'side = "primary"'),
        ("[pulse.incomer]", registers + "[pulse.incomer]"),
    )
    assert refusals(tmp_path, text) == [
        (
            "site.toml:25 meter.incomer.register: impossible register map: got power "
            "(function 3, 0x000a) and import (function 3, 0x000a) overlap"
        )
    ]


def test_digest_changes_with_the_site_and_with_each_profile_in_use(tmp_path: Path) -> None:
    text = site(("eastron-sdm630", "own"))
    plain = load(tmp_path, text, own=_OWN).digest
    assert load(tmp_path, text, own=_OWN, unused=_OWN).digest == plain
    assert load(tmp_path, text, own=_OWN + "# other\n").digest != plain
    assert load(tmp_path, text + "# other\n", own=_OWN).digest != plain


def test_own_profile_of_the_secondary_side_asks_no_ratios_while_the_meters_side_is_broken(
    tmp_path: Path,
) -> None:
    profile = _OWN.replace('side = "primary"', 'side = "secondary"')
    sound = site(("eastron-sdm630", "own"), ('role = "site"', 'role = "site"\nside = "primary"'))
    assert refusals(tmp_path, sound, own=profile) == []
    assert refusals(tmp_path, sound.replace('"primary"', '"primry"'), own=profile) == [
        (
            'site.toml:24 meter.incomer.side: value not allowed: got "primry", '
            'need one of "primary", "secondary"'
        )
    ]
