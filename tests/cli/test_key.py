"""`denban key new`: writes a key for two machines, shows it to nobody, overwrites nothing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from click.testing import Result

from edge.peer.keys import load_keys
from tests.cli.conftest import Invoke


def _shows_no_key(result: Result, file: Path) -> bool:
    return not any(key.hex() in result.output for key in load_keys(file, {}).values())


def test_key_new_writes_one_key_for_its_owner_alone(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "twin.key"
    umask = os.umask(0)
    try:
        result = invoke("key", "new", file)
    finally:
        os.umask(umask)
    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(load_keys(file, {})) == 1
    assert _shows_no_key(result, file)
    assert f"scp -p {file} OTHER-UNIT:{file}" in result.output


def test_key_new_does_not_overwrite_a_key(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "twin.key"
    invoke("key", "new", file)
    before = file.read_text()
    result = invoke("key", "new", file)
    assert result.exit_code == 2
    assert "there is a key file already; kept; add a key to it with --rotate" in result.output
    assert file.read_text() == before


def test_key_new_rotate_puts_the_new_key_first(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "twin.key"
    invoke("key", "new", file)
    before = load_keys(file, {})
    result = invoke("key", "new", file, "--rotate")
    assert result.exit_code == 0
    after = load_keys(file, {})
    assert list(after)[1:] == list(before)
    assert after.items() >= before.items()
    assert _shows_no_key(result, file)
    assert [entry.name for entry in tmp_path.iterdir()] == ["twin.key"]


@pytest.mark.parametrize("mode", [0o644, 0o660])
def test_key_new_rotate_refuses_a_file_that_others_may_use(
    invoke: Invoke, tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "twin.key"
    invoke("key", "new", file)
    file.chmod(mode)
    before = file.read_text()
    result = invoke("key", "new", file, "--rotate")
    assert result.exit_code == 2
    assert "others may use the key file" in result.output
    assert file.read_text() == before


def test_key_new_rotate_without_a_file_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("key", "new", tmp_path / "none.key", "--rotate")
    assert result.exit_code == 2
    assert "No such file or directory" in result.output


def test_key_new_where_nothing_can_be_written_fails_with_the_reason(
    invoke: Invoke, tmp_path: Path
) -> None:
    result = invoke("key", "new", tmp_path / "no-folder" / "twin.key")
    assert result.exit_code == 1
    assert "key not written: got No such file or directory" in result.output


@pytest.mark.parametrize("rotate", [False, True])
def test_key_new_on_a_full_disk_leaves_what_was_there(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rotate: bool
) -> None:
    file = tmp_path / "twin.key"
    if rotate:
        invoke("key", "new", file)
    before = {entry: entry.read_text() for entry in tmp_path.iterdir()}

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    result = invoke("key", "new", file, *(["--rotate"] if rotate else []))
    assert result.exit_code == 1
    assert "key not written: got No space left on device" in result.output
    assert {entry: entry.read_text() for entry in tmp_path.iterdir()} == before
