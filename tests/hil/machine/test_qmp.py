"""The control socket, against a scripted QEMU on a real socket and against the real one."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.boottime import boottime_ns
from hil.machine.qmp import Qmp, QmpError

_QEMU = "qemu-system-x86_64"
_SOON_S = 10.0
Answers = Callable[[dict[str, Any]], list[dict[str, Any]]]


class Scripted:
    """Greets, takes the capabilities, then says to each command what `answers` has for it."""

    def __init__(self, path: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: Answers = lambda asked: [{"return": {}, "id": asked["id"]}]
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._link: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        self._link, _ = self._listener.accept()
        with self._link.makefile("rwb") as lines:
            self._write(lines, [{"QMP": {"version": {}, "capabilities": []}}])
            capabilities = json.loads(lines.readline())
            self._write(lines, [{"return": {}, "id": capabilities["id"]}])
            for line in lines:
                self.asked.append(json.loads(line))
                self._write(lines, self.answers(self.asked[-1]))

    def _write(self, lines: Any, said: list[dict[str, Any]]) -> None:
        lines.write(b"".join(json.dumps(each).encode() + b"\r\n" for each in said))
        lines.flush()

    def hang_up(self) -> None:
        assert self._link is not None
        self._link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._thread.join(_SOON_S)
        assert self._link is not None
        self._link.close()
        self._listener.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Scripted, Qmp]]:
    scripted = Scripted(tmp_path / "qmp")
    qmp = Qmp(tmp_path / "qmp")
    yield scripted, qmp
    qmp.close()
    scripted.close()


def test_command_with_dashes_in_its_arguments_is_answered_past_events(
    pair: tuple[Scripted, Qmp],
) -> None:
    scripted, qmp = pair
    scripted.answers = lambda asked: [
        {"event": "RESUME", "data": {}},
        {"return": {"held": True}, "id": asked["id"]},
    ]
    assert qmp.execute("device_add", always_plugged=True, id="usb") == {"held": True}
    arguments = {"always-plugged": True, "id": "usb"}
    assert scripted.asked == [{"execute": "device_add", "arguments": arguments, "id": 2}]


def test_command_that_is_refused_raises_what_was_said(pair: tuple[Scripted, Qmp]) -> None:
    scripted, qmp = pair
    scripted.answers = lambda asked: [
        {"error": {"class": "GenericError", "desc": "Bus 'rp9' not found"}, "id": asked["id"]}
    ]
    with pytest.raises(QmpError, match=r"device_add .*Bus 'rp9' not found"):
        qmp.execute("device_add", bus="rp9")


def test_answer_that_comes_after_its_deadline_is_nobody_elses(pair: tuple[Scripted, Qmp]) -> None:
    scripted, qmp = pair
    kept: list[dict[str, Any]] = []

    def late(asked: dict[str, Any]) -> list[dict[str, Any]]:
        kept.append({"return": asked["execute"], "id": asked["id"]})
        return kept if asked["execute"] == "second" else []

    scripted.answers = late
    with pytest.raises(TimeoutError, match=r"first: no answer in 0\.01 s"):
        qmp.execute("first", within_s=0.01)
    assert qmp.execute("second") == "second"


def test_event_is_stamped_when_it_arrives_and_found_afterwards(
    pair: tuple[Scripted, Qmp],
) -> None:
    scripted, qmp = pair
    reset = {"event": "WATCHDOG", "data": {"action": "reset"}}
    scripted.answers = lambda asked: [reset, {"return": {}, "id": asked["id"]}]
    before_ns = boottime_ns()
    qmp.execute("cont")
    after_ns = boottime_ns()

    event = qmp.wait_event("WATCHDOG", _SOON_S, wanted=lambda e: e.facts["action"] == "reset")
    assert before_ns <= event.t_ns <= after_ns
    assert qmp.events("WATCHDOG") == [event]
    assert qmp.events("WATCHDOG", since_ns=after_ns) == []


def test_event_that_does_not_come_raises_timeout(pair: tuple[Scripted, Qmp]) -> None:
    with pytest.raises(TimeoutError, match="event RESET"):
        pair[1].wait_event("RESET", 0.01)


def test_machine_that_is_gone_ends_every_wait_at_once(pair: tuple[Scripted, Qmp]) -> None:
    scripted, qmp = pair
    scripted.hang_up()
    with pytest.raises(QmpError, match="QEMU is gone"):
        qmp.wait_event("DEVICE_DELETED", _SOON_S)
    assert qmp.is_gone
    with pytest.raises(QmpError, match="QEMU is gone"):
        qmp.execute("cont")


def test_socket_that_nobody_makes_raises_timeout(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="nobody listens"):
        Qmp(tmp_path / "none", within_s=0.01)


@pytest.mark.skipif(shutil.which(_QEMU) is None, reason=f"{_QEMU}: not installed")
def test_real_qemu_stops_continues_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "qmp"
    words = ["-machine", "none", "-nodefaults", "-display", "none", "-S"]
    process = subprocess.Popen([_QEMU, *words, "-qmp", f"unix:{path},server=on,wait=off"])
    try:
        qmp = Qmp(path)
        assert qmp.execute("query-status")["running"] is False
        qmp.execute("cont")
        assert qmp.wait_event("RESUME", _SOON_S).facts == {}
        assert "running" in qmp.monitor("info status")
        with pytest.raises(QmpError, match="no_such_device"):
            qmp.execute("device_del", id="no_such_device")
        process.kill()
        with pytest.raises(QmpError, match="gone"):
            qmp.wait_event("STOP", _SOON_S)
        qmp.close()
    finally:
        process.kill()
        process.wait()
