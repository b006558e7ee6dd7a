"""Runs the scripts of a login with real shells, over a scratch folder in place of /run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

LOGIN = Path(__file__).parents[2] / "systemd/login"
TOLD = "EG-KITA|■ ACTIVE|[#] ACTIVE|Rolling mill|The other unit is EG-MINAMI, □ STANDBY."
# Starting a shell on a busy machine.
LIMIT_S = 30


def uptime_s() -> int:
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def put_identity(folder: Path, stamp: object, told: str = TOLD, form: str = "1") -> None:
    (folder / "identity").write_text(f"{form}|{stamp}|{told}\n")


def run(shell: list[str], script: str, folder: Path, **given: str) -> str:
    environment: Mapping[str, str] = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "DENBAN_LOGIN_FOLDER": str(folder),
        **given,
    }
    done = subprocess.run(
        [*shell, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    assert done.stderr == ""
    return done.stdout
