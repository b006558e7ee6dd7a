"""Pins, lines and gateways that contradict each other, one small change of a good site each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.plant import refusals, site


def _one(line: int, rest: str) -> list[str]:
    return [f"site.toml:{line} {rest}"]


_PINS = [
    (
        site(more="feedback_pin = 5\n"),
        _one(
            37,
            "load.chiller-1.feedback_pin: pin is used twice: got GPIO 5, "
            "need not that of load.chiller-1.pin",
        ),
    ),
    (
        site(more="[alarm]\nbuzzer_pin = 17\n"),
        _one(
            38,
            "alarm.buzzer_pin: pin is used twice: got GPIO 17, need not that of pulse.incomer.pin",
        ),
    ),
    (
        site(("pin = 5", "pin = 28")),
        _one(
            32,
            "load.chiller-1.pin: not a pin of the raspberry-pi-4: got GPIO 28, need GPIO 2 to 27",
        ),
    ),
    (
        site(("pin = 5", "pin = 1"), more='[board]\nmodel = "raspberry-pi-5"\n'),
        _one(
            32, "load.chiller-1.pin: not a pin of the raspberry-pi-5: got GPIO 1, need GPIO 2 to 27"
        ),
    ),
    (
        site(("pin = 5", "pin = 128"), more='[board]\nmodel = "generic"\n'),
        _one(37, "board.gpio_chip: missing key: got none, need the chip of a generic board"),
    ),
    (
        site(("/dev/serial/by-path/usb-1", "/dev/serial0"), ("pin = 5", "pin = 15")),
        _one(
            32,
            "load.chiller-1.pin: pin is used twice: got GPIO 15, "
            "need not that of the serial port of bus.main",
        ),
    ),
    (
        site(('port = "/dev/serial/by-path/usb-1"', 'port = "/dev/ttyAMA0"\nrs485_rts = true')),
        _one(
            27,
            "pulse.incomer.pin: pin is used twice: got GPIO 17, "
            "need not that of the serial port of bus.main",
        ),
    ),
    (
        site(("contract_kw = 600", "contract_kw = 600\neoi_pin = 5")),
        _one(
            33, "load.chiller-1.pin: pin is used twice: got GPIO 5, need not that of demand.eoi_pin"
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _PINS)
def test_pins_without_a_free_place_is_refused(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert refusals(tmp_path, text) == expected


_LINES = [
    (
        site(
            more='[bus.other]\nport = "/dev/serial/by-path/usb-1"\n[meter.x]\nbus = "other"\n'
            'unit_id = 1\nprofile = "janitza-umg"\n'
        ),
        _one(
            38,
            "bus.other.port: port is used twice: got /dev/serial/by-path/usb-1, "
            "need not that of bus.main",
        ),
    ),
    (
        site(
            ('port = "/dev/serial/by-path/usb-1"', 'kind = "tcp"\nhost = "Gate"'),
            more='[bus.other]\nkind = "rtu_over_tcp"\nhost = "gate"\ntcp_port = 502\n'
            '[meter.x]\nbus = "other"\nunit_id = 1\nprofile = "janitza-umg"\n',
        ),
        _one(40, "bus.other.host: port is used twice: got gate:502, need not that of bus.main"),
    ),
    (
        site(more='[meter.x]\nbus = "main"\nunit_id = 1\nprofile = "janitza-umg"\n'),
        _one(
            39,
            "meter.x.unit_id: unit id is used twice on its line: got 1, "
            "need not that of meter.incomer",
        ),
    ),
    (
        site(('bus = "main"', 'bus = "mian"')),
        _one(20, "meter.incomer.bus: unknown bus: got mian, need main"),
    ),
    (
        site(('bus = "main"', 'bus = "zz"')),
        _one(20, "meter.incomer.bus: unknown bus: got zz, need main"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _LINES)
def test_lines_with_a_shared_or_unknown_thing_is_refused(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert refusals(tmp_path, text) == expected


_MINAMI = 'addresses = ["10.0.0.2", "10.1.0.2"]'
_UNITS = [
    (
        site(
            (
                "[unit.EG-MINAMI]",
                (
                    '[unit.EG-HIGASHI]\nhardware_serial = "c"\naddresses = ["10.0.0.3"]\n'
                    "[unit.EG-MINAMI]"
                ),
            )
        ),
        _one(5, "unit: wrong number of units: got 3, need one or two"),
    ),
    (
        site(('hardware_serial = "b2"', 'hardware_serial = "A1"')),
        _one(
            10,
            "unit.EG-MINAMI.hardware_serial: serial number is used twice: got A1, "
            "need not that of unit.EG-KITA",
        ),
    ),
    (
        site((_MINAMI, 'addresses = ["10.1.0.3", "10.0.0.1"]')),
        _one(
            11,
            "unit.EG-MINAMI.addresses[1]: address is used twice: got 10.0.0.1, "
            "need not that of unit.EG-KITA",
        ),
    ),
    (
        site((_MINAMI, 'addresses = ["10.0.0.256", "10.1.0.2"]')),
        _one(
            11,
            "unit.EG-MINAMI.addresses[0]: not an IP address: got 10.0.0.256, "
            "need e.g. 192.168.10.11",
        ),
    ),
    (
        site((_MINAMI + "\n", "")),
        _one(
            9, "unit.EG-MINAMI.addresses: missing key: got none, need its addresses for the other"
        ),
    ),
    (
        site(("Asia/Tokyo", "Asia/Tokio")),
        _one(3, "site.timezone: unknown time zone: got Asia/Tokio, need Asia/Tokyo"),
    ),
    (
        site(("Asia/Tokyo", "../etc/passwd")),
        _one(
            3,
            "site.timezone: unknown time zone: got ../etc/passwd, "
            "need an IANA name, e.g. Asia/Tokyo",
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _UNITS)
def test_units_that_are_not_two_machines_is_refused(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert refusals(tmp_path, text) == expected
