"""A fault of something a person gave us (site file, plan, profile, order), with where and what
next.
"""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """`where` is like ``site.toml:41 meter.main.unit_id``; empty parts are left out of the text."""

    where: str
    what: str
    got: str = ""
    need: str = ""
    effect: str = ""
    next_step: str = ""

    def __str__(self) -> str:
        facts = ", ".join(
            f"{word} {text}" for word, text in (("got", self.got), ("need", self.need)) if text
        )
        head = f"{self.where}: {self.what}" if self.where else self.what
        if facts:
            head = f"{head}: {facts}"
        return "; ".join(part for part in (head, self.effect, self.next_step) if part)


class ProblemsError(Exception):
    """Carries every problem that was found, never only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
