"""What people and their CI read of a run: one page without outside parts, and JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hil.suite.record import RunRecord
from hil.suite.report.junit import junit
from hil.suite.report.page import page
from hil.suite.requirements import REQUIREMENTS


def write(run: RunRecord, folder: Path) -> None:
    """`report.html` and `junit.xml` in `folder`."""
    write_all([run], folder)


def write_all(runs: Sequence[RunRecord], folder: Path) -> None:
    """Several runs on one page, requirements side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(page(runs, REQUIREMENTS), encoding="utf-8")
    (folder / "junit.xml").write_bytes(junit(runs))
