"""`python -m edge.keeper LINK_FD SETUP_FD`: started by the control process, never by hand."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys

import msgspec

from edge.keeper.keeper import Keeper
from edge.keeper.setup import KeeperSetup

_PR_SET_NAME = 15


def main(link_fd: int, setup_fd: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NAME, b"denban-keeper", 0, 0, 0)
    # Signals meant for the controller's group end the control process; we follow when its end of
    # the link closes, after its last words are on the disk.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with os.fdopen(setup_fd, "rb") as file:
        setup = msgspec.msgpack.decode(file.read(), type=KeeperSetup)
    with socket.socket(fileno=link_fd) as peer:
        Keeper(setup, peer).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
