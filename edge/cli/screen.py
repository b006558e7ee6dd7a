"""Output for people: tables that are plain text without a terminal, colour only where it is wanted.

Red and amber are for faults; everything that colour says is said in words too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click
import msgspec
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

# Without a terminal there is no width to fit into: a log or a pipe takes whole lines.
_PLAIN_COLUMNS: Final = 240

Cell = str | Text


def screen(*, stderr: bool = False) -> Console:
    """The console of stdout (or stderr) as it is now; NO_COLOR and pipes are honoured."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PLAIN_COLUMNS
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], title: str = "") -> Table:
    """A table; a column whose name ends in `>` is aligned right."""
    made = Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
    )
    for column in columns:
        right = column.endswith(">")
        made.add_column(
            column.removesuffix(">"), justify="right" if right else "left", overflow="fold"
        )
    for row in rows:
        made.add_row(*row)
    return made


def show(*parts: RenderableType) -> None:
    """Print to stdout, one part below the other, without blanks at line ends in a pipe."""
    console = screen()
    for part in parts:
        if isinstance(part, str):
            click.echo(part)  # a line stays a line, to be copied or searched
            continue
        if console.is_terminal:
            console.print(part)
            continue
        with console.capture() as captured:
            console.print(part)
        for line in captured.get().splitlines():
            click.echo(line.rstrip())


def show_json(value: Any) -> None:
    """Print as indented JSON; numbers that JSON has no word for become null."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def note(text: str) -> None:
    """Say something beside the output, on stderr."""
    click.echo(text, err=True)
