"""Broken lines of the example: each is told, nothing else appears, and other faults stay told."""

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
# Lines of the example that set a key, and what breaks each of them, whatever its key takes.
_LINES = [n for n, line in enumerate(_EXAMPLE.splitlines()) if re.match("[a-z]", line)]
_BREAKS = {"value": r"\1 = [{}]", "key": r"\1z = 1"}
# Faults of meaning in the example, and the keys that each rests on.
_LEASE = {"period_ms", "output_lease_ms"}
_FAULTS = (
    ("[unit.EG-MINAMI]", "[unit.EG-KlTA]", "unit.EG-KlTA", set[str]()),
    ('"mon-fri 13:00-16:00"', '"noon"', "demand.calendar[0].hours", {"hours"}),
    ("unit_id = 2", "unit_id = 1", "meter.furnace.unit_id", {"unit_id", "bus"}),
    ("pin = 12\n", "pin = 5\n", "load.chiller-2.pin", {"pin"}),
    ("settle_s = 15", "mask_s = 1700", "shedding.mask_s", {"mask_s", "method", "interval_s"}),
    ("priority = 50", "output_lease_ms = 200", "scan.output_lease_ms", _LEASE),
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


_TWO_LINES = """
[bus.hall]
kind = "tcp"
host = "10.0.0.9"
tcp_port = 503
[bus.yard]
kind = "tcp"
host = "10.0.0.9"
[meter.hall]
bus = "hall"
unit_id = 1
profile = "eastron-sdm630"
"""
_EXPORT = '[pulse.export]\npin = 6\nwh_per_pulse = 24\ndirection = "export"\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (demand("interval_s = 3600\nalignment_s = 1800"), "interval_s = 3600"),
        (
            demand('method = "sliding"\ninterval_s = 2700\nsubinterval_s = 540'),
            "interval_s = 2700",
        ),
        (
            site(
                ('timezone = "Asia/Tokyo"', 'timezone = "Australia/Lord_Howe"'),
                (
                    "contract_kw = 600",
                    (
                        'contract_kw = 600\nmethod = "sliding"\ninterval_s = 3600\n'
                        "subinterval_s = 1800"
                    ),
                ),
            ),
            "subinterval_s = 1800",
        ),
        (demand("interval_s = 3600", "[shedding]\nmask_s = 1700"), "interval_s = 3600"),
        (site(more="[shedding]\nmask_s = 1700\nno_restore_s = 10"), "no_restore_s = 10"),
        (
            site(
                ("contract_kw = 600", "contract_kw = 0.8"),
                ("rated_kw = 120", "rated_kw = 0.5"),
                more="[shedding]\ninstant_limit_kw = 0.9\n[metering]\npower_kw_max = 0.9",
            ),
            "contract_kw = 0.8",
        ),
        (site(more=_TWO_LINES), "tcp_port = 503"),
        (
            site(('role = "site"', 'side = "secondary"\nct_ratio = 20\nvt_ratio = 1')),
            'side = "secondary"',
        ),
        (site(more=_EXPORT), 'direction = "export"'),
        (
            site(
                ("pin = 5", "pin = 100"), more='[board]\nmodel = "generic"\ngpio_chip = "gpiochip0"'
            ),
            'model = "generic"',
        ),
        (site(more="[scan]\nperiod_ms = 20\noutput_lease_ms = 100"), "period_ms = 20"),
        (site(more='[watchdog]\ndevice = ""\ntimeout_s = 60'), 'device = ""'),
        (
            site(more="[watchdog]\ntimeout_s = 1\n[scan]\noutput_lease_ms = 500"),
            "output_lease_ms = 500",
        ),
    ],
)
def test_value_that_others_are_judged_by_has_no_shadow_when_it_is_broken(
    tmp_path: Path, text: str, line: str
) -> None:
    assert refusals(tmp_path, text) == []
    assert text.count(line) == 1
    key = line.split(" ", maxsplit=1)[0]
    (refusal,) = refusals(tmp_path, text.replace(line, f"{key} = [{{}}]"))
    assert f"{key}: value not allowed: got [a table]" in refusal
