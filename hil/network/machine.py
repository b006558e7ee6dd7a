"""One gateway's machine: its own network, its own processes, its own view of the file system.

Power comes and goes: a boot makes process and mount namespaces in the network namespace that stays,
and without power the kernel ends everything within at once, whatever it is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hil.controller import is_alive
from hil.network.space import NEWNET, NEWNS, NEWPID, Holder, NetworkSpace, enter, first_child
from hil.process_space import pids_in_space_of

# Where every machine finds its own folder, so that one site file serves both.
HOME: Final = Path("/mnt")
_GONE_S_MAX = 5.0
_LOOK_S = 0.005
# Orphans come to the first process, which has nothing to do but let them go.
_FIRST = 'trap "" CHLD; mount --bind "$0" "$1" && echo ready; exec cat'


class Machine:
    """`folder` is what its processes see as :data:`HOME`; `folder/run` is lost without power."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network = NetworkSpace()
        self._holder: Holder | None = None
        self._first_pid = 0
        self._spaces: dict[int, int] = {}
        self._started: list[subprocess.Popen[Any]] = []

    def boot(self) -> None:
        """Power on. Does nothing while it is on."""
        if self.is_on:
            return
        self.cut_power()
        run = self.folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        net = os.open(f"/proc/{self.network.pid}/ns/net", os.O_RDONLY)
        words = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
        first = ["sh", "-c", _FIRST, str(self.folder), str(HOME)]
        try:
            self._holder = Holder([*words, *first], lambda: enter(net, NEWNET))
        finally:
            os.close(net)
        self._first_pid = first_child(self._holder.process.pid)
        for kind, name in ((NEWNET, "net"), (NEWNS, "mnt"), (NEWPID, "pid")):
            self._spaces[kind] = os.open(f"/proc/{self._first_pid}/ns/{name}", os.O_RDONLY)

    @property
    def is_on(self) -> bool:
        for process in self._started:  # the first one ends after those that we collect
            process.poll()
        return self._first_pid != 0 and is_alive(self._first_pid)

    def cut_power(self) -> None:
        """Everything ends at once and has gone when this returns."""
        pids = self.pids()
        if self._holder is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._first_pid, 9)
            _wait_gone(pids)
            for process in self._started:  # until then the first one can not end
                process.wait(_GONE_S_MAX)
            self._started.clear()
            self._holder.close()
            self._holder = None
        for descriptor in self._spaces.values():
            os.close(descriptor)
        self._spaces = {}
        self._first_pid = 0

    def pids(self) -> list[int]:
        """All processes within but the first one, by their numbers out here."""
        if not self._first_pid:
            return []
        return [pid for pid in pids_in_space_of(self._first_pid) if pid != self._first_pid]

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program within; it is a child of the caller and keeps its working directory."""
        assert self.is_on, "no power"
        before = options.pop("preexec_fn", None)
        folder = Path.cwd()

        def go_in() -> None:
            enter(self._spaces[NEWNET], NEWNET)
            enter(self._spaces[NEWNS], NEWNS)
            os.chdir(folder)
            if before is not None:
                before()

        with self._children_within():
            process = subprocess.Popen(command, preexec_fn=go_in, **options)  # noqa: PLW1509
        self._started = [each for each in self._started if each.poll() is None] + [process]
        return process

    @contextlib.contextmanager
    def _children_within(self) -> Iterator[None]:
        """Children of this thread are born in the machine's process namespace."""
        with _birth, Path("/proc/self/ns/pid").open() as own:
            enter(self._spaces[NEWPID], NEWPID)
            try:
                yield
            finally:
                enter(own.fileno(), NEWPID)

    def close(self) -> None:
        self.cut_power()
        self.network.close()


_birth = threading.Lock()


def _wait_gone(pids: list[int]) -> None:
    deadline_s = time.monotonic() + _GONE_S_MAX
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"processes {pids}: alive {_GONE_S_MAX} s after the power was cut")
        time.sleep(_LOOK_S)
