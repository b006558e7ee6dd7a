"""`denban identify`: which of the machines in the cabinet is the unit of this name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from edge.cli.connection import desk_of, desk_options
from edge.cli.terms import duration_s
from edge.keeper.requests import AskIdentify

_USUAL: Final = "60s"


@click.command()
@click.argument("unit")
@click.option(
    "--for",
    "length_s",
    type=duration_s,
    metavar="TIME",
    default=_USUAL,
    show_default=True,
    help="How long, e.g. 5m.",
)
@desk_options
def identify(unit: str, length_s: int, socket_path: Path | None, site_path: Path | None) -> None:
    """Blink the LED of UNIT, from either machine.

    A unit on duty flashes long, a standby short, any other evenly.
    """
    desk = desk_of(socket_path, site_path)
    identity = desk.identity()
    text = desk.order(AskIdentify(unit, length_s)).text
    click.echo(f"{identity.unit}, {identity.site}: {text}")
