"""The key file: what it says, who may read it, and what is refused about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.model.problem import ProblemsError
from edge.peer.keys import load_keys, new_key_text, parse_keys, read_key_file

_KEY = bytes(range(32))
_LINE = f"7 {_KEY.hex()} # 2026-01-02"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "twin.key"
    path.touch(0o600)
    path.write_text(f"# both units\n\n{_LINE}\n 3 {_KEY[::-1].hex().upper()}\n")
    return path


def _refused(path: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ProblemsError) as raised:
        load_keys(path, environment or {})
    text = str(raised.value)
    assert _KEY.hex() not in text
    return text


def test_keys_come_in_the_order_of_the_lines(file: Path) -> None:
    assert list(load_keys(file, {}).items()) == [(7, _KEY), (3, _KEY[::-1])]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o601, 0o666])
def test_file_that_others_may_use_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    text = _refused(file)
    assert f"others may use the key file: got {mode:04o}, need 0600" in text
    assert f"chmod 600 {file}" in text


def test_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.geteuid()
    if uid == 0:
        os.chown(file, 12345, -1)
        uid = 12345
    else:
        monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    assert f"key file of another user: got user id {uid}" in _refused(file)


def test_file_that_is_missing_tells_how_to_make_one(tmp_path: Path) -> None:
    text = _refused(tmp_path / "none.key")
    assert "key file not read: got No such file or directory" in text
    assert "`denban key new`" in text


def test_folder_and_pipe_are_no_key_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "key file is not a file" in _refused(tmp_path / "pipe")
    assert "key file is not a file: got drwx------" in _refused(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "number of keys: got 0, need 1 to 16"),
        ("# nothing\n", "number of keys: got 0"),
        (f"{_LINE}\n{_LINE}\n", "twin.key:2: key id twice: got id 7"),
        ("256 " + "ab" * 32, "key id out of range: got 256, need 0 to 255"),
        ("1 " + "ab" * 31, "key of a wrong length: got 62 hexadecimal digits, need 64"),
        ("1 " + "ab" * 33, "key of a wrong length: got 66"),
        ("1 " + "00" * 32, "a key that can be guessed"),
        ("one " + "ab" * 32, "twin.key:1: not a key"),
        (_KEY.hex(), "not a key"),
        (f"1 {_KEY.hex()} comment", "not a key"),
        ("\n".join(f"{n} {_KEY.hex()}" for n in range(17)), "number of keys: got 17"),
        ("#" * 20_000, "key file too large"),
    ],
)
def test_text_that_is_no_key_file_is_refused(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    assert told in _refused(file)


def test_file_that_is_not_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    assert "key file is not text" in _refused(file)


def test_credential_of_systemd_goes_before_the_file(file: Path, tmp_path: Path) -> None:
    """Its group bits are the mask of an access list for the service's user."""
    credential = tmp_path / "denban-twin-key"
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert list(load_keys(file, environment)) == [7, 3]
    credential.write_text(f"9 {_KEY.hex()}\n")
    credential.chmod(0o440)
    assert list(load_keys(file, environment)) == [9]
    credential.chmod(0o444)
    assert "others may use the key file" in _refused(file, environment)


def test_new_key_is_first_and_takes_a_free_id() -> None:
    first = new_key_text("", "2026-01-02")
    ((first_id, first_key),) = parse_keys(first, "new").items()
    assert first_id == 1
    second = parse_keys(new_key_text(first, "2026-02-03"), "new")
    assert list(second)[1:] == [first_id]
    assert second[first_id] == first_key
    assert len(set(second.values())) == 2
    wrapped = parse_keys(new_key_text(f"255 {_KEY.hex()}\n0 {_KEY.hex()}", ""), "new")
    assert list(wrapped) == [1, 255, 0]


def test_new_key_where_there_is_no_room_is_refused() -> None:
    full = "\n".join(f"{n} {_KEY.hex()}" for n in range(16))
    with pytest.raises(ProblemsError, match="no room for another key"):
        new_key_text(full, "today")


def test_key_file_is_read_for_rotation_under_the_same_rules(file: Path) -> None:
    assert _LINE in read_key_file(file)
    file.chmod(0o644)
    with pytest.raises(ProblemsError, match="others may use"):
        read_key_file(file)
