"""What `denban init` asks of lines, meters and pulses; the search for meters on real bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.load import load_site
from edge.config.sections.metering import RtuBus
from edge.model.registers import Side
from tests.bus.line import FakeLine, Pieces, framed, registers
from tests.cli.installer import (
    ADDRESSES,
    BOARD,
    DEMAND,
    END,
    LINE,
    LOAD,
    METER,
    NO_MORE_LINES,
    PORT,
    SITE,
    UNITS,
    set_machine,
    talk,
)

# 31.26 W, 15117.4326 kWh and no export, of field measurements of an SDM630 and an SDM120.
_SDM630 = {0x34: 0x41FA, 0x35: 0x177C, 0x48: 0x466C, 0x49: 0x35BB, 0x4A: 0, 0x4B: 0}
_START = [*SITE, *UNITS, *ADDRESSES, *DEMAND, *BOARD]
_REST = [*NO_MORE_LINES, "n", *LOAD, *END]


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    set_machine(monkeypatch, PORT)


def _sdm630(request: bytes) -> Pieces:
    """Unit 3 has an SDM630's input registers and no others; all others are silent."""
    unit, function = request[0], request[1]
    first = int.from_bytes(request[2:4], "big")
    count = int.from_bytes(request[4:6], "big")
    if unit != 3:
        return []
    words = [_SDM630.get(first + offset) for offset in range(count)]
    if function != 4 or None in words:
        return [(0.0, _exception(unit, function))]
    return [(0.0, registers(unit, function, *(word for word in words if word is not None)))]


def _exception(unit: int, function: int) -> bytes:
    return framed(f"{unit:02x}{function | 0x80:02x}02")


def test_meters_that_answer_are_proposed_with_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real bytes on a pty: unit 3 is asked and proposed; what it shows is confirmed."""
    file, port = tmp_path / "site.toml", tmp_path / "usb-port0"
    set_machine(monkeypatch, str(port))
    found = ["y", "3-4", "y", "incomer", "y", "y", ""]
    start = [*SITE, *UNITS, *ADDRESSES, *DEMAND, *BOARD]
    with FakeLine(port, _sdm630):
        result = talk(file, [*start, *LINE, *found, *NO_MORE_LINES, "n", *LOAD, *END])
    assert result.exit_code == 0, result.output
    assert "unit id 3 answers as eastron-sdm630: 0.031 kW, 15,117.433 kWh" in result.stderr
    meter = load_site(file).site.meter["incomer"]
    assert (meter.unit_id, meter.profile, meter.role) == (3, "eastron-sdm630", "site")


def test_search_of_a_port_that_is_not_there_goes_on_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    start = [*SITE, *UNITS, *ADDRESSES, *DEMAND, *BOARD]
    searched = [*LINE, "y", "1", *METER[1:], *NO_MORE_LINES, "n", *LOAD, *END]
    result = talk(file, [*start, *searched])
    assert f"bus.main {PORT}" in result.stderr
    assert "nothing was asked" in result.stderr
    assert result.exit_code == 0, result.output


def test_search_without_an_answer_is_tried_again_with_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, port = tmp_path / "site.toml", tmp_path / "usb-port0"
    set_machine(monkeypatch, str(port))
    searched = ["y", "4", "9600", "N", "y", "3", "y", "incomer", "y", "y", ""]
    with FakeLine(port, _sdm630):
        result = talk(file, [*_START, *LINE, *searched, *_REST])
    assert "nobody answers: check A and B" in result.stderr
    assert result.exit_code == 0, result.output
    bus = load_site(file).site.bus["main"]
    assert isinstance(bus, RtuBus)
    assert (bus.baudrate, bus.parity, bus.stopbits) == (9600, "N", 2)


def _refusing(request: bytes) -> Pieces:
    return [(0.0, _exception(request[0], request[1]))]


def test_meter_that_answers_and_fits_no_profile_is_left_to_be_written_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, port = tmp_path / "site.toml", tmp_path / "usb-port0"
    set_machine(monkeypatch, str(port))
    with FakeLine(port, _refusing):
        result = talk(file, [*_START, *LINE, "y", "5", *METER[1:], *_REST])
    assert "unit id 5 answers, and no profile fits (exception)" in result.stderr
    assert result.exit_code == 0, result.output
    assert list(load_site(file).site.meter) == ["incomer"]


def test_meter_whose_display_shows_something_else_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, port = tmp_path / "site.toml", tmp_path / "usb-port0"
    set_machine(monkeypatch, str(port))
    with FakeLine(port, _sdm630):
        result = talk(file, [*_START, *LINE, "y", "3", "n", *METER[1:], *_REST])
    assert result.exit_code == 0, result.output
    assert load_site(file).site.meter["incomer"].profile == "janitza-umg"


def test_second_line_on_a_port_typed_by_hand_and_a_meter_with_ratios(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    second = ["y", "/dev/ttyAMA0", "9600", "E", "n", "furnace", "7", "eastron-sdm630"]
    ratios = ["n", "20", "60", ""]
    lines = [*LINE, *METER, *second, *ratios]
    result = talk(file, [*_START, *lines, *_REST])
    assert result.exit_code == 0, result.output
    site = load_site(file).site
    assert [(name, bus.port) for name, bus in site.bus.items() if isinstance(bus, RtuBus)] == [
        ("main", PORT),
        ("second", "/dev/ttyAMA0"),
    ]
    furnace = site.meter["furnace"]
    assert (furnace.bus, furnace.unit_id, furnace.role) == ("second", 7, "info")
    assert (furnace.side, furnace.ct_ratio, furnace.vt_ratio) == (Side.SECONDARY, 20, 60)


def test_line_on_a_port_that_another_has_is_told_and_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    second = ["y", PORT, "9600", "E", "/dev/ttyAMA0", "9600", "E", "n", ""]
    result = talk(file, [*_START, *LINE, *METER, *second, *_REST])
    assert "bus.second.port: port is used twice" in result.stderr
    assert result.exit_code == 0, result.output


def test_meter_with_the_unit_id_of_another_is_told_and_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    meters = [*METER[:-1], "furnace", "1", "janitza-umg", "y", "2", "janitza-umg", "y", ""]
    result = talk(file, [*_START, *LINE, *meters, *_REST])
    assert "meter.furnace.unit_id: unit id is used twice on its line" in result.stderr
    assert result.exit_code == 0, result.output


def test_board_of_no_known_model_needs_the_label_of_its_chip(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    start = [*SITE, *UNITS, *ADDRESSES, *DEMAND, "generic", "pinctrl-bcm2711"]
    result = talk(file, [*start, *LINE, *METER, *_REST])
    assert result.exit_code == 0, result.output
    assert load_site(file).site.board.gpio_chip == "pinctrl-bcm2711"
