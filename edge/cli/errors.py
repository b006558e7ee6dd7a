"""How a command ends when it does not succeed: one text on stderr and an exit code."""

from __future__ import annotations

import sys
from typing import IO, Any

import click


class _EndError(click.ClickException):
    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file or sys.stderr)


class FailedError(_EndError):
    """It was tried and did not work: exit code 1."""

    exit_code = 1


class RefusedError(_EndError):
    """Not done, because of what was given or who asked: exit code 2. Nothing was changed."""

    exit_code = 2
