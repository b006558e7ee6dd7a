"""The agent of a guest on one end of a socket pair, the test being its host on the other one."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.machine.guest import agent as guest
from hil.machine.guest.agent import Agent, Port

SOON_S = 10.0


class Host:
    """Asks and hears; the agent takes what has come whenever it is asked something."""

    def __init__(self, agent: Agent, link: socket.socket) -> None:
        self.agent = agent
        self.link = link
        self._lines = link.makefile("rb")

    def send(self, content: bytes) -> None:
        self.link.sendall(content)
        self.agent.serve()

    def hear(self) -> dict[str, Any]:
        line = self._lines.readline()
        return self.hear() if line == b"\n" else json.loads(line)

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        self.send(json.dumps({"id": 7, "op": op, **fields}).encode() + b"\n")
        return self.hear()

    def close(self) -> None:
        self._lines.close()
        self.link.close()


@pytest.fixture
def host() -> Iterator[Host]:
    ours, theirs = socket.socketpair()
    ours.settimeout(SOON_S)
    made = Host(Agent(Port(theirs.fileno())), ours)
    yield made
    made.close()
    theirs.close()


def test_agent_when_it_starts_says_so_with_its_time(host: Host) -> None:
    host.agent.greet()
    said = host.hear()
    assert said["hello"] == "denban"
    assert 0 < said["boottime_ns"] <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def test_agent_runs_a_command_and_says_both_outputs_and_its_code(host: Host) -> None:
    said = host.ask("sh", command="echo out; echo err >&2; exit 3", within_s=SOON_S)
    assert said["ok"] == {"code": 3, "text": "out\nerr\n"}
    assert (said["id"], said["boottime_ns"] > 0) == (7, True)


def test_agent_kills_a_command_that_takes_too_long_with_its_children(host: Host) -> None:
    said = host.ask("sh", command="echo begun; sleep 600 & sleep 600", within_s=0.2)
    assert said["ok"] == {"code": 124, "text": "begun\n"}


def test_agent_answers_a_second_request_while_the_first_is_under_way(
    host: Host, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    slow = {"id": 1, "op": "sh", "command": f"cat {gate}", "within_s": SOON_S}
    host.send(json.dumps(slow).encode() + b"\n")
    assert host.ask("sh", command="true", within_s=SOON_S)["id"] == 7
    gate.write_text("open")
    assert host.hear() == {"id": 1, "ok": {"code": 0, "text": "open"}, "boottime_ns": pytest.approx(
        time.clock_gettime_ns(time.CLOCK_BOOTTIME), abs=SOON_S * 1e9
    )}  # fmt: skip


def test_agent_puts_a_file_whole_and_gets_it(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "etc" / "key"
    content = base64.b64encode(bytes(range(256))).decode()
    assert host.ask("put", path=str(path), base64=content, mode=0o600)["ok"] is None
    assert path.read_bytes() == bytes(range(256))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert host.ask("get", path=str(path))["ok"] == {"base64": content}


@pytest.mark.parametrize(
    ("op", "fields", "told"),
    [
        ("get", {"path": "/nowhere/at/all"}, "FileNotFoundError"),
        ("put", {}, "KeyError"),
        ("dance", {}, "KeyError"),
    ],
)
def test_agent_says_why_it_can_not(host: Host, op: str, fields: dict[str, Any], told: str) -> None:
    assert host.ask(op, **fields)["error"].startswith(told)


@pytest.mark.parametrize("garbage", [b"\xff\xfe\n", b"{\n", b"[1]\n", b"\n", b'{"op": "sh"}\n'])
def test_agent_passes_over_what_is_no_request(host: Host, garbage: bytes) -> None:
    host.send(garbage)
    assert host.ask("sh", command="true", within_s=SOON_S)["id"] == 7


def test_agent_throws_a_line_away_that_has_no_end(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "_LINE_BYTES_MAX", 100)
    host.send(b"x" * 101)
    assert host.ask("sh", command="true", within_s=SOON_S)["id"] == 7


def test_agent_with_all_hands_full_says_so(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setitem(guest._OPS, "sh", lambda _: gate.wait(SOON_S))
    for _ in range(guest._AT_ONCE_MAX):
        host.send(b'{"id": 1, "op": "sh"}\n')
    assert "ask again" in host.ask("sh")["error"]
    gate.set()
    for _ in range(guest._AT_ONCE_MAX):
        assert host.hear()["ok"] is True
    assert host.ask("sh")["ok"] is True


def test_agent_after_half_an_answer_begins_a_new_line(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that reads nothing loses the rest; the next answer must not be taken for it."""
    monkeypatch.setattr(guest, "_WRITE_S_MAX", 0.3)
    host.agent._port.say({"id": 1, "ok": "x" * 2_000_000})
    assert b"\n" not in _drained(host)
    assert host.ask("sh", command="true", within_s=SOON_S)["id"] == 7


def _drained(host: Host) -> bytes:
    held = b""
    host.link.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            held += host.link.recv(65_536)
    host.link.settimeout(SOON_S)
    return held


def test_agent_asks_the_products_desk(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        heard: list[Any] = []

        def serve() -> None:
            link, _ = listener.accept()
            with link, link.makefile("rwb") as lines:
                heard.append(json.loads(lines.readline()))
                lines.write(b'{"ok": true}\n')

        desk = threading.Thread(target=serve)
        desk.start()
        assert guest.ask_desk("override", {"load": "chiller-1"}, str(path)) == {"ok": True}
        desk.join(SOON_S)
    assert heard == [{"type": "override", "load": "chiller-1"}]


def test_agent_reads_the_rows_of_a_journal_after_a_number(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    assert guest.read_events(0, str(path)) == []
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE event (id, mono_ns, utc_ns, kind, subject, severity, facts)")
    for number in (1, 2):
        row = (number, 10 * number, 100, "role", "EG-KITA", "info", '{"to": "active"}')
        db.execute("INSERT INTO event VALUES (?,?,?,?,?,?,?)", row)
    db.commit()
    db.close()
    assert guest.read_events(1, str(path)) == [
        {
            "number": 2, "mono_ns": 20, "utc_ns": 100, "kind": "role", "subject": "EG-KITA",
            "severity": "info", "facts": {"to": "active"},
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "set_ns"), [({"utc_ns": 5_000}, 5_000), ({"difference_ns": -300}, 700)]
)
def test_agent_sets_the_clock_to_an_instant_or_by_a_difference(
    host: Host, monkeypatch: pytest.MonkeyPatch, given: dict[str, int], set_ns: int
) -> None:
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(guest.time, "time_ns", lambda: 1_000)
    monkeypatch.setattr(guest.time, "clock_settime_ns", lambda *words: seen.append(words))
    assert "ok" in host.ask("clock", **given)
    assert seen == [(time.CLOCK_REALTIME, set_ns)]
