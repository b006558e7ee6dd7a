"""What is wrong with answers, by the same checks as any site file, told without lines of a file
that nobody has seen yet. Writes nothing.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from edge.config.answers import Answers
from edge.config.draft import draft_text, twice
from edge.config.load import LoadedSite, site_of
from edge.model.problem import Problem, ProblemsError


def drafted(answers: Answers, path: Path) -> tuple[bytes, LoadedSite]:
    """The site file that the answers make at `path`, and what it means; profiles of the plant's
    own are looked for beside it. Raises ProblemsError with all that is wrong.
    """
    same_names = twice(answers)
    if same_names:
        raise ProblemsError(same_names)
    data = draft_text(answers).encode()
    try:
        return data, site_of(data, path)
    except ProblemsError as error:
        raise ProblemsError(tuple(_unplaced(problem) for problem in error.problems)) from None


def faults(answers: Answers, path: Path, place: str) -> list[Problem]:
    """Faults at `place` (``load.chiller``) and in it; of answers that are not complete yet."""
    try:
        drafted(answers, path)
    except ProblemsError as error:
        inside = (f"{place}.", f"{place}[")
        return [p for p in error.problems if p.where == place or p.where.startswith(inside)]
    return []


def _unplaced(problem: Problem) -> Problem:
    file, _, place = problem.where.partition(" ")
    return replace(problem, where=place or file, effect="not written")
