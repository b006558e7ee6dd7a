"""The agent of a guest that is not there: it says what a test has for it, on a real socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SOON_S = 10.0
Answers = Callable[[dict[str, Any]], list[dict[str, Any] | bytes]]


def ok(said: Any) -> Answers:
    return lambda asked: [{"id": asked["id"], "ok": said, "boottime_ns": 5}]


class Guest:
    """Says to each request what `answers` has for it, whoever has connected."""

    def __init__(self, path: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: Answers = ok({})
        self.links: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self.links.append(link)
            with link.makefile("rb") as lines:
                for line in lines:
                    self._answer(link, json.loads(line))

    def _answer(self, link: socket.socket, asked: dict[str, Any]) -> None:
        self.asked.append({name: value for name, value in asked.items() if name != "id"})
        for said in self.answers(asked):
            link.sendall(said if isinstance(said, bytes) else json.dumps(said).encode() + b"\n")

    def hang_up(self) -> list[dict[str, Any] | bytes]:
        """Its power is cut before it has said anything."""
        self.links[-1].shutdown(socket.SHUT_RDWR)
        return []

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_SOON_S)
        for link in self.links:
            link.close()
        self._listener.close()
