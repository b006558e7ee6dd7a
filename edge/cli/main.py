"""The `denban` command and the table of its subcommands, each imported only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

import edge
from edge.cli.errors import RefusedError
from edge.model.problem import ProblemsError

_COMMANDS: Final = {
    "acknowledge": "edge.cli.order:acknowledge",
    "boot-pins": "edge.cli.boot_pins:print_boot_pins",
    "check": "edge.cli.check:check",
    "demo": "edge.cli.demo:demo",
    "doctor": "edge.cli.doctor.command:doctor",
    "drill": "edge.cli.drill:drill",
    "events": "edge.cli.events:events",
    "guard": "edge.cli.guard:guard",
    "handover": "edge.cli.handover:handover",
    "identify": "edge.cli.identify:identify",
    "init": "edge.cli.init.command:init",
    "key": "edge.cli.key:key",
    "limit": "edge.cli.order:limit",
    "maintenance": "edge.cli.handover:maintenance",
    "override": "edge.cli.order:override_load",
    "plan": "edge.cli.plan:plan",
    "poweroff": "edge.cli.stopping:poweroff",
    "reboot": "edge.cli.stopping:reboot",
    "replay": "edge.cli.replay:replay",
    "report": "edge.cli.report:report",
    "restart": "edge.cli.stopping:restart",
    "run": "edge.cli.run:run",
    "scan": "edge.cli.scan:scan",
    "simulate": "edge.cli.simulate:simulate",
    "status": "edge.cli.status:status",
    "stop": "edge.cli.stopping:stop",
    "upgrade": "edge.cli.upgrade:upgrade",
    "whoami": "edge.cli.whoami:whoami",
}


class _Commands(click.Group):
    """Finds a subcommand by the table; faults of a file that was given end with exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ProblemsError as error:
            raise RefusedError("\n".join(str(problem) for problem in error.problems)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(edge.__version__, prog_name="denban")
def main() -> None:
    """Denban holds a factory's power demand under its contract and its plan.

    Exit codes: 0 done, 1 failed, 2 refused or bad input.
    """
