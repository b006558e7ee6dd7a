"""Commands on a gateway through the OpenSSH client, over a network that no scenario cuts."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hil.suite.protocol import Said

_CONNECT_S_MAX = 3
_FAILED = 255  # ssh's own trouble; a command that ends with it is taken for that too
_END_S_MAX = 5.0
_OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": str(_CONNECT_S_MAX),
    "ServerAliveInterval": "1",
    "ServerAliveCountMax": "3",
}


class Remote:
    """`host` as root. A connection is kept open for as long as it lasts, so a command takes some
    ten ms and not a second; without it each makes its own.
    """

    def __init__(self, host: str, options: Sequence[str], folder: Path) -> None:
        self._host = f"root@{host}"
        self._path = folder / f"ssh-{host}"
        settings = [f"-o{name}={value}" for name, value in _OPTIONS.items()]
        self._words = ["ssh", f"-S{self._path}", *settings, *options]
        self._master: subprocess.Popen[bytes] | None = None

    def run(self, command: str, within_s: float, stdin: str = "") -> Said:
        """Raises ConnectionError when the gateway is not reached, TimeoutError when it is late."""
        self._hold_open()
        try:
            done = subprocess.run(
                [*self._words, "-oControlMaster=no", self._host, "--", command],
                input=stdin,
                capture_output=True,
                text=True,
                timeout=within_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"{self._host}: {command}: no end in {within_s:g} s; it may go on there"
            ) from None
        if done.returncode == _FAILED:
            raise ConnectionError(f"{self._host}: {done.stderr.strip() or 'not reached'}")
        return Said(done.returncode, done.stdout + done.stderr)

    def _hold_open(self) -> None:
        if self._master is not None and self._master.poll() is None:
            return
        self._path.unlink(missing_ok=True)
        self._master = subprocess.Popen(
            [*self._words, "-oControlMaster=yes", "-N", self._host],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def close(self) -> None:
        """Also when the gateway is known to be gone: the next command connects anew."""
        if self._master is None:
            return
        self._master.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._master.wait(_END_S_MAX)
        self._master.kill()
        self._master.wait()
        self._master = None
