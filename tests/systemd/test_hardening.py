"""What the units forbid: systemd's own measure of it, and the controller under its filter of calls.

Only a service manager can run a service under all of it; the filter of system calls and the ban on
memory that is written and run are what a program dies of, so these are tried here.
"""

from __future__ import annotations

import ctypes.util
import grp
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.controller import children
from hil.desk import Desk
from tests.app.kept_works import SITE, Works
from tests.hil.board_rig import Rig
from tests.systemd.test_units import FOLDER, read_unit

# systemd calls up to 2 "OK"; a service without any of it has 9.6. Root's short ones need no more.
EXPOSURE_MAX = 2.0
UNITS = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("denban*.service"))
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing"
)

# Loads the filter as the service manager would, then becomes the service.
_CONFINE = """
import ctypes, json, os, sys
allowed, command = json.loads(sys.argv[1]), json.loads(sys.argv[2])
libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(seccomp.seccomp_init(0x00050001))  # SCMP_ACT_ERRNO(EPERM)
for name in allowed:
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:  # else another architecture's
        assert seccomp.seccomp_rule_add_array(context, 0x7FFF0000, number, 0, None) == 0, name
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
libc.prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE, since Linux 6.3
assert seccomp.seccomp_load(context) == 0
os.execv(command[0], command)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All units and drop-ins in one folder, as they are on a machine."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        shutil.copy(FOLDER / unit, folder / unit.name)
    shutil.copytree(FOLDER / "denban.service.d", folder / "denban.service.d")
    shutil.copy(FOLDER / "login/denban-dropin.conf", folder / "denban.service.d/login.conf")
    return folder


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_service_is_exposed_no_more_than_it_must_be(installed: Path, unit: Path) -> None:
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--json=off",
         str(installed / unit.name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [line for line in said.stdout.splitlines() if "Overall exposure level" in line]
    assert found, said.stderr
    assert float(found[0].split(":")[1].split()[0]) <= EXPOSURE_MAX


def _calls(words: list[str]) -> set[str]:
    """System calls of a filter's words, groups resolved."""
    found: set[str] = set()
    for word in words:
        if not word.startswith("@"):
            found.add(word)
            continue
        said = subprocess.run(
            ["systemd-analyze", "syscall-filter", "--no-pager", word],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        lines = [line.split("#")[0].strip() for line in said.stdout.splitlines()[1:]]
        found |= _calls([line for line in lines if line])
    return found


def _allowed() -> set[str]:
    """By the service's SystemCallFilter= lines, in their order."""
    allowed: set[str] = set()
    for line in read_unit(FOLDER / "denban.service")["Service"]["SystemCallFilter"]:
        calls = _calls(line.removeprefix("~").split())
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


@pytest.fixture
def works() -> Iterator[Works]:
    group = grp.getgrgid(os.getgid()).gr_name
    site = f'{SITE}group = "{group}"\n\n[bus.main]\nport = "/dev/absent"\nbaudrate = 19200\n'
    with Rig(unit_changes={"a": {"watchdog": {"kill": False}}}) as rig:
        made = Works(rig, site=site)
        yield made
        made.close()


@needs_systemd
@pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="libseccomp is missing")
def test_controller_works_under_the_filter_of_its_service(works: Works) -> None:
    works.confine = [sys.executable, "-c", _CONFINE, json.dumps(sorted(_allowed()))]
    works.start()
    desk = Desk(works.folder / "run" / "control")
    works.wait(lambda: desk.status() is not None)
    answer = desk.status()
    assert answer is not None
    assert answer["health"]["realtime"] is _may_be_real_time()
    works.wait(lambda: len(children(works.pid)) >= 2)
    modules = {module for module in ("edge.bus", "edge.keeper") if _runs(works.pid, module)}
    assert modules == {"edge.bus", "edge.keeper"}
    with Path(f"/proc/{works.pid}/status").open() as status:
        assert "Seccomp:\t2\n" in status.readlines()
    works.stop()


def _may_be_real_time() -> bool:
    """Of this user, without the filter."""
    ask = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    command = [sys.executable, "-c", ask]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _runs(pid: int, module: str) -> bool:
    return any(module in command for command in children(pid).values())
