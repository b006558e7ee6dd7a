"""A line under test: the hub's process, its log, and ports opened as a gateway or a meter would."""

from __future__ import annotations

import json
import os
import select
import termios
import time
from pathlib import Path
from typing import Any

from hil.launch import BenchProcess

DEADLINE_S = 5.0


class OpenPort:
    """The user's end of a port: whole writes, reads until a count with a deadline."""

    def __init__(self, path: Path, baudrate: int = 19200) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = getattr(termios, f"B{baudrate}")
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)
        termios.tcflush(self.fd, termios.TCIFLUSH)

    def write(self, sent: bytes) -> None:
        assert os.write(self.fd, sent) == len(sent)

    def read(self, count: int) -> bytes:
        """`count` bytes; fails with what came until the deadline."""
        heard = b""
        deadline_s = time.monotonic() + DEADLINE_S
        while len(heard) < count:
            left_s = max(0.0, deadline_s - time.monotonic())
            assert select.select([self.fd], [], [], left_s)[0], f"only {heard.hex()} came"
            heard += os.read(self.fd, 4096)
        return heard

    def ask(self, query: bytes, count: int) -> bytes:
        self.write(query)
        return self.read(count)

    def waiting(self) -> bytes:
        """What has come until now."""
        return os.read(self.fd, 4096) if select.select([self.fd], [], [], 0)[0] else b""

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


class LineBench:
    """A hub with gateways `a` and `b` and meters `m` and `n`."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self._log = directory / "bus.jsonl"
        self._ports: list[OpenPort] = []
        self.paths = {name: directory / f"tty-{name}" for name in "abmn"}
        nodes = [
            {
                "name": name,
                "path": str(path),
                "kind": "gateway" if name in "ab" else "meter",
            }
            for name, path in self.paths.items()
        ]
        config = {
            "nodes": nodes,
            "log": str(self._log),
            "orders": str(directory / "hub.sock"),
            **settings,
        }
        self.hub = BenchProcess("hil.hub", directory / "hub.json", config)

    def open(self, name: str, baudrate: int = 19200) -> OpenPort:
        port = OpenPort(self.paths[name], baudrate)
        self._ports.append(port)
        return port

    def bursts(self, count: int) -> list[dict[str, Any]]:
        """The log's first `count` bursts, once they are there; each is logged when it is over."""
        deadline_s = time.monotonic() + DEADLINE_S
        while self.hub.order("stats")["burst_count"] < count:
            assert time.monotonic() < deadline_s, self._log.read_text()
        return [json.loads(line) for line in self._log.read_text().splitlines()[:count]]

    def close(self) -> int:
        for port in self._ports:
            port.close()
        return self.hub.close()
