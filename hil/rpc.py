"""Orders to a bench process: one JSON object a line over a Unix socket, one JSON object back.

A process registers its verbs in a dict and pumps the server from its own loop, so an order is
carried out between two steps of the simulation and never in the middle of one.
"""

from __future__ import annotations

import json
import selectors
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Verb = Callable[..., Any]
_LINE_BYTES_MAX = 1 << 20


class Server:
    """Listens on `path`; `verbs[name](**args)` answers `{"do": name, **args}`."""

    def __init__(
        self, path: Path, verbs: Mapping[str, Verb], selector: selectors.BaseSelector
    ) -> None:
        self._verbs = verbs
        self._selector = selector
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(8)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        peer, _ = self._listener.accept()
        buffer = bytearray()
        self._selector.register(peer, selectors.EVENT_READ, lambda: self._receive(peer, buffer))

    def _receive(self, peer: socket.socket, buffer: bytearray) -> None:
        try:
            chunk = peer.recv(65536)
            buffer += chunk
            while (end := buffer.find(b"\n")) >= 0:
                line = bytes(buffer[:end])
                del buffer[: end + 1]
                peer.sendall(json.dumps(self._answer(line)).encode() + b"\n")
        except ConnectionError:  # the caller has gone, which must not end the bench
            chunk = b""
        if not chunk or len(buffer) > _LINE_BYTES_MAX:
            self._selector.unregister(peer)
            peer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            order = json.loads(line)
            return {"ok": self._verbs[order.pop("do")](**order)}
        except Exception as error:  # an order must never end the bench: the caller gets it
            return {"error": f"{type(error).__name__}: {error}"}


class Client:
    """Blocking caller of a :class:`Server`; raises RuntimeError with the far side's error."""

    def __init__(self, path: Path, timeout_s: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rwb")

    def call(self, verb: str, **arguments: Any) -> Any:
        self._file.write(json.dumps({"do": verb, **arguments}).encode() + b"\n")
        self._file.flush()
        line = self._file.readline()
        if not line:
            raise RuntimeError(f"{verb}: bench process has gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{verb}: {answer['error']}")
        return answer["ok"]

    def close(self) -> None:
        self._file.close()
        self._socket.close()
