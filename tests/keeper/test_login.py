"""The line that prompts and banners are made of, as the keeper leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.keeper.login import LoginFiles, second_line
from edge.model.twin_status import TwinStatus
from edge.model.units import NS_PER_S
from tests.keeper.bench import IDENTITY
from tests.keeper.pair import ACTIVE, STANDBY, seen

UTC_NS = 1_775_001_600 * NS_PER_S
MINAMI_READY = "The other unit is EG-MINAMI, □ STANDBY; EG-KITA, this one, is on duty."


def _line(folder: Path, name: str) -> str:
    return (folder / name).read_text()


@pytest.mark.parametrize(
    ("twin", "line"),
    [
        (ACTIVE, MINAMI_READY),
        (
            STANDBY,
            "The other unit is EG-MINAMI, ■ ACTIVE; EG-MINAMI, the other one, is on duty.",
        ),
        (
            seen(STANDBY, peer_heard=False),
            "The other unit is EG-MINAMI, not heard; nobody is known to be on duty.",
        ),
        (None, "It is the only unit of its site."),
    ],
)
def test_login_names_the_other_unit_and_who_is_on_duty(twin: TwinStatus | None, line: str) -> None:
    assert second_line(twin) == line


def test_login_line_is_renewed_each_turn_and_the_role_when_it_has_been_so_for_seconds(
    tmp_path: Path,
) -> None:
    files = LoginFiles(str(tmp_path), IDENTITY)
    told = f"EG-KITA|■ ACTIVE|[#] ACTIVE|Rolling mill|{MINAMI_READY}\n"

    def turn(second: int, twin: TwinStatus = ACTIVE) -> None:
        files.take_picture(twin, second * NS_PER_S)
        files.turn(second * NS_PER_S, UTC_NS + (second - 100) * NS_PER_S)

    turn(100)
    assert _line(tmp_path, "identity") == f"1|100|{told}"
    turn(104)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["identity"]
    turn(105)
    assert _line(tmp_path, "role") == f"1|2026-04-01 00:00:05 UTC|{told}"
    turn(106)
    assert _line(tmp_path, "identity") == f"1|106|{told}"
    assert _line(tmp_path, "role") == f"1|2026-04-01 00:00:05 UTC|{told}"
    alone = seen(ACTIVE, alone=True, peer_heard=False)
    turn(107, STANDBY)
    turn(109, alone)
    turn(113, alone)
    assert _line(tmp_path, "role") == f"1|2026-04-01 00:00:05 UTC|{told}"
    turn(114, alone)
    assert _line(tmp_path, "role").startswith("1|2026-04-01 00:00:14 UTC|EG-KITA|▲ ALONE|[^] ALONE")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["identity", "role"]


def test_login_of_a_control_process_that_shows_nothing_is_unknown(tmp_path: Path) -> None:
    files = LoginFiles(str(tmp_path), IDENTITY)
    files.turn(100 * NS_PER_S, UTC_NS)
    unknown = "EG-KITA|? UNKNOWN|? UNKNOWN|Rolling mill|The controller shows nothing.\n"
    assert _line(tmp_path, "identity") == f"1|100|{unknown}"
    files.take_picture(None, 101 * NS_PER_S)
    files.turn(104 * NS_PER_S, UTC_NS)
    assert "|● SINGLE|[*] SINGLE|" in _line(tmp_path, "identity")
    files.turn(105 * NS_PER_S, UTC_NS)
    assert _line(tmp_path, "identity") == f"1|105|{unknown}"
    files.close(106 * NS_PER_S, UTC_NS)
    assert "The controller does not run." in _line(tmp_path, "role")


def test_login_line_has_nothing_of_a_sites_name_that_a_terminal_would_obey(tmp_path: Path) -> None:
    site = "Mill\x1b[2J|\\4\n" + "x" * 200
    files = LoginFiles(str(tmp_path), replace(IDENTITY, site=site))
    files.take_picture(None, 0)
    files.turn(0, UTC_NS)
    fields = _line(tmp_path, "identity").split("|")
    assert (len(fields), fields[5]) == (7, "Mill[2J4" + "x" * 56)


def test_login_files_are_for_all_whatever_the_umask(tmp_path: Path) -> None:
    LoginFiles(str(tmp_path), IDENTITY).turn(0, UTC_NS)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


@pytest.mark.parametrize("folder", ["", "/nonexistent/denban-login"])
def test_login_without_a_folder_tells_nobody(folder: str) -> None:
    LoginFiles(folder, IDENTITY).turn(0, UTC_NS)


def test_login_folder_that_takes_nothing_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / ".identity.new").mkdir()
    LoginFiles(str(tmp_path), IDENTITY).turn(0, UTC_NS)
    assert not (tmp_path / "identity").exists()
