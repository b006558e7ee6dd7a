"""Every requirement is shown by something, and whatever a scenario says to show is one."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import hil.scenarios
from hil.suite.requirements import REQUIREMENTS

_ROOT = Path(__file__).parents[3]


def _marks(thing: object) -> list[pytest.Mark]:
    found = getattr(thing, "pytestmark", [])
    return [getattr(each, "mark", each) for each in (found if isinstance(found, list) else [found])]


def _scenarios() -> Iterator[tuple[str, set[str]]]:
    """Name and requirements of each."""
    for path in sorted(Path(hil.scenarios.__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"hil.scenarios.{path.stem}")
        for name, function in vars(module).items():
            if name.startswith("test_"):
                marks = [*_marks(module), *_marks(function)]
                covered = [each.args for each in marks if each.name == "covers"]
                yield f"{path.stem}::{name}", {each for ids in covered for each in ids}


def test_every_scenario_names_requirements_that_exist() -> None:
    wrong = {name: ids for name, ids in _scenarios() if not ids or not ids <= REQUIREMENTS.keys()}
    assert wrong == {}


def test_every_requirement_is_shown_by_a_scenario_or_by_a_deeper_test() -> None:
    covered = {each for _, ids in _scenarios() for each in ids}
    elsewhere = {name for name, each in REQUIREMENTS.items() if each.shown_by}
    assert REQUIREMENTS.keys() - covered - elsewhere == set()


@pytest.mark.parametrize("name", [name for name, each in REQUIREMENTS.items() if each.shown_by])
def test_deeper_test_of_a_requirement_names_it(name: str) -> None:
    assert f"{name}" in (_ROOT / REQUIREMENTS[name].shown_by).read_text()


def test_source_of_every_requirement_is_a_page_of_the_manual() -> None:
    pages = {each.source.partition(",")[0] for each in REQUIREMENTS.values()}
    assert [page for page in pages if not (_ROOT / page).is_file()] == []
