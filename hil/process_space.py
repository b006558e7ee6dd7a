"""Processes by their namespace, through /proc: who is on a machine, who calls itself what."""

from __future__ import annotations

import contextlib
from pathlib import Path


def pid_space(pid: int | str) -> int:
    """A number that processes of one process namespace share. Raises OSError."""
    return Path(f"/proc/{pid}/ns/pid").stat().st_ino


def pids_in_space_of(pid: int) -> list[int]:
    """Every process of the process namespace of `pid`; empty when it has gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        space = pid_space(pid)
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with contextlib.suppress(OSError):
                    if pid_space(entry.name) == space:
                        found.append(int(entry.name))
    return found


def inner_pid(pid: int) -> int:
    """The number by which a process knows itself. Raises OSError when it has gone."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return pid
