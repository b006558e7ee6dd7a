"""Both ends of a link in a network of their own, where addresses come and go.

Prints one line a step: can the second unit send, and does the first hear it? Exit code 77: this
process may not have a network of its own.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys

from edge.config.io import PathPlan
from tests.peer.ends import End, turn

_CLONE_NEWNET = 0x40000000
_KITA, _MINAMI = "10.77.0.1", "10.77.0.2"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _step(name: str, kita: End, minami: End) -> None:
    kita.hear()
    before = len(kita.heard)
    turn(kita, minami, times=5)
    (path,) = minami.link.paths(minami.clock.now_ns)
    print(name, path.can_send, len(kita.heard) > before, minami.standing())


def main() -> None:
    if ctypes.CDLL(None).unshare(_CLONE_NEWNET) != 0:
        sys.exit(77)
    kita = End(0, (PathPlan("net0", _KITA, _MINAMI, 47474),))
    minami = End(1, (PathPlan("net0", _MINAMI, _KITA, 47474),))
    _step("nothing", kita, minami)
    _ip("link", "set", "lo", "up")
    for host in (_KITA, _MINAMI):
        _ip("address", "add", f"{host}/32", "dev", "lo")
    _step("up", kita, minami)
    _ip("address", "del", f"{_KITA}/32", "dev", "lo")
    _step("lost", kita, minami)
    _ip("address", "add", f"{_KITA}/32", "dev", "lo")
    _step("back", kita, minami)


main()
