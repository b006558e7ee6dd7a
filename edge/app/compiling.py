"""Compiles the site file in a process of its own, which ends with it.

The loader and its checks are larger than everything that the control process needs of them. A child
does that work while the parent imports its own parts, and the parent stays small.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn


class Compiling:
    """Starts at once; ask for the `result` later. Make it before any thread exists."""

    def __init__(self, site: Path) -> None:
        self._read_fd, write_fd = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._read_fd)
            _compile(site, write_fd)
        os.close(write_fd)

    def result(self) -> bytes | None:
        """The site for edge.config.codec.decode_site; None when it was refused and said so."""
        with os.fdopen(self._read_fd, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(self._pid, 0)
        return data if os.waitstatus_to_exitcode(status) == 0 else None


def _compile(site: Path, write_fd: int) -> NoReturn:
    """In the child: never returns to the parent's code, whatever happens."""
    code = 1
    try:
        code = _write_compiled(site, write_fd)
    finally:
        sys.stderr.flush()
        os._exit(code)


def _write_compiled(site: Path, write_fd: int) -> int:
    # Only the child pays for these.
    from edge.config.codec import CompiledSite, encode_site  # noqa: PLC0415
    from edge.config.load import load_site  # noqa: PLC0415
    from edge.model.problem import ProblemsError  # noqa: PLC0415

    try:
        loaded = load_site(site)
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 2
    compiled = CompiledSite(loaded.spec, loaded.io, loaded.digest, loaded.warnings)
    with os.fdopen(write_fd, "wb") as pipe:
        pipe.write(encode_site(compiled))
    return 0
