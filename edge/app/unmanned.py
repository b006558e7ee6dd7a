"""Relays that nobody commands any more go to their safe level: `python3 unmanned.py FILE`.

The start command of the service runs it before a start that follows one without a complete scan,
with the descriptors that the service manager holds. FILE says when the first such start was
(seconds of /proc/uptime); after a while the relay lines are driven to the level that their names
carry, and stay held there. It needs nothing of the product, so that a broken installation can not
keep it from its work: only Python's own library, and it is installed beside the releases.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# The start command makes this file, the first complete scan removes it.
STARTING_NAME: Final = "starting"
# A start takes under a second, ten at most on a slow machine that is busy. A twin has taken over in
# four, and then needs no mirror here.
_UNMANNED_S_MAX: Final = 10.0
_FIRST_FD: Final = 3  # sd_listen_fds(3)
_RELAY: Final = re.compile(r"relay-.+-([01])")  # edge.adapters.kept_relays gives these names
_SET_VALUES: Final = 0xC010B40F  # linux/gpio.h, as in edge.adapters.line_values


def unmanned_s(since: Path, uptime: Path = Path("/proc/uptime")) -> float:
    """How long nobody has commanded; without end where that can not be known."""
    try:
        begun_s = float(since.read_text().split()[0])
        return float(uptime.read_text().split()[0]) - begun_s
    except (OSError, ValueError, IndexError):
        return float("inf")


def rest_relays(environment: Mapping[str, str], pids: tuple[int, ...]) -> list[str]:
    """Drives each inherited relay line to its safe level; names of those that took it. The
    descriptors must be meant for one of `pids`.
    """
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID", "") not in map(str, pids) or not count.isdecimal():
        return []
    rested = []
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    for fd, name in enumerate(names[: int(count)], start=_FIRST_FD):
        match = _RELAY.fullmatch(name)
        if match is None:
            continue
        try:
            fcntl.ioctl(fd, _SET_VALUES, struct.pack("=QQ", int(match[1]), 1))
        except OSError as error:
            print(f"{name}: not driven to its safe level: {error.strerror}", file=sys.stderr)
        else:
            rested.append(name)
    return rested


def main(arguments: list[str]) -> int:
    (since,) = arguments
    elapsed_s = unmanned_s(Path(since))
    if elapsed_s < _UNMANNED_S_MAX:
        return 0
    # The start command is a shell, which the descriptors are meant for; this is its child.
    rested = rest_relays(os.environ, (os.getpid(), os.getppid()))
    if rested:
        names = ", ".join(rested)
        print(
            f"no complete scan for {elapsed_s:.0f} s: held at their safe level: {names}",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
