"""The command itself: its table, its versions, and the commands that become another program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import edge
from edge.cli.main import _COMMANDS, main
from tests.cli.conftest import Invoke

TREE = Path(__file__).parents[2]


def test_every_command_of_the_table_is_there_and_helps(invoke: Invoke) -> None:
    names = main.list_commands(None)  # type: ignore[arg-type]
    assert names == sorted(_COMMANDS)
    for name in names:
        if name != "demo":  # its help is the bench's
            result = invoke(name, "--help")
            assert (result.exit_code, result.stdout[:6]) == (0, "Usage:")


def test_version_is_the_products(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"denban, version {edge.__version__}\n"


def test_unknown_command_is_bad_input(invoke: Invoke) -> None:
    result = invoke("reload")
    assert result.exit_code == 2
    assert "No such command 'reload'" in result.stderr


def test_run_becomes_the_control_process(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda path, words: became.append((path, words)))
    assert invoke("run", "site.toml").exit_code == 0
    assert invoke("run", "site.toml", "--unit", "EG-KITA").exit_code == 0
    start = [sys.executable, "-m", "edge.app", "run", "site.toml"]
    assert became == [
        (sys.executable, start),
        (sys.executable, [*start, "--unit", "EG-KITA"]),
    ]


def test_demo_becomes_the_bench_with_its_arguments_from_any_folder(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    became: list[tuple[Path, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda _path, words: became.append((Path.cwd(), words)))
    monkeypatch.chdir(tmp_path)
    assert invoke("demo", "--variant", "bus", "--help").exit_code == 0
    words = [sys.executable, "-m", "hil.demo", "--variant", "bus", "--help"]
    assert became == [(TREE, words)]


def test_demo_without_the_bench_says_how_to_get_it(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(edge, "__file__", str(tmp_path / "edge" / "__init__.py"))
    result = invoke("demo")
    assert result.exit_code == 2
    assert "clone the repository" in result.stderr


def test_control_process_imports_nothing_that_waits_or_that_it_can_miss() -> None:
    """Each would cost memory and start-up time in the process that must not wait."""
    heavy = ("asyncio", "click", "edge.cli", "edge.config.load", "hashlib", "pymodbus", "rich")
    script = (
        "import sys, edge.app.__main__, edge.app.control;"
        f" print(sorted({{*{(*heavy, 'serial', 'sqlite3', 'ssl', 'tomli')}}} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=TREE
    )
    assert done.stdout == "[]\n"
