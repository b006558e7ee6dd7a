"""Network namespaces without names: each ends with a process, which ends with the bench.

A crash of the bench therefore leaves nothing behind, and two benches never clash. It needs root,
or a user namespace in which the caller is root (`unshare -Urmn`).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from hil.lifetime import end_process

_END_S_MAX = 5.0
NEWNS = 0x00020000
NEWNET = 0x40000000
NEWPID = 0x20000000

_library = ctypes.CDLL(None, use_errno=True)


def reason_to_skip() -> str:
    """Why no namespaces can be made here, for people; empty: they can."""
    missing = [name for name in ("unshare", "nsenter", "ip", "mount") if not shutil.which(name)]
    if missing:
        return f"{' '.join(missing)}: not installed (apt install iproute2 util-linux mount)"
    if os.geteuid():
        return "needs root, for namespaces; or run it within `unshare --user --map-root-user`"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "ip", "link", "add",
         "try0", "type", "veth", "peer", "name", "try1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if tried.returncode == 0 else f"may not make namespaces: {tried.stderr.strip()}"


def enter(descriptor: int, kind: int) -> None:
    """setns(2) of the calling thread. Raises OSError."""
    if _library.setns(descriptor, kind):
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def first_child(pid: int) -> int:
    """Pid of the only child of a process. Raises ValueError when there is not just one."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


class Holder:
    """A process that holds namespaces: `words` end by running ``cat`` after ``echo ready``."""

    def __init__(self, words: list[str], prepare: Callable[[], None] | None = None) -> None:
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=prepare,  # noqa: PLW1509 -- system calls only, and no threads here
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if said != b"ready\n":
            self.close()
            raise RuntimeError(f"{words[0]}: no namespace: got {said!r}, need ready; not started")

    def close(self) -> None:
        end_process(self.process, _END_S_MAX)


class NetworkSpace:
    """A network namespace with its loopback up."""

    def __init__(self) -> None:
        self._holder = Holder(["unshare", "--net", "sh", "-c", "echo ready; exec cat"])
        self.pid = self._holder.process.pid
        run_in(self.pid, "ip", "link", "set", "lo", "up")

    def close(self) -> None:
        self._holder.close()


def run_in(pid: int, *command: str) -> str:
    """Output of a command in the network namespace of `pid`. Raises CalledProcessError."""
    return subprocess.run(
        ["nsenter", f"--target={pid}", "--net", *command],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def link(switch_pid: int, unit_pid: int, port: str, interface: str, mac: str, host: str) -> None:
    """A cable from the unit's `interface`, with its addresses, to the switch's `port`."""
    there = ("peer", "name", interface, "address", mac, "netns", str(unit_pid))
    run_in(switch_pid, "ip", "link", "add", port, "type", "veth", *there)
    run_in(switch_pid, "ip", "link", "set", port, "up")
    run_in(unit_pid, "ip", "address", "add", f"{host}/24", "dev", interface)
    run_in(unit_pid, "ip", "link", "set", interface, "up")
