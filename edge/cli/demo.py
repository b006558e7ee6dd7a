"""`denban demo`: hands over to the bench, which comes with the source tree only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

import edge
from edge.cli.errors import RefusedError


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """A factory on the bench, held under its target, live. Takes the bench's own arguments."""
    tree = Path(edge.__file__).parent.parent
    if not (tree / "hil" / "demo").is_dir():
        raise RefusedError(
            "demo: the bench is not here: it comes with the source tree, not with the installed"
            " package; clone the repository and run `make demo` in it"
        )
    os.chdir(tree)  # the bench is no installed package: it is found where it is started
    command = [sys.executable, "-m", "hil.demo", *arguments]
    os.execv(sys.executable, command)  # noqa: S606 -- our own interpreter and module
