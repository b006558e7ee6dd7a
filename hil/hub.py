"""The bench process of one RS-485 line: ports, pacing, the bus log, the orders that break things.

It joins pseudo-terminals and emulated adapters into one half-duplex line (`python -m hil.hub
--config hub.json`), stamps every burst with CLOCK_BOOTTIME, and knows nothing of Modbus.
"""

from __future__ import annotations

import argparse
import gc
import json
import selectors
import time
from pathlib import Path
from typing import Any, Literal, TextIO

import msgspec

from hil import rpc
from hil.boottime import boottime_ns
from hil.lifetime import Lifetime
from hil.line.line import Line
from hil.line.node import Node
from hil.line.port import Port
from hil.line.receivers import LatencyReceiver, Receiver, SilenceReceiver, silence_ns
from hil.line.socket_port import SocketPort
from hil.line.wire import Burst, Wire
from hil.urgent import be_urgent

_FLUSH_S = 0.001


class NodeConfig(msgspec.Struct, forbid_unknown_fields=True):
    """A `gateway` hears through a USB adapter with a latency timer, a `meter` frame by frame.

    `port`: a pseudo-terminal for a process, or a socket for an emulated machine.
    """

    name: str
    path: str
    kind: Literal["gateway", "meter"]
    port: Literal["pty", "socket"] = "pty"
    echo: bool = False
    latency_ms: float = 1.0


class HubConfig(msgspec.Struct, forbid_unknown_fields=True):
    """`log`: a JSON line per burst. `orders`: the Unix socket of :mod:`hil.rpc`."""

    nodes: list[NodeConfig]
    log: str
    orders: str
    baudrate: int = 19200
    bits_per_char: Literal[10, 11] = 11
    baud_mismatch: bool = True
    seed: int = 1


class Hub:
    """All of one line that needs an operating system. Call :meth:`run`, then :meth:`close`."""

    def __init__(self, config: HubConfig, log: TextIO) -> None:
        self._config = config
        self._log = log
        self._selector = selectors.SelectSelector()  # epoll would round the pacing up to whole ms
        self._lifetime = Lifetime(self._selector)
        nodes = {each.name: self._make_node(each) for each in config.nodes}
        wire = Wire(config.bits_per_char, config.seed)
        self._line = Line(
            wire, nodes, config.baudrate, self._write_burst, baud_mismatch=config.baud_mismatch
        )
        for node in nodes.values():
            self._open(node)
        self._orders = rpc.Server(Path(config.orders), self._verbs(), self._selector)

    def _make_node(self, config: NodeConfig) -> Node:
        receiver: Receiver
        if config.kind == "meter":
            gap_ns = silence_ns(self._config.baudrate, self._config.bits_per_char)
            receiver = SilenceReceiver(gap_ns)
        else:
            receiver = LatencyReceiver(round(config.latency_ms * 1e6))
        make_port = Port if config.port == "pty" else SocketPort
        port = make_port(Path(config.path), self._config.baudrate)
        return Node(config.name, port, receiver, echo=config.echo)

    def _open(self, node: Node) -> None:
        node.port.open()
        self._selector.register(
            node.port.fd, selectors.EVENT_READ, lambda: self._transmit_from(node)
        )

    def _transmit_from(self, node: Node) -> None:
        sent = node.port.read()
        if sent:
            self._line.transmit(node, sent, boottime_ns())

    def _write_burst(self, burst: Burst) -> None:
        record = {
            "node": burst.node,
            "start_ns": burst.start_ns,
            "end_ns": burst.end_ns,
            "hex": burst.sent.hex(),
            "collided": burst.collided,
            "lost_count": burst.lost_count,
            "isolated": burst.isolated,
        }
        self._log.write(json.dumps(record) + "\n")

    def run(self) -> None:
        """Work until the end of life is ordered; `ready` on standard output names the ports."""
        paths = {name: str(node.port.path) for name, node in self._line.nodes.items()}
        print("ready", json.dumps(paths), flush=True)
        while not self._lifetime.over:
            for key, _ in self._selector.select(self._wait_s()):
                key.data()
            self._line.advance(boottime_ns())
            for node in self._line.nodes.values():
                if node.port.is_waiting:
                    node.port.flush()

    def _wait_s(self) -> float | None:
        """Until something is due; None: until somebody comes."""
        due_ns = self._line.next_ns()
        wait_s = None if due_ns is None else max(0.0, (due_ns - boottime_ns()) / 1e9)
        if any(node.port.is_waiting for node in self._line.nodes.values()):
            return _FLUSH_S if wait_s is None else min(_FLUSH_S, wait_s)
        return wait_s

    def close(self) -> None:
        for node in self._line.nodes.values():
            node.port.close()
        Path(self._config.orders).unlink(missing_ok=True)

    def _verbs(self) -> dict[str, rpc.Verb]:
        return {
            "stats": self._stats,
            "short": self._short,
            "cut": self._cut,
            "noise": self._noise,
            "inject": self._inject,
            "plug": self._plug,
            "echo": self._echo,
            "deaf": self._deaf,
            "drive": self._drive,
            "dead": self._dead,
            "usb": self._usb,
            "stop": self._lifetime.end,
        }

    def _stats(self) -> dict[str, Any]:
        return {**self._line.stats(), "cpu_s": time.process_time(), "now_ns": boottime_ns()}

    def _short(self, on: bool) -> None:
        self._line.wire.shorted = on

    def _cut(self, on: bool) -> None:
        self._line.cut = on

    def _noise(self, probability: float, seed: int) -> None:
        self._line.wire.bit_error_ratio = probability
        self._line.wire.seed(seed)

    def _inject(self, sent: str) -> None:
        self._line.inject(bytes.fromhex(sent), boottime_ns())

    def _plug(self, node: str, on: bool) -> None:
        self._line.nodes[node].plugged = on

    def _echo(self, node: str, on: bool) -> None:
        self._line.nodes[node].echo = on

    def _deaf(self, node: str, on: bool) -> None:
        self._line.nodes[node].deaf = on

    def _dead(self, node: str, on: bool) -> None:
        """The adapter stays where it is and carries nothing, either way."""
        self._line.nodes[node].dead = on

    def _drive(self, node: str, on: bool) -> None:
        """Enable or disable the transmitter: what is half-way out is cut off."""
        self._line.enable(self._line.nodes[node], boottime_ns(), on=on)

    def _usb(self, node: str, on: bool) -> None:
        """Pull the adapter itself: its users get a hang-up, and a new device appears with `on`."""
        each = self._line.nodes[node]
        if on and each.port.fd < 0:
            self._open(each)
        elif not on and each.port.fd >= 0:
            self._selector.unregister(each.port.fd)
            each.port.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    config = msgspec.json.decode(parser.parse_args().config.read_bytes(), type=HubConfig)
    be_urgent()
    with Path(config.log).open("w", buffering=1) as log:
        hub = Hub(config, log)
        gc.freeze()  # start-up objects are never scanned again: no long pause in the pacing
        try:
            hub.run()
        finally:
            hub.close()


if __name__ == "__main__":
    main()
