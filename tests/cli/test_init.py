"""`denban init` as a person uses it: faulty answers are asked again, and the file that it writes is
one that `denban check` accepts.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.adapters.hardware import HardwareIdentity
from edge.adapters.serial_ports import SerialPort
from edge.cli.init import command
from edge.cli.init.machine import Machine
from edge.cli.main import main
from edge.config.load import load_site
from edge.config.sections.plant import BoardModel
from tests.bus.line import FakeLine, Pieces, registers
from tests.cli.conftest import Invoke

_SERIAL = "10000000a1b2c3d4"
_PORT = "/dev/serial/by-path/usb-port0"
_EXAMPLE = Path(__file__).parents[2] / "docs" / "init-answers.example.toml"
# 31.26 W, 15117.4326 kWh and no export, of field measurements of an SDM630 and an SDM120.
_SDM630 = {0x34: 0x41FA, 0x35: 0x177C, 0x48: 0x466C, 0x49: 0x35BB, 0x4A: 0, 0x4B: 0}

SITE = ["Rolling mill", "Asia/Seoul"]
UNITS = ["EG-KITA", "EG-MINAMI", "", "10000000d4c3b2a1"]
ADDRESSES = ["192.168.10.11, 10.0.0.11", "192.168.10.12 10.0.0.12"]
DEMAND = ["600", "30"]
BOARD = [""]
LINE = ["y", "1", "", ""]  # the first port, 19200, E
METER = ["n", "incomer", "1", "janitza-umg", "y", "y", ""]  # no search; by hand; no more
NO_MORE_LINES = ["n"]
PULSE = ["y", "17", "50000", "20", "60"]
LOAD = ["chiller", "5", "120", "1", "300", "1800", "n"]
END = ["", "y"]  # no more loads; write
WHOLE = [
    *SITE, *UNITS, *ADDRESSES, *DEMAND, *BOARD, *LINE, *METER, *NO_MORE_LINES, *PULSE, *LOAD, *END
]  # fmt: skip


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    _set_machine(monkeypatch, _PORT)


def _set_machine(monkeypatch: pytest.MonkeyPatch, port: str, serial: str = _SERIAL) -> None:
    machine = Machine(
        HardwareIdentity(serial, "device tree"),
        "Asia/Tokyo",
        BoardModel.PI_4,
        (SerialPort(port, "ttyUSB0", "usb-FTDI"),),
    )
    monkeypatch.setattr(command, "look_around", lambda **_listed: machine)


def talk(file: Path, lines: list[str]) -> Result:
    return CliRunner().invoke(main, ["init", str(file)], input="\n".join([*lines, ""]))


def test_dialogue_writes_a_file_that_check_accepts_and_says_what_is_next(
    tmp_path: Path, invoke: Invoke
) -> None:
    file = tmp_path / "site.toml"
    result = talk(file, WHOLE)
    assert (result.exit_code, file.exists()) == (0, True), result.output
    loaded = load_site(file)
    assert [(u.name, u.hardware_serial) for u in loaded.io.units] == [
        ("EG-KITA", _SERIAL),
        ("EG-MINAMI", "10000000d4c3b2a1"),
    ]
    assert invoke("check", file).exit_code == 0
    said = result.stdout.splitlines()
    assert said[0] == f"{file}: written, Rolling mill, digest {loaded.digest[:16]}"
    assert (
        f"  denban check {file}     what it means; the digest is the same on both gateways" in said
    )
    assert "  systemctl enable --now denban" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.toml"]


def test_serial_may_be_pasted_as_the_line_that_whoami_prints(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    line = 'hardware_serial = "10000000d4c3b2a1"'
    result = talk(file, [*WHOLE[:5], line, *WHOLE[6:]])
    assert result.exit_code == 0, result.output
    assert load_site(file).site.unit["EG-MINAMI"].hardware_serial == "10000000d4c3b2a1"


def test_dialogue_of_one_gateway_asks_no_addresses_and_tells_of_no_key(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    units = ["EG-KITA", "", ""]
    result = talk(
        file,
        [*SITE, *units, *DEMAND, *BOARD, *LINE, *METER, *NO_MORE_LINES, "n", *LOAD, *END],
    )
    assert result.exit_code == 0, result.output
    assert list(load_site(file).site.unit) == ["EG-KITA"]
    assert "key new" not in result.stdout


@pytest.mark.parametrize(
    ("before", "faulty", "after", "said"),
    [
        ([], [""], WHOLE, "Name of the plant"),
        (SITE[:1], ["Asia/Tokio"], WHOLE[1:], "got 'Asia/Tokio', need Asia/Tokyo"),
        ([*SITE, "EG-SV-DU1"], ["DU-SV-DU1"], WHOLE[3:], "name is easily taken for another"),
        (SITE, ["EG KITA"], WHOLE[2:], "got 'EG KITA', need 1 to 32 letters"),
        ([*SITE, *UNITS[:3]], [_SERIAL], WHOLE[5:], "serial number is used twice"),
        ([*SITE, *UNITS], ["192.168.10"], WHOLE[6:], "(192.168.10 is none)"),
        (
            [*SITE, *UNITS, ADDRESSES[0]],
            ["192.168.10.12"],
            WHOLE[7:],
            "another number of addresses",
        ),
        ([*SITE, *UNITS, *ADDRESSES], ["-5"], WHOLE[8:], "-5.0 is not in the range"),
        ([*SITE, *UNITS, *ADDRESSES], ["600", "7"], WHOLE[8:], "does not divide the day"),
        (WHOLE[:-9], ["chiller", "17"], WHOLE[-8:], "pin is used twice: got GPIO 17"),
        (WHOLE[:-9], ["chiller", "5", "9999999"], WHOLE[-7:], "more than the whole connection"),
        (WHOLE[:-9], ["EG-KITA"], WHOLE[-9:], "name is easily taken for another"),
        (WHOLE[:-2], ["chiller"], WHOLE[-2:], "name is used twice"),
    ],
)
def test_faulty_answer_is_told_and_asked_again(
    tmp_path: Path, before: list[str], faulty: list[str], after: list[str], said: str
) -> None:
    file = tmp_path / "site.toml"
    result = talk(file, [*before, *faulty, *after])
    assert said in result.stderr
    assert (result.exit_code, file.exists()) == (0, True), result.output


def test_dialogue_in_which_nothing_measures_the_site_asks_for_meters_again(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    start = [*SITE, *UNITS, *ADDRESSES, *DEMAND, *BOARD]
    result = talk(file, [*start, "n", "n", *LINE, *METER, *NO_MORE_LINES, "n", *LOAD, *END])
    assert "metering.sources: nothing measures the site" in result.stderr
    assert result.exit_code == 0, result.output


def test_endless_faulty_answers_end_as_refused(tmp_path: Path) -> None:
    result = talk(tmp_path / "site.toml", [*SITE, "EG-KITA", *["EG-KITA"] * 25])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "given up: got 20 faulty answers; nothing was written"
    )
    assert list(tmp_path.iterdir()) == []


def test_input_that_ends_writes_nothing(tmp_path: Path) -> None:
    result = talk(tmp_path / "site.toml", WHOLE[:9])
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_dialogue_that_is_declined_at_its_end_writes_nothing(tmp_path: Path) -> None:
    result = talk(tmp_path / "site.toml", [*WHOLE[:-1], "n"])
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        f"{tmp_path / 'site.toml'}: not wanted; nothing was written",
    )
    assert list(tmp_path.iterdir()) == []


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
    from tests.bus.line import framed

    return framed(f"{unit:02x}{function | 0x80:02x}02")


def test_meters_that_answer_are_proposed_with_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real bytes on a pty: unit 3 is asked and proposed; what it shows is confirmed."""
    file, port = tmp_path / "site.toml", tmp_path / "usb-port0"
    _set_machine(monkeypatch, str(port))
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
    assert f"bus.main {_PORT}" in result.stderr
    assert "nothing was asked" in result.stderr
    assert result.exit_code == 0, result.output


