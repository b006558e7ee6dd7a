"""`denban boot-pins`: what config.txt does to a site's pins until the controller scans."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from edge.cli.screen import show
from edge.config.boot_pins import boot_pins
from edge.config.load import load_site

# The firmware cuts longer lines of config.txt.
_COLUMNS: Final = 98


@click.command("boot-pins")
@click.argument("site", type=click.Path(path_type=Path))
def print_boot_pins(site: Path) -> None:
    """Print what SITE's pins do at boot, for the end of config.txt on a Raspberry Pi.

    They act some seconds after power-on. Before that only the relay board's own resistors hold the
    relays, so fit those too.
    """
    pins = boot_pins(load_site(site).io)
    lines = [text for pin in pins for text in (f"# {pin.use}"[:_COLUMNS], pin.line)]
    show(
        "# The site file's pins until the controller scans, by `denban boot-pins`.", "[all]", *lines
    )
