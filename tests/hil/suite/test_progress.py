"""What a long run says of the time that it will take."""

from __future__ import annotations

from pathlib import Path

from hil.suite.progress import Progress, lasted_before
from hil.suite.record import RunRecord, ScenarioRecord, Verdict


def record(name: str, lasted_s: int = 0, verdict: Verdict = Verdict.PASSED) -> ScenarioRecord:
    return ScenarioRecord(name, "file", "", [], verdict, 0, lasted_s * 1_000_000_000)


def test_progress_guesses_the_time_left_by_the_run_before(tmp_path: Path) -> None:
    scenarios = [record("short", 10), record("long", 30)]
    RunRecord("machine", "", "", 40, {}, [], scenarios).write(tmp_path / "run.json")
    lines: list[str] = []
    clock_s = iter([100.0, 102.0, 120.0, 120.0, 190.0])
    progress = Progress(
        ["short", "long"], lasted_before(tmp_path / "run.json"), lines.append, lambda: next(clock_s)
    )
    progress.say("EG-KITA: boots")
    progress.done(record("short"))
    progress.done(record("long", verdict=Verdict.FAILED))
    assert lines == [
        "0:02  EG-KITA: boots",
        "0:20  1/2  passed  short  (about 1:00 left)",
        "1:30  2/2  failed  long  (done)",
    ]


def test_progress_without_an_earlier_run_takes_all_for_alike(tmp_path: Path) -> None:
    lines: list[str] = []
    clock_s = iter([0.0, 20.0, 20.0])
    before = lasted_before(tmp_path / "run.json")
    progress = Progress(["a", "b", "c"], before, lines.append, lambda: next(clock_s))
    progress.done(record("b"))
    assert lines == ["0:20  1/3  passed  b  (about 0:40 left)"]
