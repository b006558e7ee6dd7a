"""`denban run`: becomes the control process, so that nothing of the command line stays in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--unit", help="Run as this unit, whatever the hardware serial says (for tests).")
def run(site: Path, unit: str | None) -> None:
    """Run the controller for SITE, as its service does."""
    command = [sys.executable, "-m", "edge.app", "run", str(site)]
    if unit is not None:
        command += ["--unit", unit]
    os.execv(sys.executable, command)  # noqa: S606 -- our own interpreter and module
