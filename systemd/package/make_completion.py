"""Completion of `denban` for bash, by click, of the release whose interpreter runs this."""

from __future__ import annotations

import sys

from click.shell_completion import ShellComplete, get_completion_class

from edge.cli.main import main


def completion() -> str:
    kind = get_completion_class("bash")
    assert kind is not None
    # The base class's: bash's own would ask the bash of this machine for its version.
    return ShellComplete.source(kind(main, {}, "denban", "_DENBAN_COMPLETE"))


if __name__ == "__main__":
    sys.stdout.write(completion() + "\n")
