"""What `denban init` writes: whole or not at all, never over a file; answers and the other
gateway's file instead of questions.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli.init import command
from edge.cli.main import main
from edge.config.load import load_site
from tests.cli.conftest import Invoke
from tests.cli.installer import EXAMPLE, PORT, set_machine, talk


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    set_machine(monkeypatch, PORT)


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
    result = CliRunner().invoke(main, ["init", str(file), "--answers", str(EXAMPLE)])
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
    result = CliRunner().invoke(main, ["init", str(file), "--answers", str(EXAMPLE)])
    assert (result.exit_code, result.stderr) == (
        1,
        f"{file}: not written: got No space left on device; run it as root, or name another file\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_answers_of_a_file_ask_nothing(tmp_path: Path, invoke: Invoke) -> None:
    file = tmp_path / "site.toml"
    result = invoke("init", file, "--answers", EXAMPLE)
    assert result.exit_code == 0, result.output
    assert list(load_site(file).site.load) == ["chiller", "canteen"]


def test_answers_with_confusable_gateways_are_refused_and_nothing_is_written(
    tmp_path: Path, invoke: Invoke
) -> None:
    answers, folder = tmp_path / "answers.toml", tmp_path / "etc"
    folder.mkdir()
    text = EXAMPLE.read_text().replace("EG-KITA", "EG-SV-DU1").replace("EG-MINAMI", "DU-SV-DU1")
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
    result = invoke("init", tmp_path / "s.toml", "--answers", EXAMPLE, "--from", EXAMPLE)
    assert result.exit_code == 2
    assert "got both, need one of them; nothing was written" in result.stderr


def test_other_gateways_file_is_taken_byte_for_byte_where_it_lists_this_machine(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    invoke("init", first, "--answers", EXAMPLE)
    set_machine(monkeypatch, PORT, "10000000d4c3b2a1")
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
    invoke("init", first, "--answers", EXAMPLE)
    set_machine(monkeypatch, PORT, "10000000ffffffff")
    result = invoke("init", second, "--from", first)
    assert (result.exit_code, second.exists()) == (2, False)
    assert result.stderr.startswith(
        f"{first}: this machine is none of its gateways: got hardware serial 10000000ffffffff,"
        " need one of EG-KITA (10000000a1b2c3d4), EG-MINAMI (10000000d4c3b2a1);"
    )
