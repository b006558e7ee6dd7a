"""Promise: a disk that is full or read-only stops nothing, is an alarm while it lasts, and loses
nothing that fits into memory.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises.disks import SCENARIOS

_DEADLINE_S = 120.0
_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


def _may_mount() -> str:
    """Why this machine lets nobody mount in a namespace of his own; empty where it does."""
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        return "needs unshare and mount"
    tried = subprocess.run(
        [*_UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if tried.returncode == 0 else f"may not mount in a namespace: {tried.stderr.strip()}"


@pytest.fixture(scope="module")
def namespace() -> list[str]:
    why_not = _may_mount()
    if why_not:
        pytest.skip(why_not)
    return _UNSHARE


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_disk_that_fails_stops_nothing_and_loses_nothing(
    namespace: list[str], tmp_path: Path, scenario: str
) -> None:
    done = subprocess.run(
        [*namespace, sys.executable, "-m", "tests.promises.disks", scenario, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=_DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    if scenario == "full_at_the_end":
        lost = re.search(r"state not written: got .*; (\d+) events are lost", done.stderr)
        assert lost is not None, done.stderr
        assert int(lost[1]) > 0
