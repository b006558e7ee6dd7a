"""A machine without systemd on which a unit is stopped: what would be run, a guard in a folder, a
clock that goes on by itself, a desk that grants.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.cli import acting, handover, stopping
from edge.cli import guard as guard_module
from edge.cli import upgrade as upgrade_module
from edge.keeper.requests import Answer, AskStatus, AskStop, Request
from edge.model.twin_status import TwinStatus
from edge.root.guard import Guard, Places
from tests.cli.conftest import FakeKeeper
from tests.cli.pairs import answer_of


class Stage:
    """What would be run, and the guard, of a machine without systemd."""

    def __init__(self, folder: Path) -> None:
        self.run: list[tuple[str, ...]] = []
        self.managed: list[tuple[str, ...]] = []
        places = Places(folder / "run/guard.json", folder / "guard/state.json", folder / "units")
        places.told.parent.mkdir()
        self.told = places.told
        self.guard = Guard(places, self._manage)
        self.code = 0

    def _manage(self, *words: str) -> str:
        self.managed.append(words)
        return "active"

    def act(self, where: str, command: tuple[str, ...], _within_s: float = 0.0) -> None:
        self.run.append(command)
        if self.code:
            raise acting.FailedError(f"{where}: exit code {self.code}")


def set_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage(folder)
    ticks = iter(range(10_000))
    for module in (handover.time, acting.time):
        monkeypatch.setattr(module, "monotonic", lambda: next(ticks) / 4)
        monkeypatch.setattr(module, "sleep", lambda _seconds: None)
    monkeypatch.setattr(acting.os, "geteuid", lambda: 0)
    for module in (acting, stopping, guard_module):
        monkeypatch.setattr(module, "this_guard", lambda: stage.guard)
    for module in (stopping, upgrade_module):
        monkeypatch.setattr(module, "act", stage.act)
    monkeypatch.setattr(stopping, "cry", lambda text: print(f"CRIED {text}"))
    return stage


def granting(before: TwinStatus, after: TwinStatus, text: str = "") -> Callable[[Request], Answer]:
    """A desk that grants, after which the pair is another, with a new control process."""
    now, pid = before, 71

    def answer(request: Request) -> Answer:
        nonlocal now, pid
        if isinstance(request, AskStatus):
            seen_now = answer_of(now)
            assert seen_now.identity is not None
            return replace(seen_now, identity=replace(seen_now.identity, pid=pid))
        if isinstance(request, AskStop):
            now, pid = replace(after, since_s=0.0), 72
            return Answer(ok=True, text=text)
        return Answer(ok=True)

    return answer


def told(keeper: FakeKeeper) -> list[Request]:
    return [request for request in keeper.asked if not isinstance(request, AskStatus)]
