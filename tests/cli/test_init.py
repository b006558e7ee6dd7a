"""`denban init` as a person uses it: faulty answers are asked again, and the file that it writes is
one that `denban check` accepts.
"""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edge.config.load import load_site
from tests.cli.conftest import Invoke
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
    SERIAL,
    SITE,
    UNITS,
    WHOLE,
    set_machine,
    talk,
)


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    set_machine(monkeypatch, PORT)


def test_dialogue_writes_a_file_that_check_accepts_and_says_what_is_next(
    tmp_path: Path, invoke: Invoke
) -> None:
    file = tmp_path / "site.toml"
    result = talk(file, WHOLE)
    assert (result.exit_code, file.exists()) == (0, True), result.output
    loaded = load_site(file)
    assert [(u.name, u.hardware_serial) for u in loaded.io.units] == [
        ("EG-KITA", SERIAL),
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
        ([*SITE, *UNITS[:3]], [SERIAL], WHOLE[5:], "serial number is used twice"),
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
