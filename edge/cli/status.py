"""`denban status`: the newest picture of the controller, once or live."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from edge.cli.connection import Desk, desk_of, desk_options
from edge.cli.errors import FailedError, RefusedError
from edge.cli.screen import screen, show, show_json
from edge.cli.status_view import status_view
from edge.keeper.requests import Answer, AskStatus

_TURN_S: Final = 1.0


@click.command()
@desk_options
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.option("--watch", is_flag=True, help="Live, once a second, until Ctrl-C.")
def status(socket_path: Path | None, site_path: Path | None, as_json: bool, watch: bool) -> None:
    """Show demand, sources, loads and alarms now."""
    desk = desk_of(socket_path, site_path)
    if watch and not as_json:
        _watch(desk)
        return
    answer = desk.ask(AskStatus())
    if as_json:
        show_json(answer)
    if not answer.ok:
        raise FailedError(answer.text)
    if not as_json:
        show(*status_view(answer))


def _watch(desk: Desk) -> None:
    console = screen()
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        try:
            while True:
                live.update(_view(desk), refresh=True)
                time.sleep(_TURN_S)
        except KeyboardInterrupt:
            return


def _view(desk: Desk) -> Group:
    """A controller that is being restarted is shown as such; the next turn asks again."""
    try:
        answer = desk.ask(AskStatus())
    except (FailedError, RefusedError) as error:
        answer = Answer(ok=False, text=error.message)
    if not answer.ok:
        return Group(Text(answer.text))
    return Group(*status_view(answer))
