"""The process that plays meters, whichever server stands behind: its loop, its orders, its end.

`serve` starts the servers and gives a link to the one that answers for each unit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hil import rpc
from hil.boottime import boottime_ns
from hil.lifetime import Lifetime
from hil.line.receivers import silence_ns
from hil.meters.config import MetersConfig, Serial
from hil.meters.faults import Faults
from hil.meters.frames import Codec, Mbap, Rtu
from hil.meters.front import Front, Inner
from hil.meters.links import open_port
from hil.meters.registers import Registers
from hil.urgent import be_urgent
from hil.values import Values

Serve = Callable[[MetersConfig, Registers, Codec], Mapping[int, Inner]]


class MetersProcess:
    """Call :meth:`run`, then :meth:`close`."""

    def __init__(self, config: MetersConfig, serve: Serve) -> None:
        self._config = config
        self._selector = selectors.SelectSelector()
        self._lifetime = Lifetime(self._selector)
        self._values = Values.open(Path(config.values))
        points = {unit.unit_id: unit.image() for unit in config.units}
        registers = Registers(points, self._values)
        faults = Faults(registers)
        line = config.line
        codec: Codec = Rtu() if isinstance(line, Serial) or line.framing == "rtu" else Mbap()
        gap_ns = silence_ns(line.baudrate, line.bits_per_char) if isinstance(line, Serial) else 0
        inners = serve(config, registers, codec)
        self._front = Front(config.units, inners, faults, codec, gap_ns)
        self._where = self._open_port(line) if isinstance(line, Serial) else self._listen()
        verbs = {**faults.verbs(), "stats": self._stats, "stop": self._lifetime.end}
        self._orders = rpc.Server(Path(config.orders), verbs, self._selector)

    def _open_port(self, line: Serial) -> str:
        fd = open_port(line.port, line.baudrate)
        self._selector.register(fd, selectors.EVENT_READ, lambda: self._receive(fd))
        return line.port

    def _receive(self, fd: int) -> None:
        with contextlib.suppress(BlockingIOError):
            received = os.read(fd, 4096)
            self._front.receive(received, boottime_ns(), lambda sent: _send(fd, sent))

    def _listen(self) -> str:
        line = self._config.line
        assert not isinstance(line, Serial)
        listener = socket.create_server((line.host, line.port))
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        host, port = listener.getsockname()
        return f"{host}:{port}"

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(client, selectors.EVENT_READ, lambda: self._serve(client))

    def _serve(self, client: socket.socket) -> None:
        received = b""
        with contextlib.suppress(ConnectionError):
            received = client.recv(4096)
        if not received:
            self._selector.unregister(client)
            client.close()
            return
        self._front.receive(received, boottime_ns(), lambda sent: _send(client.fileno(), sent))

    def _stats(self) -> dict[str, Any]:
        counts = {str(unit): each for unit, each in self._front.counts.items()}
        return {"units": msgspec.to_builtins(counts)}

    def run(self) -> None:
        """Work until the end of life is ordered; `ready` on standard output says where."""
        units = [unit.unit_id for unit in self._config.units]
        print("ready", json.dumps({"line": self._where, "units": units}), flush=True)
        while not self._lifetime.over:
            due_ns = self._front.next_ns()
            timeout_s = None if due_ns is None else max(0.0, (due_ns - boottime_ns()) / 1e9)
            for key, _ in self._selector.select(timeout_s):
                key.data()
            self._front.advance(boottime_ns())

    def close(self) -> None:
        Path(self._config.orders).unlink(missing_ok=True)
        self._values.close()


def _send(fd: int, sent: bytes) -> None:
    with contextlib.suppress(OSError):  # a client that has gone does not end the meter
        os.write(fd, sent)


def main(serve: Serve) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    config = MetersConfig.read(parser.parse_args().config)
    be_urgent()
    process = MetersProcess(config, serve)
    try:
        process.run()
    finally:
        process.close()
