"""Two gateways in one site file: what is refused, what is slow, and what each makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.io import PathPlan, TwinPlan, WatchdogPlan
from edge.config.twin import link_paths, twin_spec
from edge.core.line_timing import query_gap_ns
from edge.model.units import NS_PER_MIN, NS_PER_MS, NS_PER_S
from tests.config.plant import SITE, load, refusals, site, warnings

_MINAMI = 'addresses = ["10.0.0.2", "10.1.0.2"]'
_SINGLE = SITE[: SITE.index("[unit.EG-MINAMI]")] + SITE[SITE.index("[demand]") :]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (
            site((_MINAMI, 'addresses = ["10.0.0.2"]')),
            (
                "11 unit.EG-MINAMI.addresses: another number of addresses than the other unit's: "
                "got 1, need 2, one for each network, as unit.EG-KITA"
            ),
        ),
        (
            site((_MINAMI, 'addresses = ["10.0.0.2", "fd00::2"]')),
            (
                "11 unit.EG-MINAMI.addresses[1]: not of the kind of the other unit's: got fd00::2, "
                "need IPv4, as 10.1.0.1 of unit.EG-KITA"
            ),
        ),
        (
            site((_MINAMI, 'addresses = ["10.0.0.2", "0.0.0.0"]')),
            (
                "11 unit.EG-MINAMI.addresses[1]: not the address of a machine: got 0.0.0.0, "
                "need its own"
            ),
        ),
        (
            site(more="[twin]\nenable_pin = 22\n"),
            (
                "37 twin.peer_enable_pin: missing key: got none, need both enable lines "
                "or neither; "
                "twin.enable_pin is there"
            ),
        ),
        (
            site(more="[twin]\npeer_enable_pin = 22\n"),
            (
                "37 twin.enable_pin: missing key: got none, need both enable lines or neither; "
                "twin.peer_enable_pin is there"
            ),
        ),
        (
            site(more="[twin]\nenable_pin = 17\npeer_enable_pin = 22\n"),
            (
                "38 twin.enable_pin: pin is used twice: got GPIO 17, need not that of "
                "pulse.incomer.pin"
            ),
        ),
        (
            site(more="[twin]\nenable_pin = 22\npeer_enable_pin = 22\n"),
            (
                "39 twin.peer_enable_pin: pin is used twice: got GPIO 22, need not that of "
                "twin.enable_pin"
            ),
        ),
        (
            site(("pin = 5", "pin = 14"), more='[twin]\nserial = "/dev/ttyAMA0"\n'),
            "32 load.chiller-1.pin: pin is used twice: got GPIO 14, need not that of twin.serial",
        ),
        (
            site(more='[twin]\nserial = "/dev/serial/by-path/usb-1"\n'),
            (
                "38 twin.serial: port is used twice: got /dev/serial/by-path/usb-1, "
                "need not that of bus.main"
            ),
        ),
        (
            site(more="[scan]\nperiod_ms = 200\n"),
            (
                "38 scan.period_ms: heartbeats would be too rare for two units: got 200 ms, "
                "need <= 100 ms"
            ),
        ),
        (
            site(more="[twin]\nport = 80\n"),
            "38 twin.port: value not allowed: got 80, need an integer from 1024 to 65535",
        ),
    ],
)
def test_pair_that_can_not_work_is_refused(tmp_path: Path, text: str, refusal: str) -> None:
    assert refusals(tmp_path, text) == [f"site.toml:{refusal}"]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            site(
                ('["10.0.0.1", "10.1.0.1"]', '["10.0.0.1"]'),
                ('["10.0.0.2", "10.1.0.2"]', '["10.0.0.2"]'),
            ),
            (
                "11 unit.EG-MINAMI.addresses: one path between the units: got 10.0.0.1 "
                "to 10.0.0.2, "
                "need two; when it is cut, only the meter lines tell that the other "
                "unit lives; give "
                "both an address on a second network, or cable twin.serial"
            ),
        ),
        (
            site(more='[watchdog]\ndevice = ""\n'),
            (
                "38 watchdog.device: two units without a hardware watchdog: got none, "
                "need a watchdog "
                "device; a silent meter line does not prove that the other unit was "
                "reset, so one that "
                "hangs and wakes up may poll beside its twin; name the device, or fit enable lines"
            ),
        ),
        (
            site(more="[watchdog]\ntimeout_s = 10\n"),
            (
                "38 watchdog.timeout_s: long wait for a reset: got 10 s, need <= 2 s; "
                "the other unit "
                "takes over after up to 11.15 s; leave the key out, or set 2"
            ),
        ),
        (
            site(("response_ms_max = 100", "response_ms_max = 500")),
            (
                "18 bus.main.timeout_ms: long gaps between queries where a meter does not answer: "
                "got 514 ms by timeout_ms 100 and response_ms_max 500, need <= 280 ms; "
                "the other unit "
                "takes over after up to 3.38 s; set both to what the meters take, "
                "timeout_ms here and "
                "response_ms_max at the meters"
            ),
        ),
        (
            site(more='[twin]\nserial = "/dev/ttyUSB3"\n'),
            (
                "38 twin.serial: name depends on the order of plugging: got "
                "/dev/ttyUSB3, need a path "
                "under /dev/serial/by-path/ or by-id/; after a restart it can be "
                "another adapter; see "
                "`ls -l /dev/serial/by-path`"
            ),
        ),
        (
            _SINGLE + "[twin]\nport = 5000\n",
            (
                "33 twin: there is no other unit; the section has no effect; add the second "
                "[unit.NAME] or remove the section"
            ),
        ),
    ],
)
def test_pair_that_is_slow_or_unsure_loads_with_a_warning(
    tmp_path: Path, text: str, warning: str
) -> None:
    assert warnings(tmp_path, text) == [f"site.toml:{warning}"]


def test_pair_with_one_network_and_a_serial_cable_has_two_paths(tmp_path: Path) -> None:
    text = site(
        ('["10.0.0.1", "10.1.0.1"]', '["10.0.0.1"]'),
        ('["10.0.0.2", "10.1.0.2"]', '["10.0.0.2"]'),
        more='[twin]\nserial = "/dev/serial/by-path/usb-2"\n',
    )
    assert warnings(tmp_path, text) == []
    assert link_paths(load(tmp_path, text).io, "EG-MINAMI") == (
        PathPlan("net0", "10.0.0.2", "10.0.0.1", 47474),
        PathPlan("serial", device="/dev/serial/by-path/usb-2"),
    )


def test_pair_with_enable_lines_waits_for_no_reset(tmp_path: Path) -> None:
    text = site(
        ("response_ms_max = 100", "response_ms_max = 500"),
        more="[twin]\nenable_pin = 22\npeer_enable_pin = 23\n[watchdog]\ntimeout_s = 10\n",
    )
    assert warnings(tmp_path, text) == []
    spec = twin_spec(load(tmp_path, text).io, "EG-KITA")
    assert spec is not None
    assert (spec.has_enable, spec.gap_ns_max) == (True, 900 * NS_PER_MS)


def test_pair_by_default_is_what_the_file_says(tmp_path: Path) -> None:
    io = load(tmp_path, SITE).io
    (bus,) = io.buses
    assert bus.has_twin
    gap_ns = query_gap_ns(bus)
    assert io.twin == TwinPlan(
        47474, "/etc/denban/twin.key", "", None, None, 30 * NS_PER_S, gap_ns, 10 * NS_PER_MIN
    )
    assert link_paths(io, "EG-KITA") == (
        PathPlan("net0", "10.0.0.1", "10.0.0.2", 47474),
        PathPlan("net1", "10.1.0.1", "10.1.0.2", 47474),
    )
    first, second = twin_spec(io, "EG-KITA"), twin_spec(io, "EG-MINAMI")
    assert first is not None
    assert second is not None
    assert (first.unit, first.peer, first.is_first) == ("EG-KITA", "EG-MINAMI", True)
    assert (second.unit, second.peer, second.is_first) == ("EG-MINAMI", "EG-KITA", False)
    assert (first.has_witness, first.has_enable) == (True, False)
    assert (first.query_gap_ns, first.watchdog_ns) == (gap_ns, 2020 * NS_PER_MS)
    assert second.gap_ns_max <= 3150 * NS_PER_MS


def test_pair_without_a_serial_line_has_no_witness(tmp_path: Path) -> None:
    tcp = ('port = "/dev/serial/by-path/usb-1"', 'kind = "tcp"\nhost = "h"')
    io = load(tmp_path, site(tcp)).io
    spec = twin_spec(io, "EG-KITA")
    assert spec is not None
    assert (spec.has_witness, spec.query_gap_ns, io.buses[0].has_twin) == (False, 0, False)


def test_single_unit_has_no_twin_and_a_long_watchdog(tmp_path: Path) -> None:
    io = load(tmp_path, _SINGLE).io
    assert (io.twin, twin_spec(io, "EG-KITA"), link_paths(io, "EG-KITA")) == (None, None, ())
    assert io.watchdog == WatchdogPlan("/dev/watchdog", 10)
    assert not io.buses[0].has_twin
