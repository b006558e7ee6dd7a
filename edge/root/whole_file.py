"""A small file that is there whole or not at all, for all to read: what keeper and root's programs
tell to logins. Nothing is forced to the disk.
"""

from __future__ import annotations

import os
from pathlib import Path

_MODE = 0o644


def write_whole(path: Path, text: str) -> None:
    """Readable by all, whatever the umask; the draft is a hidden file beside it. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, _MODE)
        file.write(text.encode())
    draft.replace(path)
