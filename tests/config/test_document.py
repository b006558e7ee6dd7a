"""Bytes that are no site file, and keys and values that are none of its."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from edge.config.findings import Findings
from edge.config.load import load_site
from edge.config.shape import decode_value
from edge.config.site import Site
from edge.model.problem import ProblemsError
from tests.config.plant import SITE, load, refusals, site


def test_site_as_given_loads_without_a_word(tmp_path: Path) -> None:
    assert load(tmp_path, SITE).warnings == ()


def test_site_with_mark_and_carriage_returns_is_the_same_site(tmp_path: Path) -> None:
    """As a Windows editor saves it."""
    plain = load(tmp_path, SITE)
    windows = load(tmp_path, b"\xef\xbb\xbf" + SITE.replace("\n", "\r\n").encode())
    assert windows.spec == plain.spec
    assert windows.io == plain.io


def test_site_file_missing_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(ProblemsError) as raised:
        load_site(path)
    assert str(raised.value) == (
        f"{path}: cannot be read: got No such file or directory, need a readable file; "
        "not started; check path and permissions"
    )


def test_site_file_a_directory_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="cannot be read: got Is a directory"):
        load_site(tmp_path)


@pytest.mark.parametrize("text", ["", "\n \n", b"\xef\xbb\xbf"])
def test_site_file_empty_says_so(tmp_path: Path, text: str | bytes) -> None:
    assert refusals(tmp_path, text) == [
        "site.toml: empty: got nothing, need a site file; not started; see docs/site.example.toml"
    ]


def test_site_file_in_another_encoding_names_line_and_byte(tmp_path: Path) -> None:
    data = SITE.replace("Mill", "圧延").encode("shift-jis")
    assert refusals(tmp_path, data) == [
        (
            "site.toml:2: not UTF-8: got byte 0x88 in column 9, need UTF-8; not started; "
            "save the file as UTF-8"
        )
    ]


def test_site_file_too_large_is_not_parsed(tmp_path: Path) -> None:
    assert refusals(tmp_path, SITE + "#" * 1_000_000) == [
        f"site.toml: too large: got {len(SITE) + 1_000_000} bytes, need <= 1000000 bytes"
    ]


def test_site_file_not_toml_names_line_and_column(tmp_path: Path) -> None:
    assert refusals(tmp_path, site(("contract_kw = 600", "contract_kw = 600 kW"))) == [
        (
            "site.toml:14: not TOML: got Expected newline or end of document after a statement "
            "(column 19), need TOML 1.0; not started; mend the line"
        )
    ]


def test_site_file_cut_short_names_its_last_line(tmp_path: Path) -> None:
    assert refusals(tmp_path, '[site]\nname = "Mill"\nlist = [1,\n\n') == [
        (
            "site.toml:3: not TOML: got Invalid value (at the end), need TOML 1.0; "
            "not started; mend the line"
        )
    ]


def test_site_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert refusals(tmp_path, "x = " + "[" * 100_000) == [
        "site.toml: not TOML: got too deep a nesting, need TOML 1.0"
    ]


def test_key_given_twice_is_refused(tmp_path: Path) -> None:
    (refusal,) = refusals(tmp_path, site(("pin = 5", "pin = 5\npin = 6")))
    assert refusal.startswith("site.toml:33: not TOML: got Cannot overwrite a value")


def test_tables_by_name_given_as_a_value_are_refused(tmp_path: Path) -> None:
    text = "load = 3\n" + SITE[: SITE.index("[load.chiller-1]")]
    assert refusals(tmp_path, text) == [
        "site.toml:1 load: wrong type: got 3, need a table of named tables"
    ]


def test_site_many_faults_at_once_are_all_named_in_the_order_of_lines(tmp_path: Path) -> None:
    text = site(
        ('name = "Mill"\n', ""),
        ("contract_kw = 600", "contract_kw = -5\nintervall_s = 1800"),
        ("unit_id = 1", "unit_idd = 1"),
        ("pin = 17", 'pin = "17"'),
        ("priority = 1", "priority = 1.5"),
        ("max_shed_s = 1800", "max_shed_s = nan"),
        more="colour = true\n[[plan]]\n[scan]\nlock_memory = 1\n[alarms]\n",
    )
    assert refusals(tmp_path, text) == [
        "site.toml:1 site.name: missing key: got none, need a text that is not empty",
        "site.toml:13 demand.contract_kw: value not allowed: got -5, need a number above 0",
        (
            "site.toml:14 demand.intervall_s: unknown key: got intervall_s, "
            "need interval_s (the nearest known key)"
        ),
        "site.toml:19 meter.incomer.unit_id: missing key: got none, need an integer from 1 to 247",
        (
            "site.toml:21 meter.incomer.unit_idd: unknown key: got unit_idd, "
            "need unit_id (the nearest known key)"
        ),
        (
            'site.toml:26 pulse.incomer.pin: value not allowed: got "17", '
            "need an integer from 0 to 511"
        ),
        (
            "site.toml:34 load.chiller-1.priority: value not allowed: got 1.5, "
            "need an integer from 1 to 99"
        ),
        (
            "site.toml:36 load.chiller-1.max_shed_s: not a number: got nan, "
            "need a number from 0 to 86400"
        ),
        (
            "site.toml:37 load.chiller-1.colour: unknown key: got colour, need one of pin, "
            "rated_kw, priority, min_shed_s, max_shed_s, min_run_s, rest_s, lead_s, duty_ratio, "
            "kind, group, essential, contact, active, safe, at_stop, at_crash, feedback_pin, "
            "feedback_active, feedback_bias"
        ),
        "site.toml:38 plan: wrong type: got [a table], need a table",
        "site.toml:40 scan.lock_memory: value not allowed: got 1, need true or false",
        "site.toml:41 alarms: unknown key: got alarms, need alarm (the nearest known key)",
    ]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (
            ("[load.chiller-1]", "[demand.calendar]\n[load]"),
            "site.toml:31 demand.calendar: wrong type: got a table, need a list, each a table",
        ),
        (
            ("[pulse.incomer]", "[pulse]\nincomer = 3\n[load.x]"),
            "site.toml:26 pulse.incomer: wrong type: got 3, need a table",
        ),
        (
            ('addresses = ["10.0.0.1", "10.1.0.1"]', 'addresses = "10.0.0.1"'),
            (
                'site.toml:7 unit.EG-KITA.addresses: wrong type: got "10.0.0.1", '
                "need a list, each a text that is not empty"
            ),
        ),
        (
            ('addresses = ["10.0.0.1", "10.1.0.1"]', 'addresses = ["10.0.0.1",\n""]'),
            (
                'site.toml:8 unit.EG-KITA.addresses[1]: value not allowed: got "", '
                "need a text that is not empty"
            ),
        ),
        (
            ('port = "/dev', 'kind = "rtv"\nport = "/dev'),
            (
                'site.toml:17 bus.main.kind: not a known kind: got "rtv", '
                'need one of "rtu", "rtu_over_tcp", "tcp"'
            ),
        ),
        (
            ("[bus.main]", 'bus.x = 1\n[bus.main]\nkind = "tcp"\nhost="h"'),
            (
                "site.toml:16 demand.bus: unknown key: got bus, need one of contract_kw, method, "
                "interval_s, subinterval_s, alignment_s, calendar, eoi_pin, eoi_window_s, "
                "eoi_edge, eoi_bias, eoi_debounce_ms"
            ),
        ),
        (
            ("[load.chiller-1]", '[load."chiller 1"]'),
            (
                'site.toml:31 load."chiller 1": value not allowed: got "chiller 1", '
                "need a name of 1 to 32 letters, digits, - and _, not beginning with -"
            ),
        ),
        (
            ("[load.chiller-1]", '[load."chiller\\n"]'),
            (
                'site.toml:31 load."chiller\\n": value not allowed: got "chiller\\n", '
                "need a name of 1 to 32 letters, digits, - and _, not beginning with -"
            ),
        ),
        (
            ('role = "site"', 'role = "sight"'),
            (
                'site.toml:23 meter.incomer.role: value not allowed: got "sight", '
                'need one of "site", "info"'
            ),
        ),
    ],
)
def test_value_of_another_kind_is_located_and_explained(
    tmp_path: Path, change: tuple[str, str], refusal: str
) -> None:
    assert refusal in refusals(tmp_path, site(change))


def test_bus_given_as_a_value_is_refused(tmp_path: Path) -> None:
    text = site(("[bus.main]\nport =", "[bus]\nmain ="), ("timeout_ms = 100\n", ""))
    assert refusals(tmp_path, text) == [
        'site.toml:17 bus.main: wrong type: got "/dev/serial/by-path/usb-1", need a table'
    ]


def test_bus_of_one_kind_refuses_keys_of_another(tmp_path: Path) -> None:
    text = site(('port = "/dev/serial/by-path/usb-1"', 'kind = "tcp"\nhost = "h"\nbaudrate = 9600'))
    assert refusals(tmp_path, text) == [
        (
            "site.toml:19 bus.main.baudrate: unknown key: got baudrate, "
            "need one of host, tcp_port, timeout_ms, poll_ms_min"
        )
    ]


_KEYS = ["pin", "rated_kw", "priority", "min_shed_s", "max_shed_s", "essential", "kind", "zz"]
_VALUES = st.sampled_from(
    [0, 1, -1, 5.5, float("inf"), "", "shed", "x", True, [], ["a"], [1], {}, {"a": 1}, 10**30]
)


@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES))
def test_shape_decodes_without_findings_exactly_what_converts(table: dict[str, object]) -> None:
    data = tomli.loads(SITE)
    data["bus"]["main"]["kind"] = "rtu"
    data["load"]["chiller-1"] |= table
    findings = Findings("site.toml", {})

    decoded = decode_value(data, Site, (), findings)

    try:
        converted = msgspec.convert(data, Site)
    except msgspec.ValidationError:
        converted = None
    if converted is None or float("inf") in table.values():
        assert findings.errors
    else:
        assert (decoded, findings.errors) == (converted, ())
