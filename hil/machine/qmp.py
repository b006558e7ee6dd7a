"""QEMU's own control socket: commands with a deadline, events with the bench's time on them.

A thread of its own reads, so that an event is stamped when it arrives and not when somebody looks.
It knows no device and judges nothing.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from hil.boottime import boottime_ns

_COMMAND_S_MAX: Final = 30.0
_CONNECT_S_MAX: Final = 10.0
_LOOK_S: Final = 0.02
_EVENTS_COUNT_MAX: Final = 10_000  # of one life of a machine; far more than one ever says
_ANSWERS_COUNT_MAX: Final = 100  # of commands that nobody waits for any more
_LINE_BYTES_MAX: Final = 1 << 20


class QmpError(Exception):
    """QEMU refused a command, or is gone. `str()` has the command and what was said."""


class QmpEvent(msgspec.Struct, frozen=True):
    """`t_ns`: when it arrived here. `facts`: what QEMU calls its data."""

    t_ns: int
    name: str
    facts: dict[str, Any]


class Qmp:
    """Connects to the socket at `path`, which QEMU may still be about to make."""

    def __init__(self, path: Path, within_s: float = _CONNECT_S_MAX) -> None:
        self._socket = _connect(path, within_s)
        self._numbers = itertools.count(1)
        self._news = threading.Condition()
        self._answers: collections.OrderedDict[int, dict[str, Any]] = collections.OrderedDict()
        self._events: collections.deque[QmpEvent] = collections.deque(maxlen=_EVENTS_COUNT_MAX)
        self._gone = False
        self._reader = threading.Thread(target=self._read, name=f"qmp {path}", daemon=True)
        self._reader.start()
        try:
            self.execute("qmp_capabilities")
        except BaseException:
            self.close()
            raise

    def execute(self, command: str, within_s: float = _COMMAND_S_MAX, **arguments: Any) -> Any:
        """What the command returns. In names of arguments `_` stands for `-`.

        Raises QmpError when it is refused or QEMU is gone, TimeoutError.
        """
        number = next(self._numbers)
        given = {name.replace("_", "-"): value for name, value in arguments.items()}
        asked = {"execute": command, "arguments": given, "id": number}
        try:
            self._socket.sendall(json.dumps(asked).encode() + b"\n")
        except OSError as error:
            raise QmpError(f"{command}: {error}; QEMU is gone") from error
        answer = self._await(lambda: self._answers.pop(number, None), within_s)
        if answer is None:
            raise self._no_answer(command, within_s)
        if "error" in answer:
            raise QmpError(f"{command} {given}: {answer['error'].get('desc', answer['error'])}")
        return answer.get("return")

    def monitor(self, line: str, within_s: float = _COMMAND_S_MAX) -> str:
        """A line for the human monitor, for what QMP has no command for. Raises QmpError when it
        answers with an error, which it marks by nothing but the text.
        """
        said = str(self.execute("human-monitor-command", within_s, command_line=line))
        if "rror" in said:
            raise QmpError(f"{line}: {said.strip()}")
        return said

    def _no_answer(self, command: str, within_s: float) -> Exception:
        if self._gone:
            return QmpError(f"{command}: no answer; QEMU is gone")
        return TimeoutError(f"{command}: no answer in {within_s:g} s")

    @property
    def is_gone(self) -> bool:
        """QEMU has closed the socket, as it does when it ends."""
        return self._gone

    def wait_gone(self, within_s: float) -> None:
        """Until QEMU has closed the socket and all that it said is known, or the time is over."""
        self._await(lambda: None, within_s)

    def events(self, name: str | None = None, since_ns: int = 0) -> list[QmpEvent]:
        """What was said, oldest first."""
        with self._news:
            return self._matching(name, since_ns)

    def _matching(self, name: str | None, since_ns: int) -> list[QmpEvent]:
        return [
            event for event in self._events if name in {None, event.name} and event.t_ns >= since_ns
        ]

    def wait_event(
        self,
        name: str,
        within_s: float,
        since_ns: int = 0,
        wanted: Callable[[QmpEvent], bool] = lambda _: True,
    ) -> QmpEvent:
        """The first such event, which may have come already. Raises TimeoutError, or QmpError when
        QEMU has gone without it.
        """

        def look() -> QmpEvent | None:
            return next((e for e in self._matching(name, since_ns) if wanted(e)), None)

        found: QmpEvent | None = self._await(look, within_s)
        if found is None:
            raise self._no_answer(f"event {name}", within_s)
        return found

    def _await(self, look: Callable[[], Any], within_s: float) -> Any:
        """What `look` finds; None after the deadline, or when nothing can come any more."""
        deadline_s = time.monotonic() + within_s
        with self._news:
            while (found := look()) is None and not self._gone:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return None
                self._news.wait(left_s)
            return found

    # The reader's thread.

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._socket.makefile("rb") as lines:
            while line := lines.readline(_LINE_BYTES_MAX):
                self._take(json.loads(line), boottime_ns())
        with self._news:
            self._gone = True
            self._news.notify_all()

    def _take(self, said: dict[str, Any], now_ns: int) -> None:
        with self._news:
            if "event" in said:
                self._events.append(QmpEvent(now_ns, said["event"], said.get("data", {})))
            elif "id" in said:
                self._answers[said["id"]] = said
                if len(self._answers) > _ANSWERS_COUNT_MAX:
                    self._answers.popitem(last=False)
            self._news.notify_all()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()


def _connect(path: Path, within_s: float) -> socket.socket:
    deadline_s = time.monotonic() + within_s
    while True:
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(str(path))
        except OSError as error:
            link.close()
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{path}: nobody listens there in {within_s:g} s") from error
            time.sleep(_LOOK_S)
        else:
            return link
