"""The runner on a tiny product with a suite of its own: what counts as caught and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.breaks import table
from hil.breaks.runner import Breaks, NotPassedError
from hil.breaks.seeded import Break, Catch, Edit
from hil.breaks.verdict import Finding, failure_line, judge
from hil.suite.ability import BenchClass
from hil.suite.record import RunRecord, ScenarioRecord, Verdict

_TESTS = """
import pathlib
import pytest
from edge.sums import add, halve

def test_sum():
    assert add(2, 2) == 4, "sum: wrong"

@pytest.mark.parametrize("number", [2, 4])
def test_half(number):
    assert halve(number) == number / 2, "half: wrong"

def test_starved():
    tries = pathlib.Path("tries")
    count = len(tries.read_text()) if tries.exists() else 0
    tries.write_text("x" * (count + 1))
    assert count not in (0, 2), "starved"  # the first on the unbroken tree, and on its copy
    assert add(2, 2) == 4, "sum: wrong"
"""
# What stands for the suite's own plugin: a record of what became of each test.
_PLUGIN = """
import json, pathlib, pytest
records = []

def pytest_addoption(parser):
    parser.addoption("--bench")
    parser.addoption("--bench-out")

def pytest_runtest_logreport(report):
    if report.when == "call":
        name = report.nodeid.rpartition("::")[2]
        records.append({"name": name, "file": "", "procedure": "", "requirements": [],
            "verdict": report.outcome, "start_ns": 0, "end_ns": 0,
            "text": report.longrepr.reprcrash.message if report.failed else ""})

def pytest_sessionfinish(session):
    run = {"bench": "", "description": "", "begun_utc": "", "lasted_s": 0, "versions": {},
        "channels": [], "scenarios": records}
    out = pathlib.Path(session.config.getoption("--bench-out"), "run.json")
    out.write_text(json.dumps(run))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    files = {
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        "edge/__init__.py": "",
        "edge/sums.py": "def add(one, two):\n    return one + two\n\n\n"
        "def halve(number):\n    return number / 2\n",
        "edge/idle.py": "unused = 1\n",
        "hil/__init__.py": "",
        "hil/scenarios/conftest.py": _PLUGIN,
        "hil/scenarios/test_sums.py": _TESTS,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _break(name: str, file: str, old: str, new: str, *catches: Catch) -> Break:
    return Break(name, f"{name} is broken", [Edit(file, old, new)], list(catches))


_SUM = Catch("test_sums.py::test_sum", "sum: wrong")
_HALF = Catch("test_sums.py::test_half[4]", "half: wrong")
_HALVES_OTHERWISE = Catch("test_sums.py::test_half", "third")
_ADDS = "return one + two"


def test_runner_tells_caught_from_not_caught(root: Path, tmp_path: Path) -> None:
    breaks = [
        _break("sums", "edge/sums.py", _ADDS, "return one - two", _SUM, _HALF),
        _break("halves", "edge/sums.py", "number / 2", "number / 3", _HALF, _HALVES_OTHERWISE),
        _break("idle", "edge/idle.py", "unused = 1", "unused = 2", _SUM),
    ]
    said: list[str] = []
    findings = Breaks(BenchClass.PROCESS, tmp_path / "out", 2, said.append, root).run(breaks)
    assert [(each.name, each.caught, each.why) for each in findings] == [
        ("sums", True, ""),
        ("sums", False, "passed"),
        ("halves", True, ""),
        ("halves", False, "failed otherwise: need 'third'"),
        ("idle", False, "not loaded: edge/idle.py"),
    ]
    assert findings[0].line == "AssertionError: sum: wrong"
    assert said[0] == "unbroken: 3 scenarios that must pass ..."
    assert sorted(each.partition(") ")[2].partition(" (")[0] for each in said[1:]) == [
        "halves: NOT CAUGHT",
        "idle: NOT CAUGHT",
        "sums: NOT CAUGHT",
    ]


def test_bench_that_fails_for_reasons_of_its_own_gets_another_try(
    root: Path, tmp_path: Path
) -> None:
    starved = Catch("test_sums.py::test_starved", "sum: wrong")
    breaks = [_break("sums", "edge/sums.py", _ADDS, "return one - two", starved)]
    findings = Breaks(BenchClass.PROCESS, tmp_path / "out", 1, lambda _: None, root).run(breaks)
    assert [(each.caught, each.line) for each in findings] == [(True, "AssertionError: sum: wrong")]


def test_scenario_that_fails_without_a_break_ends_the_run(root: Path, tmp_path: Path) -> None:
    sums = root / "edge/sums.py"
    sums.write_text(sums.read_text().replace("number / 2", "number / 3"))
    breaks = [_break("sums", "edge/sums.py", _ADDS, "return one - two", _SUM, _HALF)]
    with pytest.raises(NotPassedError, match=r"test_half\[4\]: failed: .*half: wrong"):
        Breaks(BenchClass.PROCESS, tmp_path / "out", 1, lambda _: None, root).run(breaks)


_FAILED = Verdict.FAILED


def _record(name: str, verdict: Verdict, text: str = "") -> ScenarioRecord:
    return ScenarioRecord(name, "", "", [], verdict, 0, 0, text)


def _run(*records: ScenarioRecord) -> RunRecord:
    return RunRecord("process", "", "", 0, {}, [], list(records))


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (None, "did not run"),
        (_run(_record("test_half", Verdict.FAILED, "sum: wrong")), "did not run"),
        (_run(_record("test_sum", Verdict.SKIPPED, "sum: wrong")), "skipped"),
        (_run(_record("test_sum", Verdict.ERROR, "sum: wrong")), "error"),
        (_run(_record("test_sum", Verdict.PASSED)), "passed"),
    ],
)
def test_break_without_a_failure_is_not_caught(run: RunRecord | None, why: str) -> None:
    seeded = _break("sums", "edge/sums.py", "", "", _SUM)
    (found,) = judge(seeded, run, [])
    assert (found.caught, found.why) == (False, why)


def test_reason_is_looked_for_in_the_first_line_alone() -> None:
    text = (
        "bench computer: stood for up to 0.4 s\n\n"
        "AssertionError: half: wrong\n\n>       assert sum, 'sum: wrong'"
    )
    (found,) = judge(_break("sums", "", "", "", _SUM), _run(_record("test_sum", _FAILED, text)), [])
    assert not found.caught
    assert failure_line(text) == "AssertionError: half: wrong"
    assert failure_line("") == ""


def test_table_has_a_row_for_each_scenario() -> None:
    breaks = [_break("sums", "edge/sums.py", "", "", _SUM, _HALF)]
    findings = [
        Finding("sums", _SUM.scenario, True, "a | b"),
        Finding("sums", _HALF.scenario, False, "", "passed"),
    ]
    assert table.markdown(breaks, findings).splitlines()[2:] == [
        "| **sums**: sums is broken | `test_sum` | yes | `a \\| b` |",
        "| **sums**: sums is broken | `test_half[4]` | NO: passed |  |",
    ]