def test_file_that_is_there_is_refused_before_any_question(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text("mine")
    result = talk(file, [])
    assert (result.exit_code, file.read_text()) == (2, "mine")
    assert result.stderr == (
        f"{file}: there is a file already; kept; change it by hand and run `denban check` on it,"
        " or name another file\n"
    )


def test_file_that_comes_during_the_dialogue_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site.toml"
    real = command.drafted

    def slow(*arguments: object) -> object:
        file.write_text("theirs")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(command, "drafted", slow)
    result = CliRunner().invoke(main, ["init", str(file), "--answers", str(_EXAMPLE)])
    assert (result.exit_code, file.read_text()) == (2, "theirs")
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.toml"]


def test_folder_that_is_not_there_fails_before_any_question(tmp_path: Path) -> None:
    file = tmp_path / "none" / "site.toml"
    result = talk(file, [])
    assert (result.exit_code, result.stderr) == (
        1,
        f"{file}: no such folder: got {file.parent}; make the folder, or name another file\n",
    )


def test_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    file = tmp_path / "site.toml"
    result = CliRunner().invoke(main, ["init", str(file), "--answers", str(_EXAMPLE)])
    assert (result.exit_code, result.stderr) == (
        1,
        f"{file}: not written: got No space left on device; run it as root, or name another file\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_answers_of_a_file_ask_nothing(tmp_path: Path, invoke: Invoke) -> None:
    file = tmp_path / "site.toml"
    result = invoke("init", file, "--answers", _EXAMPLE)
    assert result.exit_code == 0, result.output
    assert list(load_site(file).site.load) == ["chiller", "canteen"]


def test_answers_with_confusable_gateways_are_refused_and_nothing_is_written(
    tmp_path: Path, invoke: Invoke
) -> None:
    answers, folder = tmp_path / "answers.toml", tmp_path / "etc"
    folder.mkdir()
    text = _EXAMPLE.read_text().replace("EG-KITA", "EG-SV-DU1").replace("EG-MINAMI", "DU-SV-DU1")
    answers.write_text(text)
    result = invoke("init", folder / "site.toml", "--answers", answers)
    assert result.exit_code == 2
    assert result.stderr == (
        "unit.DU-SV-DU1: name is easily taken for another: got DU-SV-DU1 (differs in 2 letters,"
        " need 3), need a name quite unlike unit.EG-SV-DU1; not written;"
        " see docs/configuration.md\n"
    )
    assert list(folder.iterdir()) == []


def test_answers_and_the_others_file_together_are_refused(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("init", tmp_path / "s.toml", "--answers", _EXAMPLE, "--from", _EXAMPLE)
    assert result.exit_code == 2
    assert "got both, need one of them; nothing was written" in result.stderr


def test_other_gateways_file_is_taken_byte_for_byte_where_it_lists_this_machine(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    invoke("init", first, "--answers", _EXAMPLE)
    _set_machine(monkeypatch, _PORT, "10000000d4c3b2a1")
    result = invoke("init", second, "--from", first)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "this machine is EG-MINAMI"
    assert second.read_bytes() == first.read_bytes()
    assert load_site(second).digest == load_site(first).digest
    assert "warning: bus.main.port: /dev/serial/by-path/" in result.stderr


def test_other_gateways_file_is_refused_on_a_machine_that_it_does_not_list(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    invoke("init", first, "--answers", _EXAMPLE)
    _set_machine(monkeypatch, _PORT, "10000000ffffffff")
    result = invoke("init", second, "--from", first)
    assert (result.exit_code, second.exists()) == (2, False)
    assert result.stderr.startswith(
        f"{first}: this machine is none of its gateways: got hardware serial 10000000ffffffff,"
        " need one of EG-KITA (10000000a1b2c3d4), EG-MINAMI (10000000d4c3b2a1);"
    )
