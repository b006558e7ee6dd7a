"""Who asked, from where, and the audit's chain: changed, missing and moved entries are found."""

from __future__ import annotations

import os
import socket
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.keeper.archive import Archive
from edge.keeper.asker import Asker, read_asker, read_origin
from edge.keeper.audit import CHAIN_BEGIN, Verdict, audit_event, chained, verify
from edge.keeper.journal import JOURNAL_NAME, read_events
from edge.keeper.requests import Answer, AskHandover, AskStop, StopKind, TellOutcome
from edge.model.event import Event, EventKind, Severity

_ALICE = Asker("root", 0, 4711, "alice", "192.168.10.77")


def _entry(number: int) -> Event:
    request = AskHandover(f"EG-{number}")
    return audit_event(_ALICE, request, Answer(ok=True), number, 1000 + number)


def _chain(count: int) -> list[Event]:
    entries: list[Event] = []
    for number in range(count):
        before = str(entries[-1].facts["chain"]) if entries else CHAIN_BEGIN
        entries.append(chained(_entry(number), before))
    return entries


def test_entry_says_who_logged_in_and_from_where() -> None:
    assert _entry(1) == Event(
        1,
        1001,
        EventKind.AUDIT,
        "handover",
        Severity.INFO,
        {
            "to": "EG-1", "user": "root", "uid": 0, "pid": 4711, "login": "alice",
            "origin": "192.168.10.77", "done": True, "answer": "",
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("site", "ok", "severity"),
    [
        ("", True, Severity.INFO),
        ("Rolling mill", True, Severity.ALARM),
        ("Foundry", False, Severity.INFO),
    ],
)
def test_entry_of_a_site_left_without_control_is_loud(
    site: str, ok: bool, severity: Severity
) -> None:
    request = AskStop("EG-KITA", StopKind.REBOOT, site)
    event = audit_event(_ALICE, request, Answer(ok=ok, text="because"), 1, 2)
    assert (event.subject, event.severity, event.facts.get("leaves_site", "")) == (
        "reboot", severity, site,
    )  # fmt: skip
    assert (event.facts["unit"], event.facts["answer"]) == ("EG-KITA", "because")


def test_entry_of_an_outcome_is_done_only_where_it_was_and_was_believed() -> None:
    told = TellOutcome("reboot EG-KITA", done=True, text="handed over\x1b")
    event = audit_event(_ALICE, told, Answer(ok=True), 1, 2)
    assert (event.facts["done"], event.facts["answer"]) == (
        True, "handed over\N{REPLACEMENT CHARACTER}",
    )  # fmt: skip
    assert not audit_event(_ALICE, told, Answer(ok=False, text="no"), 1, 2).facts["done"]
    failed = replace(told, done=False)
    assert not audit_event(_ALICE, failed, Answer(ok=True), 1, 2).facts["done"]


def test_whole_chain_is_verified_behind_older_entries_without_one() -> None:
    entries = _chain(3)
    head = str(entries[-1].facts["chain"])
    assert verify([_entry(9), *entries]) == Verdict(3, 1, head)
    assert verify([]) == Verdict(0, 0, "")


def test_chain_whose_beginning_was_trimmed_is_whole_but_says_so() -> None:
    entries = _chain(3)[1:]
    assert verify(entries) == Verdict(2, 0, str(entries[-1].facts["chain"]), from_begin=False)


@pytest.mark.parametrize(
    ("broken", "at", "why"),
    [
        ("fact", 1, "it is not as it was written"),
        ("time", 1, "it is not as it was written"),
        ("missing", 1, "entries before it are missing or were moved"),
        ("swapped", 1, "entries before it are missing or were moved"),
        ("stripped", 1, "it is not in the chain"),
    ],
)
def test_chain_is_broken_at_the_first_entry_that_was_touched(
    broken: str, at: int, why: str
) -> None:
    entries = _chain(4)
    head = str(entries[0].facts["chain"])
    if broken == "fact":
        entries[1] = replace(entries[1], facts={**entries[1].facts, "login": "bob"})
    elif broken == "time":
        entries[1] = replace(entries[1], utc_ns=5)
    elif broken == "missing":
        del entries[1]
    elif broken == "swapped":
        entries[1], entries[2] = entries[2], entries[1]
    else:
        entries[1] = _entry(1)
    assert verify(entries) == Verdict(1, 0, head, at, why)


def test_archive_chains_over_restarts_a_stepped_clock_and_events_between(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for run in range(3):
        archive = Archive(tmp_path, 1 << 24, writer=run)
        archive.note(Event(1, 1, EventKind.HEALTH, "journal"))
        archive.note(replace(_entry(run), utc_ns=1000 - run))
        archive.note(_entry(run + 10))
        archive.save(1, 1)
        archive.close()
    path = tmp_path / JOURNAL_NAME
    entries = list(read_events(path, kinds=(EventKind.AUDIT,), as_written=True))
    head = str(entries[-1].facts["chain"])
    assert verify(entries) == Verdict(6, 0, head)
    assert capfd.readouterr().err.splitlines()[-1].endswith(f"audit: newest digest {head}")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE event SET facts = replace(facts, 'alice', 'bob') WHERE id = 5")
    db.close()
    entries = list(read_events(path, kinds=(EventKind.AUDIT,), as_written=True))
    assert verify(entries).why == "it is not as it was written"


def test_archive_keeps_the_place_of_entries_that_the_disk_did_not_take(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "state", 1 << 24, writer=1)
    (tmp_path / "state").write_text("in the way")
    archive.note(_entry(1))
    archive.save(1, 1)
    assert archive.held_count == 1
    (tmp_path / "state").unlink()
    archive.note(_entry(2))
    archive.save(2, 2)
    archive.close()
    path = tmp_path / "state" / JOURNAL_NAME
    assert verify(read_events(path, as_written=True)).whole == 2


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system with one process, 42, in an SSH session whose owner became root."""
    process = tmp_path / "proc/42"
    process.mkdir(parents=True)
    (process / "loginuid").write_text("4294967295")
    (process / "cgroup").write_text("0::/user.slice/user-1000.slice/session-3.scope\n")
    sessions = tmp_path / "run/systemd/sessions"
    sessions.mkdir(parents=True)
    lines = ["UID=1000", "USER=alice", "REMOTE=1", "REMOTE_HOST=10.0.0.9", "TTY=pts/0"]
    (sessions / "3").write_text("\n".join(lines))
    return tmp_path


def test_origin_of_a_remote_session_is_its_address_and_its_owner(root: Path) -> None:
    assert read_origin(42, root) == ("alice", "10.0.0.9")


def test_origin_prefers_the_login_uid_that_sudo_does_not_change(root: Path) -> None:
    (root / "proc/42/loginuid").write_text("0")
    assert read_origin(42, root) == ("root", "10.0.0.9")


def test_origin_of_a_local_session_is_its_terminal(root: Path) -> None:
    (root / "run/systemd/sessions/3").write_text("USER=alice\nTTY=tty1\x1b\n")
    assert read_origin(42, root) == ("alice", "tty1\N{REPLACEMENT CHARACTER}")


def test_origin_of_a_service_is_its_name(root: Path) -> None:
    (root / "proc/42/cgroup").write_text("0::/system.slice/denban-drill.service\n")
    assert read_origin(42, root) == ("", "denban-drill.service")


def test_origin_that_the_system_does_not_tell_is_empty(root: Path) -> None:
    assert read_origin(43, root) == ("", "")
    (root / "proc/42/cgroup").write_text("0::/user.slice/session-../../../etc/x.scope")
    assert read_origin(42, root) == ("", "")


def test_asker_is_the_process_at_the_other_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        asker = read_asker(ours)
    assert (asker.uid, asker.pid) == (os.getuid(), os.getpid())
