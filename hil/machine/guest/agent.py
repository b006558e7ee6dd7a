"""The bench's hand in a guest: does what the host asks over a virtio-serial port, line by line.

A request is ``{"id", "op", ...}``, its answer ``{"id", "ok" | "error", "boottime_ns"}`` with this
machine's CLOCK_BOOTTIME. It runs by the guest's own interpreter and needs nothing but its library.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

PORT: Final = "/dev/virtio-ports/org.denban.agent"
_CONTROL: Final = "/run/denban/control"
_JOURNAL: Final = "/var/lib/denban/journal.db"
_LINE_BYTES_MAX: Final = 8 << 20
_TEXT_CHARS_MAX: Final = 4 << 20
_ROWS_MAX: Final = 10_000
_CHUNK_BYTES: Final = 65_536
_AT_ONCE_MAX: Final = 32
_WRITE_S_MAX: Final = 5.0  # a host that reads nothing for so long has gone
_DESK_S_MAX: Final = 5.0
_NOBODY_S: Final = 0.1  # between looks for a host
_KILLED_CODE: Final = 124  # as timeout(1) has it
_COLUMNS: Final = ("number", "mono_ns", "utc_ns", "kind", "subject", "severity", "facts")


class Port:
    """The guest's end. What is written while no host listens is lost."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._writing = threading.Lock()
        self._kept = b""
        self._is_torn = False

    def say(self, message: dict[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._writing:
            # What follows half a line would be taken for its end.
            rest = memoryview(b"\n" + line if self._is_torn else line)
            deadline_s = time.monotonic() + _WRITE_S_MAX
            while rest and time.monotonic() < deadline_s:
                rest = rest[self._write(rest) :]
            self._is_torn = len(rest) > 0

    def _write(self, content: memoryview) -> int:
        """How much was taken; waits a little where that is nothing."""
        try:
            return os.write(self._fd, content[:_CHUNK_BYTES])
        except OSError:
            poller = select.poll()
            poller.register(self._fd, select.POLLOUT)
            if any(events & select.POLLHUP for _, events in poller.poll(_NOBODY_S * 1000)):
                time.sleep(_NOBODY_S)
            return 0

    def lines(self) -> list[bytes]:
        """Waits for more. Those that were complete; one that is too long is thrown away."""
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        poller.poll()
        try:
            chunk = os.read(self._fd, _CHUNK_BYTES)
        except BlockingIOError:
            chunk = b""
        if not chunk:  # no host
            self._kept = b""
            time.sleep(_NOBODY_S)
            return []
        *lines, self._kept = (self._kept + chunk).split(b"\n")
        if len(self._kept) > _LINE_BYTES_MAX:
            self._kept = b""
        return lines


def run_shell(command: str, within_s: float) -> dict[str, Any]:
    """Both outputs as one text; what has not ended by then is killed with all that it started."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=within_s)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        code = _KILLED_CODE
    return {"code": code, "text": said.decode(errors="replace")[-_TEXT_CHARS_MAX:]}


def put_file(path: str, content: str, mode: int) -> None:
    """Whole or not at all, on the disk when it is answered."""
    draft = Path(path).with_name(f".{Path(path).name}.draft")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.touch(mode=0o600)
    with draft.open("wb") as file:
        file.write(base64.b64decode(content, validate=True))
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(mode)
    draft.rename(path)


def ask_desk(kind: str, fields: dict[str, Any], path: str = _CONTROL) -> Any:
    """One request at the product's control socket. Raises OSError while nobody answers there."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(_DESK_S_MAX)
        link.connect(path)
        link.sendall(json.dumps({"type": kind, **fields}).encode() + b"\n")
        with link.makefile("rb") as answers:
            line = answers.readline(_LINE_BYTES_MAX)
    if not line:
        raise ConnectionResetError(f"{path}: closed without an answer")
    return json.loads(line)


def read_events(after_number: int, path: str = _JOURNAL) -> list[dict[str, Any]]:
    """Rows of the product's journal; none while it is not there or is being made."""
    import sqlite3

    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            rows = db.execute(
                "SELECT id, mono_ns, utc_ns, kind, subject, severity, facts FROM event"
                " WHERE id > ? ORDER BY id LIMIT ?",
                (after_number, _ROWS_MAX),
            ).fetchall()
        finally:
            db.close()
    except sqlite3.OperationalError:
        return []
    return [dict(zip(_COLUMNS, (*row[:-1], json.loads(row[-1])), strict=True)) for row in rows]


def set_clock(utc_ns: int | None = None, difference_ns: int = 0) -> None:
    """To an instant, or by so much."""
    base_ns = time.time_ns() if utc_ns is None else utc_ns
    time.clock_settime_ns(time.CLOCK_REALTIME, base_ns + difference_ns)


def _get(asked: dict[str, Any]) -> dict[str, str]:
    return {"base64": base64.b64encode(Path(asked["path"]).read_bytes()).decode()}


_OPS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "sh": lambda asked: run_shell(asked["command"], asked["within_s"]),
    "put": lambda asked: put_file(asked["path"], asked["base64"], asked.get("mode", 0o644)),
    "get": _get,
    "desk": lambda asked: ask_desk(asked["kind"], asked.get("fields", {})),
    "events": lambda asked: read_events(asked["after_number"]),
    "clock": lambda asked: set_clock(asked.get("utc_ns"), asked.get("difference_ns", 0)),
}


class Agent:
    """Requests are served at once, each by a thread of its own, up to a number of them."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._room = threading.Semaphore(_AT_ONCE_MAX)

    def greet(self) -> None:
        self._port.say({"hello": "denban", "boottime_ns": _boottime_ns()})

    def serve(self) -> None:
        """Whatever has come."""
        for line in self._port.lines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        """What is no request is not answered: it may be the end of another host's."""
        try:
            asked = json.loads(line)
        except ValueError:
            return
        if not isinstance(asked, dict) or "id" not in asked:
            return
        if not self._room.acquire(blocking=False):
            error = f"{_AT_ONCE_MAX} requests under way; ask again"
            self._port.say({"id": asked["id"], "error": error, "boottime_ns": _boottime_ns()})
            return
        threading.Thread(target=self._answer, args=(asked,), daemon=True).start()

    def _answer(self, asked: dict[str, Any]) -> None:
        try:
            answer = {"ok": _OPS[asked["op"]](asked)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            self._room.release()
        self._port.say({"id": asked["id"], **answer, "boottime_ns": _boottime_ns()})


def _boottime_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def main(path: str) -> None:
    """For as long as the machine runs."""
    agent = Agent(Port(os.open(path, os.O_RDWR)))
    agent.greet()
    while True:
        agent.serve()


if __name__ == "__main__":
    main(*sys.argv[1:] or [PORT])
