"""Runs scenarios on copies of the product, the unbroken one first, then each break's own.

A scenario proves nothing about a break unless it passes without one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO, Final

import msgspec

from hil.breaks.seeded import Break, broken_texts
from hil.breaks.tree import ROOT, break_copy, copy_project, not_loaded
from hil.breaks.verdict import Finding, judge, not_passed
from hil.suite.ability import BenchClass
from hil.suite.record import RunRecord

_UNBROKEN: Final = "unbroken"
_SCENARIOS: Final = "hil/scenarios"
_IMAGE: Final = ("hil.machine.image",)
_IMAGE_S_MAX: Final = 900
# A scenario under a break waits in vain now and then; the longest such wait is two minutes.
_BREAK_S_MAX: Final = 900
_UNBROKEN_S_MAX: Final = 3600
# A bench on a computer that others starve fails for reasons of its own: it gets another try. A
# scenario that passes under a break gets none.
_TRIES_MAX: Final = 2

Say = Callable[[str], None]


class NotPassedError(Exception):
    """Scenarios do not pass on the unbroken product; `str()` names each with its reason."""


class Breaks:
    """`out` gets a folder for each run; `jobs` breaks are tried at once, on processes."""

    def __init__(
        self, bench: BenchClass, out: Path, jobs: int, say: Say, root: Path = ROOT
    ) -> None:
        self._bench = bench
        self._out = out
        self._jobs = jobs if bench is BenchClass.PROCESS else 1
        self._say = say
        self._root = root

    def run(self, breaks: Sequence[Break], *, unbroken_too: bool = True) -> list[Finding]:
        """What became of each break, in their order.

        Raises ValueError for a break that does not fit, NotPassedError.
        """
        breaks = [each for each in breaks if self._bench in each.benches]
        for seeded in breaks:
            broken_texts(seeded, self._root)
        with tempfile.TemporaryDirectory(prefix="denban-breaks-") as folder:
            unbroken = Path(folder, _UNBROKEN)
            copy_project(self._root, unbroken)
            if unbroken_too:
                self._run_unbroken(unbroken, breaks)
            found = dict(self._run_all(unbroken, breaks))
        return [finding for seeded in breaks for finding in found[seeded.name]]

    def _run_unbroken(self, unbroken: Path, breaks: Sequence[Break]) -> None:
        scenarios = list(
            dict.fromkeys(catch.scenario for seeded in breaks for catch in seeded.caught_by)
        )
        self._say(f"{_UNBROKEN}: {len(scenarios)} scenarios that must pass ...")
        wrong: dict[str, str] = {}
        for _ in range(_TRIES_MAX):
            run = self._run_scenarios(unbroken, scenarios, _UNBROKEN, _UNBROKEN_S_MAX)
            wrong = not_passed(scenarios, run)
            if not wrong:
                return
            scenarios = list(wrong)
        raise NotPassedError("\n".join(f"{name}: {why}" for name, why in wrong.items()))

    def _run_all(
        self, unbroken: Path, breaks: Sequence[Break]
    ) -> Iterator[tuple[str, list[Finding]]]:
        began_s = time.monotonic()
        with ThreadPoolExecutor(self._jobs) as pool:
            pending = {pool.submit(self._run_one, unbroken, each): each for each in breaks}
            for number, done in enumerate(as_completed(pending), 1):
                findings = done.result()
                caught = all(finding.caught for finding in findings)
                left_s = (time.monotonic() - began_s) / number * (len(breaks) - number)
                name = pending[done].name
                self._say(
                    f"({number}/{len(breaks)}) {name}: {'caught' if caught else 'NOT CAUGHT'}"
                    f" ({left_s:.0f} s left)"
                )
                yield name, findings

    def _run_one(self, unbroken: Path, seeded: Break) -> list[Finding]:
        tree = unbroken.with_name(seeded.name)
        break_copy(self._root, unbroken, tree, seeded)
        scenarios = [catch.scenario for catch in seeded.caught_by]
        findings: list[Finding] = []
        for _ in range(_TRIES_MAX):
            run = self._run_scenarios(tree, scenarios, seeded.name, _BREAK_S_MAX)
            # What a machine loads is in its image, which is built from the tree.
            unseen = [] if self._bench is BenchClass.MACHINE else not_loaded(tree, seeded)
            findings = judge(seeded, run, unseen)
            if all(found.caught for found in findings) or any(found.missed for found in findings):
                break
        return findings

    def _run_scenarios(
        self, tree: Path, scenarios: Sequence[str], name: str, within_s: float
    ) -> RunRecord | None:
        """None where nothing was left that could be read."""
        out = self._out.resolve() / name
        out.mkdir(parents=True, exist_ok=True)
        left = out / "run.json"
        left.unlink(missing_ok=True)
        with (out / "log.txt").open("w") as log:
            if self._bench is BenchClass.MACHINE and _run(_IMAGE, tree, log, _IMAGE_S_MAX) != 0:
                return None
            words = ["pytest", "-q", "-p", "no:cacheprovider"]
            words += [f"--bench={self._bench}", f"--bench-out={out}"]
            words += [f"{_SCENARIOS}/{scenario}" for scenario in scenarios]
            _run(words, tree, log, within_s)
        try:
            return RunRecord.read(left)
        except (OSError, msgspec.MsgspecError):
            return None


def _run(words: Sequence[str], tree: Path, log: IO[str], within_s: float) -> int:
    """A module of the tree with its arguments; its exit code, also where it took too long."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=tree,
        env=_environment(tree),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,  # the terminal's ^C is for who started this
    )
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        log.write(f"ended after {within_s:g} s\n")
        return -signal.SIGKILL
    finally:
        process.kill()  # all that it started ends with it
        process.wait()


def _environment(tree: Path) -> dict[str, str]:
    """Every process takes product and bench from the tree, and leaves what it compiled there."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTEST_ADDOPTS"}
    }
    return {**kept, "PYTHONPATH": str(tree)}
