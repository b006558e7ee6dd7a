"""Descriptors that the service manager passes to the process at its start (sd_listen_fds(3)).

Says what they are called; what they are for is their taker's business.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Final

from msgspec import Struct

_FIRST_FD: Final = 3  # SD_LISTEN_FDS_START
_UNNAMED: Final = "unknown"  # as sd_listen_fds_with_names(3) has it
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES")


class Inherited(Struct, frozen=True, gc=False):
    """One open descriptor and the name that it was stored under; several may share a name."""

    name: str
    fd: int


def take_inherited(environment: MutableMapping[str, str], pid: int) -> tuple[Inherited, ...]:
    """The descriptors meant for `pid`, which are the caller's from now on; none the second time.

    Takes the variables out of `environment` and closes the descriptors to child processes.
    """
    pid_text, _, count_text, names_text = (environment.pop(name, "") for name in _VARIABLES)
    if pid_text != str(pid) or not count_text.isdecimal():
        return ()
    names = names_text.split(":") if names_text else []
    taken = []
    for index in range(int(count_text)):
        fd = _FIRST_FD + index
        try:
            os.set_inheritable(fd, False)
        except OSError:
            continue  # not open: what the variables say is not so
        taken.append(Inherited(names[index] if index < len(names) else _UNNAMED, fd))
    return tuple(taken)
