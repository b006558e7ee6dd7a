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
from pathlib import Path

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


class Controller:
    """One life of the controller: `python -m edge.app run SITE --unit UNIT`.

    `environment` goes over the bench's own.
    """

    def __init__(
        self,
        site: Path,
        unit: str,
        environment: dict[str, str],
        log: Path,
    ) -> None:
        prctl = ctypes.CDLL(None).prctl

        def end_with_bench() -> None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

        command = [sys.executable, "-m", "edge.app", "run", str(site), "--unit", unit]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,  # the terminal's ^C is for who started the bench
                preexec_fn=end_with_bench,  # noqa: PLW1509 -- one system call, and no threads here
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    def child(self, module: str) -> int | None:
        """Pid of the child that runs `module`, such as `edge.bus`; None while there is none."""
        for pid, command in children(self.pid).items():
            if f"-m {module} " in f"{command} ":
                return pid
        return None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

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
        self.send(signal.SIGTERM)
        return self.wait()

    def kill(self) -> int:
        """SIGKILL to the process alone; its children must find out by themselves."""
        self.send(signal.SIGKILL)
        return self.wait()

    def close(self) -> None:
        """End it, by force if need be. Children of one that was killed are the board's to name."""
        if self.exit_code is not None:
            return
        for number in (signal.SIGCONT, signal.SIGTERM):
            self.send(number)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
