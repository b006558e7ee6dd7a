"""A dialogue so far: the sound answers, and how a further one is added. Knows no question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.cli.init import asking
from edge.cli.init.judge import faults
from edge.cli.init.machine import Machine
from edge.config.answers import Answers
from edge.model.problem import Problem

# Stands in for what is not asked yet; sound, so that it is at fault in nothing.
EMPTY: Final = Answers(site="?", timezone="UTC", contract_kw=1, unit=())


class Talk:
    """`answers` are those found sound; `path` is where the site file will be."""

    def __init__(self, machine: Machine, path: Path) -> None:
        self.answers = EMPTY
        self.machine = machine
        self.path = path

    def settle(self, make: Callable[[], Answers], place: str) -> None:
        """Ask by `make` until the site file's checks find no fault at `place` or in it."""

        def judge(made: Answers) -> list[Problem]:
            return faults(made, self.path, place)

        self.answers = asking.until_sound(make, judge)

    def name(self, question: str, kind: str, put: Callable[[str], Answers]) -> str | None:
        """Ask for a name of `kind` until it is like no other; None for an empty line. `put` gives
        the answers with it; what else is missing in its table is not looked at.
        """

        def judge(name: str | None) -> list[Problem]:
            if name is None:
                return []
            place = f"{kind}.{name}"
            return [p for p in faults(put(name), self.path, place) if p.where == place]

        name = asking.until_sound(lambda: asking.ask_name_or_none(question), judge)
        if name is not None:
            self.answers = put(name)
        return name

    def must_name(self, question: str, kind: str, put: Callable[[str], Answers]) -> str:
        """As `name`, and an empty line is asked again."""
        for _ in range(asking.TRIES_MAX):
            name = self.name(question, kind, put)
            if name is not None:
                return name
        raise asking.given_up()
