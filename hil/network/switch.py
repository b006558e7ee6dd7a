"""The switch between two units: one user-space process that forwards raw frames, path by path.

It lives in a network namespace of its own where it joins interfaces, loses, delays, doubles, cuts
and forges by order, and keeps the newest datagrams. It never looks into them.
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import gc
import json
import os
import selectors
from pathlib import Path
from typing import Any

import msgspec

from hil import rpc
from hil.board.clock import Agenda
from hil.boottime import boottime_ns
from hil.lifetime import Lifetime
from hil.network.frames import Address, find_datagram, make_frame, without_checksum
from hil.network.path import Impairment, Way
from hil.network.ports import End, InterfaceEnd, SocketEnd
from hil.urgent import be_urgent

_BATCH_COUNT_MAX = 64  # frames of one port before the others have their turn
_KEPT_COUNT_MAX = 20_000  # eight minutes of two gateways on two paths
_CLONE_NEWNET = 0x40000000


class PortConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One end of a path: the unit, its addresses, and what is on the switch's side: an interface,
    or a socket for the frames of an emulated machine, whose own one is `machine`.
    """

    path: str
    unit: str
    host: str
    mac: str
    interface: str = ""
    socket: str = ""
    machine: str = ""

    def open(self) -> End:
        if self.socket:
            return SocketEnd(Path(self.socket), Path(self.machine))
        return InterfaceEnd(self.interface)


class SwitchConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two ports for each path."""

    ports: list[PortConfig]
    orders: str
    seed: int = 1


class Kept(msgspec.Struct, frozen=True):
    """A datagram that a unit has sent. `passed`: at least one copy of it went on."""

    t_ns: int
    path: str
    sender: str
    passed: bool
    frame: bytes


class _Port:
    """A port of the switch; its end is there once it was opened."""

    def __init__(self, config: PortConfig, seed: int) -> None:
        self.config = config
        self.address = Address(bytes.fromhex(config.mac.replace(":", "")), config.host)
        self.way = Way(f"{seed} {config.path} {config.unit}")
        self.end: End | None = None

    def open(self) -> End:
        self.end = self.config.open()
        return self.end

    def put(self, frame: bytes) -> bool:
        """False where the other end is down, as when its machine has no power."""
        assert self.end is not None
        return self.end.put(frame)


class Switch:
    """Call :meth:`run`. Interfaces are made by others; `open` is the order when they are there."""

    def __init__(self, config: SwitchConfig) -> None:
        self._selector = selectors.SelectSelector()  # epoll would round delays up to whole ms
        self._lifetime = Lifetime(self._selector)
        self._agenda = Agenda()
        self._ports = [_Port(each, config.seed) for each in config.ports]
        self._kept: collections.deque[Kept] = collections.deque(maxlen=_KEPT_COUNT_MAX)
        self._orders = rpc.Server(Path(config.orders), self._verbs(), self._selector)

    def run(self) -> None:
        print("ready", json.dumps(os.getpid()), flush=True)
        while not self._lifetime.over:
            for key, _ in self._selector.select(self._agenda.wait_s(boottime_ns())):
                key.data()
            self._agenda.run_due(boottime_ns())

    def _open(self) -> None:
        for port in self._ports:
            self._open_port(port)

    def _open_port(self, port: _Port) -> None:
        if port.end is None:
            end = port.open()
            self._selector.register(end, selectors.EVENT_READ, lambda: self._take(port, end))

    def _take(self, port: _Port, end: End) -> None:
        for _ in range(_BATCH_COUNT_MAX):
            frame = end.take()
            if frame is None:
                return
            if frame:
                self._forward(port, without_checksum(frame), boottime_ns())

    def _forward(self, port: _Port, frame: bytes, now_ns: int) -> None:
        due = port.way.due_ns(now_ns)
        if find_datagram(frame) is not None:
            self._kept.append(Kept(now_ns, port.config.path, port.config.unit, bool(due), frame))
        for due_ns in due:
            if due_ns <= now_ns:
                self._deliver(port, frame)
            else:
                self._agenda.at(due_ns, lambda _: self._deliver(port, frame))

    def _deliver(self, sender: _Port, frame: bytes) -> None:
        sender.way.counts.forwarded += self._other(sender).put(frame)

    def _other(self, port: _Port) -> _Port:
        (other,) = (p for p in self._ports if p.config.path == port.config.path and p is not port)
        return other

    # Orders.

    def _verbs(self) -> dict[str, rpc.Verb]:
        return {
            "open": self._open,
            "cut": self._cut,
            "impair": self._impair,
            "inject": self._inject,
            "replay": self._replay,
            "recorded": self._recorded,
            "counters": self._counters,
            "stop": self._lifetime.end,
        }

    def _chosen(self, path: str | None, sender: str | None) -> list[_Port]:
        found = [
            port
            for port in self._ports
            if path in {None, port.config.path} and sender in {None, port.config.unit}
        ]
        if not found:
            raise ValueError(f"path {path!r} of {sender!r}: no such port")
        return found

    def _cut(self, path: str | None = None, sender: str | None = None, on: bool = True) -> None:
        for port in self._chosen(path, sender):
            port.way.cut = on

    def _impair(self, path: str | None = None, sender: str | None = None, **wanted: float) -> None:
        """Whatever is not named is mended."""
        impairment = msgspec.convert(wanted, Impairment)
        for port in self._chosen(path, sender):
            port.way.impairment = impairment

    def _inject(self, path: str, sender: str, payload: str, port: int) -> None:
        """A datagram of somebody who has the sender's addresses, past every cut and loss."""
        (source,) = self._chosen(path, sender)
        other = self._other(source)
        frame = make_frame(source.address, other.address, port, bytes.fromhex(payload))
        self._make(source, frame)

    def _replay(
        self, path: str, sender: str, since_ns: int = 0, until_ns: int | None = None,
        apart_ms: float = 0.0,
    ) -> int:  # fmt: skip
        """Send again what was recorded, in its order; how many."""
        (source,) = self._chosen(path, sender)
        frames = [
            kept.frame
            for kept in self._kept
            if (kept.path, kept.sender) == (path, sender)
            and since_ns <= kept.t_ns
            and (until_ns is None or kept.t_ns < until_ns)
        ]
        begin_ns = boottime_ns()
        for number, frame in enumerate(frames):
            self._make_at(begin_ns + round(number * apart_ms * 1e6), source, frame)
        return len(frames)

    def _make_at(self, due_ns: int, source: _Port, frame: bytes) -> None:
        self._agenda.at(due_ns, lambda _: self._make(source, frame))

    def _make(self, source: _Port, frame: bytes) -> None:
        source.way.counts.made += self._other(source).put(frame)

    def _recorded(self, since_ns: int = 0) -> list[dict[str, Any]]:
        """The newest datagrams, oldest first; payloads in hexadecimal."""
        found = []
        for kept in self._kept:
            datagram = find_datagram(kept.frame)
            if kept.t_ns >= since_ns and datagram is not None:
                found.append(
                    {"t_ns": kept.t_ns, "path": kept.path, "sender": kept.sender,
                     "passed": kept.passed, "payload": datagram.payload.hex()}
                )  # fmt: skip
        return found

    def _counters(self) -> dict[str, dict[str, Any]]:
        """By path, then by sender."""
        found: dict[str, dict[str, Any]] = collections.defaultdict(dict)
        for port in self._ports:
            counts = msgspec.to_builtins(port.way.counts)
            found[port.config.path][port.config.unit] = counts
        return found


def _leave_network() -> None:
    """Into a network namespace of our own. Raises OSError where that is not allowed."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    config = msgspec.json.decode(parser.parse_args().config.read_bytes(), type=SwitchConfig)
    if any(port.interface for port in config.ports):
        _leave_network()
    be_urgent()
    switch = Switch(config)
    gc.freeze()
    try:
        switch.run()
    finally:
        Path(config.orders).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
