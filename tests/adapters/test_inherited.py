"""Descriptors passed by the service manager, in a process that really was started with some."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from edge.adapters.inherited import take_inherited
from tests.adapters.service_manager import DEADLINE_S, ServiceManager

ROOT = Path(__file__).parents[2]
_SERVICE = """
import json, os
from edge.adapters.inherited import take_inherited
taken = take_inherited(os.environ, os.getpid())
print(json.dumps([
    [[one.name, one.fd, os.get_inheritable(one.fd), os.fstat(one.fd).st_ino] for one in taken],
    [name for name in os.environ if name.startswith("LISTEN_")],
    take_inherited(os.environ, os.getpid()),
]))
"""


def test_inherited_descriptors_have_their_names_and_go_no_further(tmp_path: Path) -> None:
    manager = ServiceManager(tmp_path / "notify")
    inodes = []
    for name in ("a", "b", "b"):
        fd = os.memfd_create("x")
        inodes.append(os.fstat(fd).st_ino)
        manager.keep(name, fd)
    with manager.start([sys.executable, "-c", _SERVICE], {}, ROOT) as process:
        answer = json.loads(process.communicate(timeout=DEADLINE_S)[0])
    assert answer == [
        [["b", 3, False, inodes[2]], ["b", 4, False, inodes[1]], ["a", 5, False, inodes[0]]],
        [],
        [],
    ]
    manager.close()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_PID": "4711"},
        {"LISTEN_PID": "4711", "LISTEN_FDS": "-1"},
        {"LISTEN_PID": "4711", "LISTEN_FDS": "0"},
        {"LISTEN_PID": "4712", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"},
        {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"},
    ],
)
def test_inherited_without_any_for_this_process_are_none(environment: dict[str, str]) -> None:
    assert take_inherited(environment, 4711) == ()
    assert environment == {}


def test_inherited_descriptors_that_are_not_open_are_left_out_and_nameless_are_unknown(
    tmp_path: Path,
) -> None:
    manager = ServiceManager(tmp_path / "notify")
    manager.keep("a", os.memfd_create("x"))
    script = "import os; os.environ |= {'LISTEN_FDS': '3', 'LISTEN_FDNAMES': ''}" + _SERVICE
    with manager.start([sys.executable, "-c", script], {}, ROOT) as process:
        answer = json.loads(process.communicate(timeout=DEADLINE_S)[0])
    assert [(name, fd) for name, fd, _, _ in answer[0]] == [("unknown", 3)]
    manager.close()
