"""The bench's end of the agent in a guest: requests and answers over a virtio-serial port.

JSON lines, many requests at once, each with a deadline. A guest that is frozen, boots or has no
power does not answer, and that is all that is known of it here.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from hil.boottime import boottime_ns

_ANSWER_S_MAX: Final = 30.0
_GRACE_S: Final = 10.0  # what an answer may take beyond what the guest itself allows
_SEND_S_MAX: Final = 10.0
_KNOCK_S: Final = 1.0
_LOOK_S: Final = 0.02
_LINE_BYTES_MAX: Final = 8 << 20
_CHUNK_BYTES: Final = 65_536


class AgentError(OSError):
    """The agent could not do it, or there is no agent: `str()` says which."""


class Answer(msgspec.Struct, frozen=True):
    """`said` at `boottime_ns` by the guest's clock, between the two instants of the bench's."""

    said: Any
    boottime_ns: int
    asked_ns: int
    heard_ns: int

    def on_bench_ns(self, guest_ns: int) -> int:
        """An instant of the guest's CLOCK_BOOTTIME, shortly before the answer, on the bench's.

        The earliest that it can have been: the way back of the answer counts as its age.
        """
        return self.asked_ns - (self.boottime_ns - guest_ns)


class Agent:
    """Speaks over the socket at `path`, in all lives of the machine, from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link: _Link | None = None
        self._changing = threading.Lock()

    def ask(self, op: str, answer_s: float = _ANSWER_S_MAX, **fields: Any) -> Answer:
        """What the agent answers. Raises AgentError, or TimeoutError after `answer_s`; then it is
        not done later either, unless the guest has taken it already.
        """
        link = self._connected()
        try:
            return link.ask(op, answer_s, fields)
        except TimeoutError:
            # A new connection loses what waits in the old one for a guest that does not listen.
            with self._changing:
                link.close()
            raise

    def _connected(self) -> _Link:
        with self._changing:
            if self._link is None or self._link.is_gone:
                if self._link is not None:
                    self._link.close()
                self._link = _Link(self._path)
            return self._link

    def knock(self, within_s: float) -> None:
        """Until it answers, as after a boot. Raises TimeoutError."""
        deadline_s = time.monotonic() + within_s
        while True:
            with contextlib.suppress(TimeoutError, AgentError):
                self.ask("sh", _KNOCK_S, command="true", within_s=_KNOCK_S)
                return
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"agent: the guest says nothing in {within_s:g} s")
            time.sleep(_LOOK_S)

    # What the agent can do.

    def shell(self, command: str, within_s: float) -> tuple[int, str]:
        """Exit code and both outputs, as root."""
        answer = self.ask("sh", within_s + _GRACE_S, command=command, within_s=within_s)
        return int(answer.said["code"]), str(answer.said["text"])

    def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        self.ask("put", path=path, base64=base64.b64encode(content).decode(), mode=mode)

    def desk(self, kind: str, **fields: Any) -> Answer:
        """One request at the product's control socket, whose answer is `said`."""
        return self.ask("desk", kind=kind, fields=fields)

    def events(self, after_number: int) -> list[dict[str, Any]]:
        """Rows of the product's journal, oldest first."""
        found: list[dict[str, Any]] = self.ask("events", after_number=after_number).said
        return found

    def set_clock(self, utc_ns: int) -> None:
        self.ask("clock", utc_ns=utc_ns)

    def close(self) -> None:
        with self._changing:
            if self._link is not None:
                self._link.close()
                self._link = None


class _Link:
    """One connection, with a thread that reads. Raises AgentError where nobody listens."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise AgentError(f"{path}: {error.strerror}; the machine is off") from error
        self._socket.settimeout(_SEND_S_MAX)
        self._numbers = itertools.count(time.time_ns())  # no answer to another connection fits
        self._news = threading.Condition()
        self._waiting: dict[int, tuple[dict[str, Any], int] | None] = {}
        self.is_gone = False
        self._sending = threading.Lock()
        self._reader = threading.Thread(target=self._read, name=f"agent {path}", daemon=True)
        self._reader.start()

    def ask(self, op: str, within_s: float, fields: dict[str, Any]) -> Answer:
        with self._news:
            number = next(self._numbers)
            self._waiting[number] = None
        asked_ns = boottime_ns()
        try:
            self._send(op, {"id": number, "op": op, **fields})
            answer, heard_ns = self._await(number, op, within_s)
        finally:
            with self._news:
                del self._waiting[number]
        if "error" in answer:
            raise AgentError(f"{op}: {answer['error']}")
        return Answer(answer["ok"], int(answer["boottime_ns"]), asked_ns, heard_ns)

    def _send(self, op: str, request: dict[str, Any]) -> None:
        line = json.dumps(request).encode() + b"\n"
        with self._sending:
            try:
                self._socket.sendall(line)
            except TimeoutError:
                raise
            except OSError as error:
                raise AgentError(f"{op}: {error.strerror}; the machine is gone") from error

    def _await(self, number: int, op: str, within_s: float) -> tuple[dict[str, Any], int]:
        deadline_s = time.monotonic() + within_s
        with self._news:
            while (found := self._waiting[number]) is None:
                if self.is_gone:
                    raise AgentError(f"{op}: no answer; the machine is gone")
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError(f"{op}: no answer of the guest in {within_s:g} s")
                self._news.wait(left_s)
            return found

    # The reader's thread.

    def _read(self) -> None:
        buffer = bytearray()
        while chunk := self._receive():
            buffer += chunk
            while (end := buffer.find(b"\n")) >= 0:
                self._take(bytes(buffer[:end]), boottime_ns())
                del buffer[: end + 1]
            if len(buffer) > _LINE_BYTES_MAX:
                buffer.clear()  # what a crash has left; the next line is whole again
        with self._news:
            self.is_gone = True
            self._news.notify_all()

    def _receive(self) -> bytes:
        while True:
            try:
                return self._socket.recv(_CHUNK_BYTES)
            except TimeoutError:  # the time-out is for sending
                continue
            except OSError:
                return b""

    def _take(self, line: bytes, now_ns: int) -> None:
        """Half a line of a guest that was reset is no answer, nor is what nobody waits for."""
        try:
            said = json.loads(line)
        except ValueError:
            return
        with self._news:
            if isinstance(said, dict) and said.get("id") in self._waiting:
                self._waiting[said["id"]] = (said, now_ns)
                self._news.notify_all()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()
