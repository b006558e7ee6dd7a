"""Two machines on a network of two paths, with small programs in place of gateways."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from hil.network.machine import Machine
from hil.network.network import TWIN_PORT, Network, address

DEADLINE_S = 10.0
A, B = "a", "b"

# Sends what it is told and tells what it hears, a line of JSON each.
_TALKER = """
import json, os, select, socket, sys
links = []
for own in sys.argv[1].split(","):
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind((own, PORT))
    links.append(link)
print(json.dumps("up"), flush=True)
while True:
    for ready in select.select([sys.stdin, *links], [], [])[0]:
        if ready is sys.stdin:
            told = os.read(0, 65536)
            if not told:
                sys.exit()
            for line in told.splitlines():
                path, peer, payload = json.loads(line)
                links[path].sendto(payload.encode(), (peer, PORT))
        else:
            payload, _ = ready.recvfrom(2048)
            print(json.dumps([links.index(ready), payload.decode()]), flush=True)
""".replace("PORT", str(TWIN_PORT))


class Talker:
    """A program in a machine that speaks UDP on both paths."""

    def __init__(self, machine: Machine, place: int) -> None:
        self._place = place
        own = ",".join(address(path, place) for path in range(2))
        self.process = machine.popen(
            [sys.executable, "-u", "-c", _TALKER, own],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self.hear() == "up"

    def say(self, path: int, payload: str) -> None:
        assert self.process.stdin is not None
        line = json.dumps([path, address(path, 1 - self._place), payload])
        self.process.stdin.write(line.encode() + b"\n")

    def hear(self, within_s: float = DEADLINE_S) -> Any:
        """The next datagram as `[path, payload]`; None when there is none in time."""
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], within_s)[0]:
            return None
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()


class NetworkRig:
    """Machines `a` and `b`, each with a talker."""

    def __init__(self, folder: Path) -> None:
        self._ends = contextlib.ExitStack()
        try:
            self._begin(folder)
        except BaseException:
            self._ends.close()
            raise

    def _begin(self, folder: Path) -> None:
        self.machines: dict[str, Machine] = {}
        for name in (A, B):
            home = folder / name
            home.mkdir()
            machine = Machine(home)
            self._ends.callback(machine.close)
            machine.boot()
            self.machines[name] = machine
        pids = {name: machine.network.pid for name, machine in self.machines.items()}
        self.network = Network(folder, pids, 2, seed=1)
        self._ends.callback(self.network.close)
        self.talkers = {name: self.start_talker(name) for name in self.machines}
        self._make_known()

    def _make_known(self) -> None:
        """Resolve all addresses, or a kernel would keep what is said while a path is cut until its
        peer answers for its address, and send it when the path is mended.
        """
        a, b = self.talkers[A], self.talkers[B]
        for path in range(2):
            a.say(path, "hello")
            assert b.hear() == [path, "hello"]
            b.say(path, "hello")
            assert a.hear() == [path, "hello"]

    def start_talker(self, name: str) -> Talker:
        talker = Talker(self.machines[name], (A, B).index(name))
        self._ends.callback(talker.close)
        return talker

    def __enter__(self) -> NetworkRig:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.close()
