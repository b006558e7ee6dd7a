"""Draws what a console and an SSH client show before the login, from the line the service left.

Runs as root for a moment when the role changes. It believes nothing of the line but its form: no
link is followed, and a line of any other form is shown as an unknown role.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final

from edge.model.role_mark import UNKNOWN_ROLE, in_ascii, role_mark
from edge.root.whole_file import write_whole

_ROLE_FILE: Final = "run/denban-login/role"
_ISSUE: Final = "run/denban-issue"
_BANNER: Final = "run/denban-banner"
# The line of edge.keeper.login is far shorter.
_LINE_BYTES_MAX: Final = 1024
_LINE: Final = re.compile(
    r"1\|(?P<instant>[0-9: -]{19} UTC)\|(?P<unit>\w[\w-]{0,31})\|(?P<mark>[^|]{1,40})\|[^|]{1,40}\|"
    r"(?P<site>[^|]{0,64})\|(?P<line>[^|]{0,300})\n"
)


def page(line: str | None, host: str) -> str:
    """Two or three lines and an empty one."""
    found = _LINE.fullmatch(line) if line is not None and _is_plain(line) else None
    if found is None:
        return (
            f"{host}  {role_mark(UNKNOWN_ROLE)}\n"
            "A gateway of Denban whose controller does not run.\n\n"
        )
    return (
        f"{found['unit']}  {found['mark']}  {found['site']}\n{found['line']}\n"
        f"(since {found['instant']})\n\n"
    )


def main(arguments: list[str]) -> int:
    """`python -m edge.root.login [ROOT]`: 0 done, 1 a file can not be written."""
    root = Path(arguments[0] if arguments else "/")
    text = page(_read(root / _ROLE_FILE), os.uname().nodename)
    try:
        _write(root / _ISSUE, in_ascii(text))
        _write(root / _BANNER, text)
    except OSError as error:
        print(f"{error.filename}: not written: got {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _is_plain(line: str) -> bool:
    """Nothing that a terminal or getty would obey."""
    return line[:-1].isprintable() and "\\" not in line


def _read(path: Path) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            return file.read(_LINE_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError):
        return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_whole(path, text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
