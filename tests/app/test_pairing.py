"""What a site with one unit does without, and what the pair must not bring along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_TREE = Path(__file__).parents[2]
_MISSED = ("asyncio", "hashlib", "multiprocessing", "secrets", "serial", "ssl", "tomli")


def _imported(modules: str) -> list[str]:
    script = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=_TREE
    )
    return done.stdout.split()


def test_control_of_a_single_unit_has_nothing_of_the_pair() -> None:
    imported = _imported("edge.app.__main__, edge.app.control")
    assert [name for name in imported if name.startswith(("edge.peer", "edge.app.pair"))] == []


def test_pair_brings_nothing_that_it_can_miss() -> None:
    imported = _imported("edge.app.control, edge.app.pairing")
    assert [name for name in imported if name in _MISSED] == []
