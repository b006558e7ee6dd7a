"""Where a demo is shown: live on a terminal, else line by line, so that a log can be read too."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live

from hil.demo.picture import Line, Picture
from hil.demo.view import WIDTH, line_text, render
from hil.demo.words import STAGES

_PLAIN_EVERY_S: Final = 5.0


class Display(Protocol):
    """Enter it for the time of the run."""

    def show(self, picture: Picture) -> None: ...

    def __enter__(self) -> Display: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def make_console() -> Console:
    """At most eighty columns; colours as the terminal and NO_COLOR will have it."""
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal or console.width > WIDTH:
        console.width = WIDTH
    return console


def choose_display(console: Console, *, plain: bool) -> Display:
    """Live only where a terminal can move its cursor and nobody has asked for plain text."""
    dumb = console.is_dumb_terminal or not console.is_terminal
    if plain or dumb or "NO_COLOR" in os.environ:
        return PlainDisplay(console)
    return LiveDisplay(console)


class LiveDisplay:
    """Redraws the screen in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(Group(), console=console, auto_refresh=False, transient=False)

    def show(self, picture: Picture) -> None:
        self._live.update(render(picture, self._live.console.height), refresh=True)

    def __enter__(self) -> LiveDisplay:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()


class PlainDisplay:
    """A line for each change, and one with the figures every five seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown_count = 0
        self._due_s = 0.0
        self._roles = ""

    def show(self, picture: Picture) -> None:
        if self._shown_count == 0:
            self._console.print(picture.title)
            self._console.print(picture.wiring, soft_wrap=True)
        for line in picture.lines[self._shown_count :]:
            self._print(line)
        self._shown_count = len(picture.lines)
        if picture.pair is not None and picture.pair.roles != self._roles:
            self._roles = picture.pair.roles
            self._console.print(f"{picture.elapsed_s:6.1f}   {self._roles}", soft_wrap=True)
        if picture.elapsed_s >= self._due_s:
            self._due_s = picture.elapsed_s + _PLAIN_EVERY_S
            self._console.print(f"{picture.elapsed_s:6.1f}   {_figures(picture)}", soft_wrap=True)

    def _print(self, line: Line) -> None:
        self._console.print(line_text(line), soft_wrap=True)

    def __enter__(self) -> PlainDisplay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def _figures(picture: Picture) -> str:
    status, demand = picture.status, picture.limit("demand")
    if status is None or demand is None:
        return "the controller does not answer"
    shed = " ".join(load["name"] for load in status["loads"] if load["shed"])
    return (
        f"{STAGES[status['stage']]}: {demand['energy_kwh']:.2f} kWh,"
        f" projected {demand['projected_w'] / 1000:.0f} of {demand['target_w'] / 1000:.0f} kW,"
        f" {demand['remaining_s']:.0f} s left; draws {picture.truth_w / 1000:.0f} kW;"
        f" shed: {shed or 'nothing'}"
    )
