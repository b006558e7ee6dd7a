"""Asking the controller under test at its control socket, as a stranger: JSON lines, no more.

What comes back is the controller's own view. The truth of a run is the board's and the plant's.
"""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import Any

_ANSWER_S_MAX = 5.0


class Desk:
    """`path` is the controller's socket; each question opens it anew, so restarts do not matter."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The whole answer. Raises OSError while nobody answers there."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(_ANSWER_S_MAX)
            link.connect(str(self._path))
            link.sendall(json.dumps({"type": kind, **fields}).encode() + b"\n")
            with link.makefile("rb") as answers:
                line = answers.readline()
        if not line:
            raise ConnectionResetError(f"{self._path}: closed without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def status(self) -> dict[str, Any] | None:
        """The newest status answer (`status`, `health`, `identity`, `age_s`), None before a scan
        or while nobody answers.
        """
        try:
            answer = self.ask("status")
        except OSError:
            return None
        return answer if answer["ok"] else None

    def override(self, load: str, mode: str, duration_s: int) -> dict[str, Any]:
        """Hold a load `shed` or `run` by hand, or give it back with `auto`."""
        return self.ask("override", load=load, mode=mode, duration_s=duration_s)

    def acknowledge(self) -> dict[str, Any]:
        return self.ask("acknowledge")

    def limit(self, limit_w: float | None, start_utc_ns: int, end_utc_ns: int) -> dict[str, Any]:
        """A demand-response limit between two instants; None ends it."""
        return self.ask("limit", limit_w=limit_w, start_utc_ns=start_utc_ns, end_utc_ns=end_utc_ns)

    def import_plan(self, day: str, name: str, data: bytes) -> dict[str, Any]:
        """A plan file's bytes for the local `day` (ISO date)."""
        text = base64.b64encode(data).decode()
        return self.ask("plan_import", day=day, name=name, data=text)
