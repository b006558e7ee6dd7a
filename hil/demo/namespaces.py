"""Namespaces for the pair: with root as they are, else in a user namespace of the demo's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from hil.network.space import reason_to_skip

# With a process namespace, too: nobody may go back to one that belongs to somebody else.
_WORDS = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]
_WORDS += ["--mount-proc"]
_TRY = "import sys; from hil.network.space import reason_to_skip; sys.exit(bool(reason_to_skip()))"


_EVERY_UID = "0 0 4294967295"


def is_user_namespace() -> bool:
    """Whether root here is not root outside."""
    return " ".join(Path("/proc/self/uid_map").read_text().split()) != _EVERY_UID


def enter_or_reason(arguments: list[str]) -> str:  # noqa: RET503 -- the last line is the last
    """Why there can be no pair here; empty: there can. Without root the demo is started anew
    where it has what it needs, and this does not return.
    """
    reason = reason_to_skip()
    if not reason or not os.geteuid() or not shutil.which(_WORDS[0]):
        return reason
    if subprocess.run(
        [*_WORDS, sys.executable, "-c", _TRY], capture_output=True, check=False
    ).returncode:
        return f"{reason}; user namespaces are not allowed here either"
    sys.stdout.flush()
    os.execvp(_WORDS[0], [*_WORDS, sys.executable, "-m", "hil.demo", *arguments])
