"""Breaks are data: each must fit the present product, and say so where it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hil.breaks.seeded import Break, Catch, Edit, broken_texts, choose, read_breaks
from hil.breaks.tree import ROOT, break_copy, copy_project, not_loaded

_BREAKS = read_breaks()


def _break(*edits: Edit) -> Break:
    return Break("b", "a break", list(edits), [Catch("test_a.py::test_a", "")])


@pytest.mark.parametrize("seeded", _BREAKS, ids=lambda seeded: seeded.name)
def test_break_fits_the_present_product_and_compiles(seeded: Break) -> None:
    for name, text in broken_texts(seeded, ROOT).items():
        assert name.startswith("edge/")
        assert text != (ROOT / name).read_text()


def test_breaks_name_scenarios_that_there_are() -> None:
    """With their parameters."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "hil/scenarios"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {f"hil/scenarios/{catch.scenario}" for b in _BREAKS for catch in b.caught_by}
    assert wanted
    assert wanted - set(told.stdout.splitlines()) == set()


def test_breaks_have_names_of_their_own() -> None:
    names = [seeded.name for seeded in _BREAKS]
    assert sorted(set(names)) == sorted(names)


def test_choice_of_an_unknown_name_is_refused() -> None:
    assert choose(_BREAKS, []) == _BREAKS
    assert choose(_BREAKS, [_BREAKS[3].name]) == [_BREAKS[3]]
    with pytest.raises(ValueError, match="no such break: nonsense"):
        choose(_BREAKS, ["nonsense"])


def test_file_of_breaks_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "breaks.toml"
    path.write_text('[[breaks]]\nname = "a"\nwhat = "a"\nedits = []\ncaught_by = []\nnote = "x"\n')
    with pytest.raises(ValueError, match=r"breaks\.toml: not a list of breaks: .*note"):
        read_breaks(path)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Edit("edge/a.py", "two", "2"), "got 2 times, need once"),
        (Edit("edge/a.py", "gone", ""), "got 0 times, need once"),
        (Edit("edge/b.py", "one", ""), "no such file"),
        (Edit("edge/a.py", "one = 1", "one ="), "does not compile"),
    ],
)
def test_break_that_does_not_fit_is_refused(tmp_path: Path, edit: Edit, why: str) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge/a.py").write_text("one = 1\ntwo = two = 2\n")
    with pytest.raises(ValueError, match=why):
        broken_texts(_break(edit), tmp_path)


def test_edits_of_one_file_are_all_in_it(tmp_path: Path) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge/a.py").write_text("one = 1\ntwo = 2\n")
    edits = (Edit("edge/a.py", "one = 1", "one = 3"), Edit("edge/a.py", "two = 2", "two = 4"))
    assert broken_texts(_break(*edits), tmp_path) == {"edge/a.py": "one = 3\ntwo = 4\n"}


def test_broken_file_counts_as_loaded_only_when_it_was_compiled_again(tmp_path: Path) -> None:
    root, unbroken, broken = (tmp_path / name for name in ("root", "unbroken", "broken"))
    (root / "edge").mkdir(parents=True)
    (root / "edge/a.py").write_text("one = 1\n")
    seeded = _break(Edit("edge/a.py", "1", "2"))
    copy_project(root, unbroken)
    assert not_loaded(unbroken, seeded) == []
    break_copy(root, unbroken, broken, seeded)
    assert not_loaded(broken, seeded) == ["edge/a.py"]
    assert (unbroken / "edge/a.py").read_text() == "one = 1\n"
    assert (broken / "edge/a.py").read_text() == "one = 2\n"
