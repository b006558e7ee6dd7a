"""What an operator sees: who, how far, what is shed and why; and why there is nothing to see."""

from __future__ import annotations

import errno
import grp
import json
import socket
from pathlib import Path

import msgspec
import pytest

from edge.cli import connection
from edge.cli import status as status_module
from edge.keeper.requests import Answer, decode_answer, encode
from edge.model.healing import HealingStatus
from tests.cli.answers import ANSWER
from tests.cli.conftest import FakeKeeper, Invoke
from tests.cli.plant import write_site

PAGE = (Path(__file__).parent / "status_page.txt").read_text()


def test_status_shows_the_whole_picture(keeper: FakeKeeper, invoke: Invoke) -> None:
    keeper.answer = lambda _request: ANSWER
    result = invoke("status", "--socket", keeper.path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, PAGE, "")


def test_status_of_a_control_process_that_is_silent_says_how_old_it_is(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    keeper.answer = lambda _request: msgspec.structs.replace(ANSWER, age_s=3.1)
    result = invoke("status", "--socket", keeper.path)
    assert result.stdout.splitlines()[1] == (
        "! this picture is 3 s old: the control process gives no newer one"
    )


def test_status_names_the_line_that_is_being_healed_and_how_far(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    healing = HealingStatus("main", 3, 7, "USB device off and on")
    keeper.answer = lambda _request: msgspec.structs.replace(ANSWER, healing=(healing,))
    result = invoke("status", "--socket", keeper.path)
    line = "! main: healing, rung 3 of 7: USB device off and on"
    assert line in result.stdout.splitlines()


def test_status_json_is_the_answer(keeper: FakeKeeper, invoke: Invoke) -> None:
    keeper.answer = lambda _request: ANSWER
    result = invoke("status", "--json", "--socket", keeper.path)
    assert decode_answer(result.stdout.encode()) == ANSWER
    assert json.loads(result.stdout)["status"]["limits"][1]["adjustable_w"] is None


def test_status_before_the_first_scan_fails_with_the_desks_words(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    keeper.answer = lambda _request: Answer(ok=False, text="no scan has been completed yet")
    result = invoke("status", "--socket", keeper.path)
    assert (result.exit_code, result.stderr) == (1, "no scan has been completed yet\n")


def test_status_without_a_controller_says_what_to_do(tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "none.sock"
    result = invoke("status", "--socket", path)
    assert (result.exit_code, result.stderr) == (
        1,
        (
            f"{path}: no controller answers here: got no such file or directory; nothing was done;"
            " start it (systemctl start denban), or name its socket with --socket or --site\n"
        ),
    )


def test_status_finds_the_socket_by_environment_and_by_site(
    keeper: FakeKeeper, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keeper.answer = lambda _request: ANSWER
    assert invoke("status", "--site", write_site(tmp_path)).stdout == PAGE
    monkeypatch.setenv("DENBAN_SOCKET", str(keeper.path))
    assert invoke("status").stdout == PAGE


def test_status_from_a_controller_of_another_version_is_told(
    keeper: FakeKeeper, invoke: Invoke
) -> None:
    changed = encode(ANSWER).replace(b'"stage":2', b'"stage":"two"')
    keeper.answer = lambda _request: msgspec.Raw(changed)  # type: ignore[return-value]
    result = invoke("status", "--socket", keeper.path)
    assert result.exit_code == 1
    assert "answer not understood" in result.stderr
    assert "different versions" in result.stderr


class _ClosedToUs(socket.socket):
    def connect(self, _address: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")


def test_status_without_permission_names_the_sockets_group(
    keeper: FakeKeeper, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = grp.getgrgid(keeper.path.stat().st_gid).gr_name
    monkeypatch.setattr(connection.socket, "socket", _ClosedToUs)
    result = invoke("status", "--socket", keeper.path)
    monkeypatch.undo()
    assert (result.exit_code, result.stderr) == (
        2,
        (
            f"{keeper.path}: no permission: need membership of the group {group}; nothing was done;"
            f" run `sudo usermod -aG {group} $USER` and log in again\n"
        ),
    )


def test_watch_shows_each_picture_and_outlives_a_restart(
    keeper: FakeKeeper, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[float] = []

    def sleep(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == 1:
            keeper.answer = lambda _request: Answer(ok=False, text="starting")
        elif len(turns) == 2:
            keeper.path.unlink()
        else:
            raise KeyboardInterrupt

    keeper.answer = lambda _request: ANSWER
    monkeypatch.setattr(status_module.time, "sleep", sleep)
    result = invoke("status", "--watch", "--socket", keeper.path)
    assert result.exit_code == 0
    assert turns == [1.0, 1.0, 1.0]
    assert "no controller answers here" in result.stdout
