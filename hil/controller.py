"""The process under test: started under the shim as its service would, stopped, killed, frozen.

It finds the process's children through /proc and takes nothing from the product but its command.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hil.waiting import wait_for

_PR_SET_PDEATHSIG = 1
_STOP_S_MAX = 15.0


def children(pid: int) -> dict[int, str]:
    """Command lines of the direct children of `pid`; empty when it has gone."""
    found: dict[int, str] = {}
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                with contextlib.suppress(OSError):
                    words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                    found[int(child)] = b" ".join(words).decode(errors="replace").strip()
    return found


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and is not yet collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


# What a service with Restart=always does, and no more. $child is the control process.
_SUPERVISOR = """
trap 'kill -TERM "$child"; wait "$child"; exit $?' TERM
while :; do
    "$@" &
    child=$!
    wait "$child"
    sleep 0.1
done
"""


class Controller:
    """One life of the controller: `python -m edge.app run SITE --unit UNIT`.

    `environment` goes over the bench's own, `start` takes the place of subprocess.Popen. With
    `supervised` it has many lives, each 0.1 s after the one before; `pid` is of the present one.
    """

    def __init__(
        self,
        site: Path,
        unit: str,
        environment: dict[str, str],
        log: Path,
        *,
        start: Callable[..., subprocess.Popen[Any]] = subprocess.Popen,
        supervised: bool = False,
    ) -> None:
        prctl = ctypes.CDLL(None).prctl

        def end_with_bench() -> None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

        command = [sys.executable, "-m", "edge.app", "run", str(site), "--unit", unit]
        self._supervised = supervised
        if supervised:
            command = ["sh", "-c", _SUPERVISOR, "service", *command]
        with log.open("ab") as output:
            self._process = start(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,  # the terminal's ^C is for who started the bench
                preexec_fn=end_with_bench,
            )

    @property
    def pid(self) -> int:
        """The control process's; 0 in the moment in which a supervised one has none."""
        if not self._supervised:
            return self._process.pid
        found = children(self._process.pid)
        return next((pid for pid, command in found.items() if "-m edge.app " in command), 0)

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or while it is supervised; negative for the signal that ended it."""
        return self._process.poll()

    def child(self, module: str) -> int | None:
        """Pid of the child that runs `module`, such as `edge.bus`; None while there is none."""
        for pid, command in children(self.pid).items():
            if f"-m {module} " in f"{command} ":
                return pid
        return None

    def send(self, number: signal.Signals) -> None:
        """A signal to the control process. Raises ProcessLookupError where there is none."""
        if not self._supervised:
            self._process.send_signal(number)
        elif pid := self.pid:
            os.kill(pid, number)
        else:
            raise ProcessLookupError("no control process at this moment")

    def send_child(self, module: str, number: signal.Signals) -> int:
        """Send a signal to a child; its pid. Raises LookupError where there is none."""
        pid = self.child(module)
        if pid is None:
            raise LookupError(f"{module}: no such child of {self.pid}")
        os.kill(pid, number)
        return pid

    def wait(self, timeout_s: float = _STOP_S_MAX) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout_s)

    def stop(self) -> int:
        """End it as its service would, by SIGTERM; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> int:
        """SIGKILL to the process alone; its children must find out by themselves."""
        pid = self.pid
        self.send(signal.SIGKILL)
        if not self._supervised:
            return self.wait()
        wait_for("the end of the control process", lambda: not is_alive(pid), _STOP_S_MAX)
        return -signal.SIGKILL

    def close(self) -> None:
        """End it, by force if need be. Children of one that was killed are the board's to name."""
        if self.exit_code is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.send(signal.SIGCONT)
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
