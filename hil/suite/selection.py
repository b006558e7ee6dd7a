"""Which scenario stands in which works, and in what order they run: one bench serves many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from hil.suite.ability import Ability
from hil.suite.scene import CALM, HELD
from hil.suite.stage import Wanted
from hil.works import Works

# Several benches may run at once, since pairs wait most of their time: each has a part of the
# scenarios, by their files, of about a minute and a half.
_CALM_PARTS_COUNT = 3
_OTHER_PARTS_COUNT = 2


def wanted(item: pytest.Item) -> Wanted:
    works = item.get_closest_marker("works")
    held = item.get_closest_marker("held")
    return Wanted(
        CALM if works is None else works.args[0],
        HELD if held is None else held.args,
        fresh=item.get_closest_marker("fresh") is not None,
    )


def needs(item: pytest.Item) -> frozenset[Ability]:
    return frozenset(_all_of(item, "needs"))


def requirements(item: pytest.Item) -> list[str]:
    return sorted(set(_all_of(item, "covers")))


def _all_of(item: pytest.Item, marker: str) -> Iterable[Any]:
    return (each for found in item.iter_markers(marker) for each in found.args)


def soaks(
    items: list[pytest.Item], is_scenario: Callable[[pytest.Item], bool]
) -> list[pytest.Item]:
    return [item for item in items if is_scenario(item) and item.get_closest_marker("soak")]


def arrange(items: list[pytest.Item], is_scenario: Callable[[pytest.Item], bool]) -> None:
    """In place. Those of one bench side by side, who needs a fresh one last; in groups that may run
    at once, each with a bench of its own.
    """
    places = [place for place, item in enumerate(items) if is_scenario(item)]
    scenarios = [items[place] for place in places]
    benches: dict[tuple[object, ...], int] = {}
    order: dict[pytest.Item, tuple[int, bool]] = {}
    files = sorted({item.path for item in scenarios})
    for item in scenarios:
        stands_in = wanted(item)
        number = benches.setdefault((stands_in.works, stands_in.held), len(benches))
        order[item] = (number, stands_in.fresh)
        group = _group(stands_in.works, files.index(item.path))
        item.add_marker(pytest.mark.xdist_group(group))
    scenarios.sort(key=order.__getitem__)
    for place, item in zip(places, scenarios, strict=True):
        items[place] = item


def _group(works: Works, file_number: int) -> str:
    if works == CALM:
        return f"scenarios in calm works {file_number % _CALM_PARTS_COUNT + 1}"
    if works.contract_kw < CALM.contract_kw:
        return "scenarios in earnest"  # the longest by far is the one through a whole interval
    return f"scenarios in other works {file_number % _OTHER_PARTS_COUNT + 1}"
