"""One round tells every fault of a file, and nothing that is only the shadow of another fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.plant import SITE, demand, refusals, site

# Without the line, whose place stays.
_NO_TIMEOUT = ("timeout_ms = 100\n", "\n")
_FAULTY = site(
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


def test_site_with_faults_of_every_sort_is_told_them_all_in_the_order_of_lines(
    tmp_path: Path,
) -> None:
    assert refusals(tmp_path, _FAULTY) == [
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
            site(
                ('[bus.main]\nport = "/dev/serial/by-path/usb-1"', "[bus]\nmain = 3"), _NO_TIMEOUT
            ),
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
            site(
                ("[unit.EG-MINAMI]", "[unti.EG-MINAMI]"),
                ('addresses = ["10.0.0.1", "10.1.0.1"]\n', ""),
            ),
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
        (
            site(
                ('[bus.main]\nport = "/dev/serial/by-path/usb-1"\n', ""),
                ("[site]\nname", "bus = 3\n[site]\nname"),
                _NO_TIMEOUT,
            ),
            ["1 bus: wrong type"],
        ),
        (
            "meter = 3\n"
            + SITE[: SITE.index("[meter.incomer]")]
            + SITE[SITE.index("[pulse.incomer]") :]
            + _SOURCES,
            ["1 meter: wrong type"],
        ),
        (
            site(
                ('bus = "main"', "bus = 1"),
                more='[meter.hall]\nbus = 2\nunit_id = 1\nprofile = "eastron-sdm630"\n',
            ),
            ["20 meter.incomer.bus: value not allowed", "38 meter.hall.bus: value not allowed"],
        ),
        (
            site(
                ('role = "site"', 'role = "sight"'),
                (SITE[SITE.index("[pulse.incomer]") : SITE.index("[load.")], ""),
            ),
            ["23 meter.incomer.role: value not allowed"],
        ),
        (
            site(('profile = "eastron-sdm630"', "register = 3")),
            ["22 meter.incomer.register: wrong type"],
        ),
        (
            site(
                (
                    'profile = "eastron-sdm630"',
                    _REGISTER.replace("ADDRESS", "16").replace('"import"', '"imprt"'),
                )
            ),
            ["23 meter.incomer.register[0].quantity: value not allowed"],
        ),
    ],
)
def test_fault_of_one_value_has_no_shadow(tmp_path: Path, text: str, told: list[str]) -> None:
    found = refusals(tmp_path, text)
    assert [_head(refusal) for refusal in found] == told


def _head(refusal: str) -> str:
    """Line, path and what: `22 meter.incomer.profil: unknown key`."""
    return ": ".join(refusal.removeprefix("site.toml:").split(": ")[:2])
