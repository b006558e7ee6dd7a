"""Sources of energy that are unknown, unfit or not clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.plant import refusals, site


def _one(line: int, rest: str) -> list[str]:
    return [f"site.toml:{line} {rest}"]


_METERING = [
    (
        site(('profile = "eastron-sdm630"', 'profile = "eastron-sdm630"\nct_ratio = 20')),
        _one(
            23,
            "meter.incomer.ct_ratio: the meter multiplies by its ratios already: got 20, "
            'need none, or side = "secondary" if the ratios are not set in the meter',
        ),
    ),
    (
        site(('profile = "eastron-sdm630"', 'profile = "eastron-sdm630"\nside = "secondary"')),
        [
            (
                "site.toml:19 meter.incomer.ct_ratio: missing key: got none, "
                "need the ratio; 1 where there is none"
            ),
            (
                "site.toml:19 meter.incomer.vt_ratio: missing key: got none, "
                "need the ratio; 1 where there is none"
            ),
        ],
    ),
    (
        site(
            (
                'profile = "eastron-sdm630"',
                (
                    'register = [{quantity = "power", function_code = 3, '
                    'address = 1, type = "f32", word_order = "big", unit = "W"}]'
                ),
            )
        ),
        _one(19, 'meter.incomer.side: missing key: got none, need "primary" or "secondary"'),
    ),
    (
        site(
            (
                'profile = "eastron-sdm630"',
                (
                    'side = "primary"\nregister = [{quantity = "export", '
                    'function_code = 3, address = 1, type = "f32", word_order = "big", '
                    'unit = "Wh"}]'
                ),
            )
        ),
        _one(
            24,
            "meter.incomer.role: meter has nothing to hold the demand by: got export, "
            "need import or power",
        ),
    ),
    (
        site(("pulse_constant_per_kwh = 50000\n", "")),
        _one(
            25,
            "pulse.incomer.wh_per_pulse: weight of a pulse is not clear: got neither key, "
            "need either pulse_constant_per_kwh or wh_per_pulse",
        ),
    ),
    (
        site(("vt_ratio = 60", "vt_ratio = 60\nwh_per_pulse = 1")),
        _one(
            30,
            "pulse.incomer.wh_per_pulse: weight of a pulse is not clear: got both keys, "
            "need either pulse_constant_per_kwh or wh_per_pulse",
        ),
    ),
    (
        site(("vt_ratio = 60", "vt_ratio = 60\ndebounce_ms = 24")),
        _one(
            30,
            "pulse.incomer.debounce_ms: would swallow pulses at 1800 kW, 20.8 in a second: "
            "got 24 ms, need < 24 ms, half a pulse",
        ),
    ),
    (
        site(more="[metering]\npower_kw_max = 600\n"),
        _one(38, "metering.power_kw_max: not above the contract: got 600 kW, need > 600 kW"),
    ),
    (
        site(
            more='[metering]\nsources = ["pulse.incomer", "meter.incommer.energy",\n'
            '"pulse.incomer", "x"]\n'
        ),
        [
            (
                "site.toml:38 metering.sources[1]: unknown source: got meter.incommer.energy, "
                "need meter.incomer.energy"
            ),
            (
                "site.toml:39 metering.sources[2]: source is named twice: got pulse.incomer, "
                "need each one once"
            ),
            (
                "site.toml:39 metering.sources[3]: unknown source: got x, "
                "need one of pulse.incomer, meter.incomer.energy, meter.incomer.power"
            ),
        ],
    ),
    (
        site(
            ("vt_ratio = 60", 'vt_ratio = 60\ndirection = "export"'),
            ('role = "site"', ""),
            more='[metering]\nsources = ["pulse.incomer", "meter.incomer.power"]\n',
        ),
        [
            (
                "site.toml:39 metering.sources[0]: counts export only: got pulse.incomer, "
                "need a source of the energy taken"
            ),
            (
                "site.toml:39 metering.sources[1]: not a meter of the whole site: "
                'got role = "info", '
                'need role = "site"'
            ),
        ],
    ),
    (
        site(
            (
                'profile = "eastron-sdm630"',
                (
                    'side = "primary"\nregister = [{quantity = "power", '
                    'function_code = 3, address = 1, type = "f32", word_order = "big", unit = "W"}]'
                ),
            ),
            more='[metering]\nsources = ["meter.incomer.power", "meter.incomer.energy"]\n',
        ),
        _one(
            39,
            "metering.sources[1]: meter has no import register: got meter.incomer.energy, "
            "need a meter with import",
        ),
    ),
    (
        site(("vt_ratio = 60", 'vt_ratio = 60\ndirection = "export"'), ('role = "site"', "")),
        [
            (
                "site.toml metering.sources: nothing measures the site: got none, "
                'need a [pulse.NAME] or a [meter.NAME] with role = "site"'
            ),
        ],
    ),
    (
        site(
            more='[meter.second]\nbus = "main"\nunit_id = 2\nprofile = "janitza-umg"\n'
            'role = "site"\n'
            "[pulse.second]\npin = 18\nwh_per_pulse = 24\n"
        ),
        [
            (
                "site.toml metering.sources: not clear which measures the site; several incomers "
                "are not added up: got pulse.incomer, pulse.second, "
                "need their order, if each measures the whole site"
            ),
            (
                "site.toml metering.sources: not clear which measures the site; several incomers "
                "are not added up: got meter.incomer, meter.second, "
                "need their order, if each measures the whole site"
            ),
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), _METERING)
def test_metering_that_is_doubtful_is_refused(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert refusals(tmp_path, text) == expected
