"""The manual page denban(1), told by the commands themselves, of the release whose interpreter runs
this. One section of it a command; what every page of this kind has beside that is written here.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Iterator

import click

import edge
from edge.cli.main import main

_FILES = (
    ("/etc/denban/site.toml", "the site file, the same on both units"),
    ("/etc/denban/twin.key", "the key of the pair, root's alone"),
    ("/etc/denban/unit", "DENBAN_UNIT=NAME where the hardware's serial number does not say it"),
    ("/var/lib/denban", "the running interval, journal, recorder, plans"),
    ("/opt/denban/current", "the release in use"),
)


def page(date: str) -> str:
    lines = [
        f'.TH DENBAN 1 "{date}" "denban {_text(edge.__version__)}" "User Commands"',
        ".SH NAME",
        r"denban \- demand controller for a factory's gateway",
        ".SH SYNOPSIS",
        r".B denban",
        r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...",
        ".SH DESCRIPTION",
        *_paragraphs(main.help),
        ".SH COMMANDS",
    ]
    with click.Context(main, info_name="denban") as ctx:
        for name in main.list_commands(ctx):
            command = main.get_command(ctx, name)
            assert command is not None
            lines += _command(command, name, ctx)
    lines.append(".SH FILES")
    for path, what in _FILES:
        lines += [".TP", rf"\fI{_text(path)}\fR", _text(what)]
    lines += [".SH SEE ALSO", r".BR systemctl (1),", r"/usr/share/doc/denban"]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    if command.hidden:
        return
    with click.Context(command, info_name=name, parent=parent) as ctx:
        words = " ".join(command.collect_usage_pieces(ctx))
        yield f'.SS "{_text(ctx.command_path)} {_text(words)}"'
        yield from _paragraphs(command.help)
        for parameter in command.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and record[1] and "--help" not in parameter.opts:
                # A long list of choices may be broken after each of them.
                choices = _text(record[0]).replace("|", r"|\:")
                yield from (".TP", rf"\fB{choices}\fR", _text(record[1]))
        if isinstance(command, click.Group):
            for below in command.list_commands(ctx):
                found = command.get_command(ctx, below)
                assert found is not None
                yield from _command(found, below, ctx)


def _paragraphs(text: str | None) -> Iterator[str]:
    """A paragraph that click is told by \\b to leave as it is keeps its lines."""
    for paragraph in inspect.cleandoc(text or "").split("\f")[0].split("\n\n"):
        lines = paragraph.splitlines()
        if lines[:1] == ["\b"]:
            yield from (".PP", ".nf", *map(_text, lines[1:]), ".fi")
        elif lines:
            yield from (".PP", _text(" ".join(line.strip() for line in lines)))


def _text(text: str) -> str:
    """As roff shows it letter by letter: its own signs quoted, a hyphen that can be copied."""
    quoted = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return rf"\&{quoted}" if quoted.startswith((".", "'")) else quoted


if __name__ == "__main__":
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else int(time.time())
    day = time.strftime("%Y-%m-%d", time.gmtime(seconds))
    sys.stdout.buffer.write(page(day).encode())
