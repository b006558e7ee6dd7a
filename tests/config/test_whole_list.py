"""One round tells every fault of a file, and nothing that is only the shadow of another fault."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.reference import all_sections
from edge.config.shape import bare, keys_of, stand_in
from tests.config.plant import demand, refusals, site

_EXAMPLE = (Path(__file__).parents[2] / "docs" / "site.example.toml").read_text(encoding="utf-8")


def test_site_with_faults_of_every_sort_is_told_them_all_in_the_order_of_lines(
    tmp_path: Path,
) -> None:
    text = site(
        ("unit.EG-KITA", "unit.EG-SV-DU1"),
        ("unit.EG-MINAMI", "unit.DU-SV-DU1"),
        ("contract_kw = 600", "contract_kw = 600\nintervall_s = 1800"),
        ('port = "/dev/serial/by-path/usb-1"', 'port = "/dev/ttyAMA0"'),
        ('profile = "eastron-sdm630"', 'profile = "eastron-smd630"'),
        ("pin = 5", "pin = 17"),
        ("rated_kw = 120\n", ""),
        ("priority = 1", 'priority = "first"'),
        more="""\
[load.fan]
pin = 14
rated_kw = 2000
priority = 2
min_shed_s = 900
max_shed_s = 600
[meter.office]
bus = "main"
unit_id = 1
profile = "eastron-sdm630"
[scan]
lock_memory = 1
output_lease_ms = 200
""",
    )
    assert refusals(tmp_path, text) == [
        (
            "site.toml:9 unit.DU-SV-DU1: name is easily taken for another: got DU-SV-DU1 "
            "(differs in 2 letters, need 3), need a name quite unlike unit.EG-SV-DU1"
        ),
        (
            "site.toml:15 demand.intervall_s: unknown key: got intervall_s, "
            "need interval_s (the nearest known key)"
        ),
        (
            "site.toml:23 meter.incomer.profile: unknown profile: got eastron-smd630, "
            "need eastron-sdm630"
        ),
        "site.toml:32 load.chiller-1.rated_kw: missing key: got none, need a number above 0",
        (
            "site.toml:33 load.chiller-1.pin: pin is used twice: got GPIO 17, "
            "need not that of pulse.incomer.pin"
        ),
        (
            'site.toml:34 load.chiller-1.priority: value not allowed: got "first", '
            "need an integer from 1 to 99"
        ),
        (
            "site.toml:38 load.fan.pin: pin is used twice: got GPIO 14, "
            "need not that of the serial port of bus.main"
        ),
        (
            "site.toml:39 load.fan.rated_kw: more than the whole connection carries: got 2000 kW, "
            "need <= 1800 kW (is it in W?)"
        ),
        "site.toml:41 load.fan.min_shed_s: longer than max_shed_s: got 900 s, need <= 600 s",
        (
            "site.toml:45 meter.office.unit_id: unit id is used twice on its line: got 1, "
            "need not that of meter.incomer"
        ),
        "site.toml:48 scan.lock_memory: value not allowed: got 1, need true or false",
        "site.toml:49 scan.output_lease_ms: shorter than three scans: got 200 ms, need >= 300 ms",
    ]


_SOURCES = '[metering]\nsources = ["pulse.incomer", "meter.incomer.energy"]\n'
_REGISTER = (
    'side = "primary"\nregister = [{quantity = "import", function_code = 3, address = ADDRESS, '
    'type = "u32", word_order = "big", unit = "kWh"}]'
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            site(("unit_id = 1", "unit_idd = 1"), more=_SOURCES),
            ["19 meter.incomer.unit_id: missing key", "21 meter.incomer.unit_idd: unknown key"],
        ),
        (
            site(('role = "site"', 'rol = "site"'), more=_SOURCES),
            ["23 meter.incomer.rol: unknown key"],
        ),
        (
            site(("[meter.incomer]", "[metr.incomer]"), more=_SOURCES),
            ["19 metr: unknown key"],
        ),
        (
            site(
                more='[metr.office]\nbus = "main"\nunit_id = 2\nprofile = "eastron-sdm630"\n'
                '[metering]\nsources = ["pulse.incomer", "meter.office.power"]\n'
            ),
            ["37 metr: unknown key"],
        ),
        (site(("[bus.main]", "[buss.main]")), ["16 buss: unknown key"]),
        (
            site(('port = "/dev', 'kind = "rtv"\nport = "/dev')),
            ["17 bus.main.kind: not a known kind"],
        ),
        (
            site(('port = "/dev/serial/by-path/usb-1"', 'knd = "tcp"\nhost = "h"')),
            ["17 bus.main.knd: unknown key"],
        ),
        (
            site(('[bus.main]\nport = "/dev/serial/by-path/usb-1"', "[bus]\nmain = 3")),
            ["17 bus.main: wrong type"],
        ),
        (site(("pin = 17", "pin = 999")), ["26 pulse.incomer.pin: value not allowed"]),
        (
            site(("pin = 17", 'pin = "17"'), ("pin = 5", 'pin = "5"')),
            ["26 pulse.incomer.pin: value not allowed", "32 load.chiller-1.pin: value not allowed"],
        ),
        (
            site(("pulse_constant_per_kwh", "pulse_constant_per_kw")),
            ["27 pulse.incomer.pulse_constant_per_kw: unknown key"],
        ),
        (site(("[demand]\ncontract_kw = 600\n", "")), ["site.toml demand: missing key"]),
        (
            site(("contract_kw = 600", 'contract_kw = "600"')),
            ["14 demand.contract_kw: value not allowed"],
        ),
        (
            demand('method = "slidng"\nsubinterval_s = 300'),
            ["15 demand.method: value not allowed"],
        ),
        (
            demand('method = "sliding"\nsub_interval_s = 300'),
            ["16 demand.sub_interval_s: unknown key"],
        ),
        (
            demand(
                "interval_s = 60.5",
                '[projection]\nwindow_s = 900\n[plan]\ndirectory = "p"\nslot_s = 1200',
            ),
            ["15 demand.interval_s: value not allowed"],
        ),
        (site(("rated_kw = 120\n", "")), ["31 load.chiller-1.rated_kw: missing key"]),
        (
            site(("max_shed_s = 1800", "max_shed = 1800\nlead_s = 900")),
            [
                "31 load.chiller-1.max_shed_s: missing key",
                "36 load.chiller-1.max_shed: unknown key",
            ],
        ),
        (
            site(("[unit.EG-MINAMI]", "[unti.EG-MINAMI]"), ('addresses = ["10.0.0.1"]\n', "")),
            [
                "5 unit.EG-KITA.addresses: missing key",
                "8 unti: unknown key",
            ],
        ),
        (
            site(('profile = "eastron-sdm630"', 'profil = "eastron-sdm630"')),
            ["22 meter.incomer.profil: unknown key"],
        ),
        (
            site(
                ('profile = "eastron-sdm630"', _REGISTER.replace("ADDRESS", '"0x10"')),
                more=_SOURCES,
            ),
            ["23 meter.incomer.register[0].address: value not allowed"],
        ),
        (
            site(("[pulse.incomer]\npin", '[pulse."in comer"]\npin'), ("role", "#")),
            ['25 pulse."in comer": value not allowed'],
        ),
        (
            site(
                ("[pulse.incomer]", '[pulse.incomer]\ndirection = "imported"'),
                more='[metering]\nsources = "pulse.incomer"\npower_kw_max = "none"\n',
            ),
            [
                "26 pulse.incomer.direction: value not allowed",
                "39 metering.sources: wrong type",
                "40 metering.power_kw_max: value not allowed",
            ],
        ),
    ],
)
def test_fault_of_one_value_has_no_shadow(tmp_path: Path, text: str, told: list[str]) -> None:
    found = refusals(tmp_path, text)
    assert [_head(refusal) for refusal in found] == told


def _head(refusal: str) -> str:
    """Line, path and what: `22 meter.incomer.profil: unknown key`."""
    return ": ".join(refusal.removeprefix("site.toml:").split(": ")[:2])


# Lines of the example that set a key, and what breaks each of them, whatever its key takes.
_LINES = [n for n, line in enumerate(_EXAMPLE.splitlines()) if re.match("[a-z]", line)]
_BREAKS = {"value": r"\1 = [{}]", "key": r"\1z = 1"}
# Faults of meaning in the example, and the keys that each rests on.
_FAULTS = (
    ("[unit.EG-MINAMI]", "[unit.EG-KlTA]", "unit.EG-KlTA", set[str]()),
    ('"mon-fri 13:00-16:00"', '"noon"', "demand.calendar[0].hours", {"hours"}),
    ("unit_id = 2", "unit_id = 1", "meter.furnace.unit_id", {"unit_id", "bus"}),
    ("pin = 12\n", "pin = 5\n", "load.chiller-2.pin", {"pin"}),
    ("settle_s = 15", "mask_s = 1700", "shedding.mask_s", {"mask_s", "method", "interval_s"}),
    ("period_ms = 100", "period_ms = 900", "scan.output_lease_ms", {"period_ms"}),
)


def _broken(text: str, breaks: dict[int, str]) -> str:
    lines = text.splitlines()
    for number, how in breaks.items():
        lines[number] = re.sub(r"(\w+) = .*", _BREAKS[how], lines[number])
    return "\n".join(lines)


def _paths(refusals: list[str]) -> list[str]:
    return [refusal.split(" ")[1].removesuffix(":") for refusal in refusals]


@given(
    st.dictionaries(
        st.sampled_from([n for n in _LINES if not _EXAMPLE.splitlines()[n].startswith("kind")]),
        st.sampled_from(sorted(_BREAKS)),
        min_size=1,
        max_size=8,
    )
)
def test_example_with_broken_lines_is_told_each_and_no_other(breaks: dict[int, str]) -> None:
    with TemporaryDirectory() as folder:
        found = refusals(Path(folder), _broken(_EXAMPLE, breaks))

    told = [refusal for refusal in found if ": missing key: " not in refusal]
    assert [int(refusal.split(":")[1].split(" ")[0]) - 1 for refusal in told] == sorted(breaks)
    misspelt = {path[:-1] for path, how in zip(_paths(told), _told_how(breaks), strict=True) if how}
    missing = set(_paths([refusal for refusal in found if refusal not in told]))
    assert missing <= misspelt


def _told_how(breaks: dict[int, str]) -> list[bool]:
    """Whether the key was misspelt, in the order of lines."""
    return [breaks[number] == "key" for number in sorted(breaks)]


@pytest.mark.parametrize("how", sorted(_BREAKS))
def test_faults_of_meaning_stay_told_beside_each_broken_line(tmp_path: Path, how: str) -> None:
    text = _EXAMPLE
    for sound, faulty, _, _ in _FAULTS:
        assert text.count(sound) == 1, sound
        text = text.replace(sound, faulty)
    before = refusals(tmp_path, text)
    assert _paths(before) == [path for _, _, path, _ in _FAULTS]

    for number in _LINES:
        after = refusals(tmp_path, _broken(text, {number: how}))
        key = text.splitlines()[number].split(" ")[0]
        lost = {path for _, _, path, _ in _FAULTS if path not in _paths(after)}
        new = [refusal for refusal in after if refusal not in before]
        assert lost <= {path for _, _, path, keys in _FAULTS if key in keys}, number
        assert {refusal.split(":")[1].split(" ")[0] for refusal in new} >= {str(number + 1)}
        assert len(new) == 1 or (how, len(new)) == ("key", 2), new


def test_stand_in_of_every_required_key_and_element_is_a_value_of_its_type() -> None:
    fields = [field for section in all_sections() for field in keys_of(section).values()]
    hints = [field.type for field in fields if field.required]
    kinds = [bare(field.type) for field in fields]
    hints += [get_args(kind)[0] for kind in kinds if Ellipsis in get_args(kind)]
    for hint in hints:
        value = stand_in(hint)
        assert msgspec.convert(msgspec.to_builtins(value), hint) == value, hint
