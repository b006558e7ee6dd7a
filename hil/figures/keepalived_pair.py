"""Two keepalived daemons with one virtual address, in network namespaces behind a bridge."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from hil.figures.keepalived_space import Namespace, descendants, tells_address
from hil.lifetime import Undertaking

Fault = Literal["kill", "freeze", "cut", "stop"]

_ADDRESS = "10.77.0.100"
_ADDRESS_BYTES = socket.inet_aton(_ADDRESS)
_READY_S_MAX = 20.0
_END_S_MAX = 5.0


class Trial(msgspec.Struct, frozen=True):
    """`taken_s`: from the fault to the address at the other machine; None: it never came there.

    `is_held`: the machine with the fault had the address as well when the other one took it.
    """

    taken_s: float | None
    is_held: bool


class _Machine:
    """One machine of the pair: its namespace, its port at the bridge, its daemon."""

    def __init__(self, switch: Namespace, number: int, config: Path) -> None:
        self._switch = switch
        self._port = f"port{number}"
        self._config = config
        self.space = Namespace()
        self.told = self.space.address_socket()
        self._daemon: subprocess.Popen[bytes] | None = None
        link = ("ip", "link")
        there = ("peer", "name", "net0", "netns", str(self.space.pid))
        switch.run(*link, "add", self._port, "type", "veth", *there)
        self.space.run("ip", "address", "add", f"10.77.0.{number}/24", "dev", "net0")
        self.space.run(*link, "set", "net0", "up")
        switch.run(*link, "set", self._port, "up")
        self.plug()

    def plug(self) -> None:
        self._switch.run("ip", "link", "set", self._port, "master", "bridge")

    def start(self, state: Literal["MASTER", "BACKUP"]) -> None:
        """Start the daemon; it has reached the state when this returns. Raises RuntimeError."""
        options = ("--dont-fork", "--log-console", "--log-detail", "--vrrp")
        own, worker = (self._config.with_name(f"{self._port}.{which}") for which in ("pid", "vrrp"))
        for left in (own, worker):  # of a killed one, whose number may be in use again
            left.unlink(missing_ok=True)
        files = (f"--use-file={self._config}", f"--pid={own}", f"--vrrp_pid={worker}")
        self._daemon = self.space.start("keepalived", *options, *files)
        self._await(f"Entering {state} STATE".encode())

    def _await(self, text: bytes) -> None:
        assert self._daemon is not None
        assert self._daemon.stdout is not None
        said = b""
        deadline_s = time.monotonic() + _READY_S_MAX
        while text not in said:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([self._daemon.stdout], [], [], left_s)[0]:
                break
            part = os.read(self._daemon.stdout.fileno(), 4096)
            if not part:
                break
            said += part
        else:
            return
        raise RuntimeError(
            f"keepalived: not up: got no {text!r} in {_READY_S_MAX} s; not measured; it said:\n"
            f"{said.decode(errors='replace')[-1000:]}"
        )

    def hurt(self, fault: Fault) -> None:
        pids = self._pids()
        match fault:
            case "kill":
                _send(pids, signal.SIGKILL)
            case "freeze":
                _send(pids, signal.SIGSTOP)
            case "cut":
                self._switch.run("ip", "link", "set", self._port, "nomaster")
            case "stop":
                _send(pids[-1:], signal.SIGTERM)

    def _pids(self) -> list[int]:
        """The worker before its parent: a worker that sees its parent die says farewell."""
        return descendants(self._daemon.pid) if self._daemon is not None else []

    def has_address(self) -> bool:
        return f" {_ADDRESS}/" in self.space.run("ip", "-4", "address", "show", "dev", "net0")

    def revive(self) -> None:
        """After a fault: a fresh daemon, which waits behind the other one."""
        self.end()
        if self.has_address():
            self.space.run("ip", "address", "del", f"{_ADDRESS}/24", "dev", "net0")
        self.plug()
        self.start("BACKUP")

    def end(self) -> None:
        if self._daemon is not None:
            daemon, self._daemon = self._daemon, None
            # nsenter too: it stops with what it runs, and then waits for nothing.
            _send([*descendants(daemon.pid), daemon.pid], signal.SIGKILL)
            daemon.wait(_END_S_MAX)
            assert daemon.stdout is not None
            daemon.stdout.close()

    def close(self) -> None:
        self.end()
        self.told.close()
        self.space.close()


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class KeepalivedPair(Undertaking):
    """Enter it to have a master and a backup. They change places with each trial."""

    def __init__(self, folder: Path, advert_s: float, seed: int) -> None:
        super().__init__()
        self._folder = folder
        self._advert_s = advert_s
        self._random = random.Random(seed)

    def _begin(self) -> None:
        config = self._folder / "keepalived.conf"
        config.write_text(_CONFIG.format(advert_s=self._advert_s, address=_ADDRESS))
        switch = Namespace()
        self._ends.callback(switch.close)
        switch.run("ip", "link", "add", "bridge", "type", "bridge", "forward_delay", "0")
        switch.run("ip", "link", "set", "bridge", "up")
        self._master, self._backup = (self._machine(switch, number, config) for number in (1, 2))
        self._master.start("MASTER")
        self._backup.start("BACKUP")

    def _machine(self, switch: Namespace, number: int, config: Path) -> _Machine:
        machine = _Machine(switch, number, config)
        self._ends.callback(machine.close)
        return machine

    def trial(self, fault: Fault) -> Trial:
        """One fault at the master, at a random phase of its adverts."""
        old, new = self._master, self._backup
        time.sleep(self._advert_s * (1 + self._random.random()))
        if new.has_address():
            raise RuntimeError("keepalived: two masters before the fault; not measured")
        _drain(new.told)
        fault_s = time.monotonic()
        old.hurt(fault)
        taken_s = _taken_s(new.told, fault_s + 10 * self._advert_s + _END_S_MAX)
        is_held = old.has_address()
        old.revive()
        self._master, self._backup = new, old
        return Trial(None if taken_s is None else taken_s - fault_s, is_held)


def _drain(told: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while told.recv(65_536):
            pass


def _taken_s(told: socket.socket, deadline_s: float) -> float | None:
    while (left_s := deadline_s - time.monotonic()) > 0:
        if select.select([told], [], [], left_s)[0]:
            now_s = time.monotonic()
            if tells_address(told.recv(65_536), _ADDRESS_BYTES):
                return now_s
    return None


# Priorities are keepalived's default and equal, so that the machines may change places; a backup
# then waits three adverts and 156/256 of one. Nothing preempts, as nothing does in our pair.
_CONFIG = """\
global_defs {{
  vrrp_version 3
}}
vrrp_instance pair {{
  state BACKUP
  nopreempt
  interface net0
  virtual_router_id 51
  priority 100
  advert_int {advert_s}
  virtual_ipaddress {{
    {address}/24 dev net0
  }}
}}
"""


def reason_to_skip(which: Callable[[str], str | None], user_id: int) -> str:
    """Why no pair can be made here, for people; empty: it can."""
    missing = [name for name in ("keepalived", "unshare", "nsenter", "ip") if not which(name)]
    if missing:
        return f"{' '.join(missing)}: not installed (apt install keepalived iproute2 util-linux)"
    return "" if user_id == 0 else "needs root, for network namespaces and for keepalived"
