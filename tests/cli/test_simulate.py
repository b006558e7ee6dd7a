"""`denban simulate` from files to files, and everything that it refuses before it begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cli import simulate as simulate_module
from edge.dryrun.day import DayResult, DayTask, LoadDay
from edge.model.spec import ControlSpec
from edge.model.units import NS_PER_S
from tests.cli.conftest import Invoke
from tests.cli.plant import SITE, write_site
from tests.cli.test_check import plan_text

_Told = Callable[[int, int], None]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Two days in Tokyo at 560 kW."""
    path = tmp_path / "load.csv"
    rows = [f"2026-04-0{1 + n // 96}T{n % 96 // 4:02}:{n % 4 * 15:02},140" for n in range(2 * 96)]
    path.write_text("\n".join(["interval_start_local,energy_kwh", *rows]))
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[ControlSpec]:
    """Days that take no time: what the decisions do is tested in tests/dryrun."""
    specs: list[ControlSpec] = []

    def run_days(
        spec: ControlSpec, tasks: list[DayTask], _jobs: int | None, told: _Told
    ) -> list[DayResult]:
        specs.append(spec)
        results = []
        for done, task in enumerate(tasks, start=1):
            results.append(_day(task))
            told(done, len(tasks))
        return results

    monkeypatch.setattr(simulate_module, "run_days", run_days)
    monkeypatch.setattr(simulate_module.time, "monotonic", iter([10.0, 12.0]).__next__)
    return specs


def _day(task: DayTask) -> DayResult:
    start_utc_ns = task.start_utc_s * NS_PER_S
    interval = {
        "start_utc_ns": start_utc_ns,
        "end_utc_ns": start_utc_ns + 900 * NS_PER_S,
        "demand_kw": 480.0,
        "target_kw": 500.0,
        "partial": False,
    }
    slot = {
        "start_utc_ns": start_utc_ns,
        "planned_kwh": 200.0 if task.plan else None,
        "deviation_kwh": 5.0,
        "cost_low": 50.0,
        "cost_high": 1500.0,
        "partial": False,
    }
    loads = [LoadDay("chiller", 4, 3600, 120.0), LoadDay("fan")]
    return DayResult(task.day, 86_400, 13_440.0, 13_320.0, [dict(interval)], [dict(slot)], loads)


_PAGE = """\
Rolling mill: load.csv, 2 days, 172800 steps of 1 s in 2 s (86,400 times real time)

                                   without control   held by Denban
───────────────────────────────────────────────────────────────────
intervals over target, of 2                      2                0
highest demand                            560.0 kW         480.0 kW
energy                                26,880.0 kWh     26,640.0 kWh
deviation from the plan, 1 slots          92.3 kWh          5.0 kWh
cost of it, JPY                             0 to 0      50 to 1,500

energy not drawn: 240.0 kWh, 0.89 % of all

load      switchings>   time shed   energy not drawn
────────────────────────────────────────────────────
"""


@pytest.mark.usefixtures("quick")
def test_simulate_prints_both_sides_and_writes_the_result(
    tmp_path: Path, record: Path, invoke: Invoke
) -> None:
    pytest.importorskip("matplotlib", reason="the chart extra is not installed")
    plan = tmp_path / "2026-04-02.csv"
    plan.write_text(plan_text("2026-04-02", 150.0))
    out = tmp_path / "out"
    result = invoke(
        "simulate", write_site(tmp_path), "--load", record, "--plan", plan, "--out", out, "--png"
    )
    assert (result.exit_code, result.stderr) == (
        0,
        "simulated 1 of 2 days\nsimulated 2 of 2 days\n",
    )
    lines = result.stdout.splitlines()
    assert lines[:11] == _PAGE.splitlines()[:11]
    assert lines[-4:-1] == [
        "chiller            8         2 h          240.0 kWh",
        "fan                0         0 s            0.0 kWh",
        "",
    ]
    files = [out / name for name in ("result.json", "chart.svg", "chart.png")]
    assert lines[-1] == "written: " + ", ".join(map(str, files))
    assert all(file.stat().st_size for file in files)
    made = json.loads(files[0].read_text())
    assert (made["days"], made["natural_exceeded"], made["exceeded"]) == (2, 2, 0)


def test_simulate_json_of_some_days_with_a_duty(
    tmp_path: Path, record: Path, invoke: Invoke, quick: list[ControlSpec]
) -> None:
    result = invoke(
        "simulate", write_site(tmp_path), "--load", record, "--out", tmp_path / "out", "--json",
        "--days", "2026-04-02", "--duty", "fan=0.5",
    )  # fmt: skip
    assert result.exit_code == 0
    assert json.loads(result.stdout)["days"] == 1
    (spec,) = quick
    assert [load.duty_ratio for load in spec.shedding.loads] == [1.0, 0.5]


@pytest.mark.usefixtures("quick")
def test_simulate_without_matplotlib_says_so_and_goes_on(
    tmp_path: Path, record: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_chart(*_arguments: object) -> None:
        raise ImportError("matplotlib")

    monkeypatch.setattr(simulate_module, "draw_chart", no_chart)
    out = tmp_path / "out"
    result = invoke("simulate", write_site(tmp_path), "--load", record, "--out", out)
    assert result.exit_code == 0
    assert "no chart: matplotlib is missing" in result.stderr
    assert [file.name for file in out.iterdir()] == ["result.json"]


@pytest.mark.usefixtures("quick")
def test_plan_of_a_day_that_is_not_simulated_is_told(
    tmp_path: Path, record: Path, invoke: Invoke
) -> None:
    plan = tmp_path / "2026-04-07.csv"
    plan.write_text(plan_text("2026-04-07"))
    result = invoke(
        "simulate", write_site(tmp_path), "--load", record, "--plan", plan, "--out", tmp_path / "o"
    )
    assert result.exit_code == 0
    assert "warning: plans of 2026-04-07 are not used" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--duty", "fan=0"), "--duty: got fan=0, need LOAD=RATIO with a ratio above 0, at most 1"),
        (("--duty", "fan=much"), "--duty: got fan=much, need LOAD=RATIO"),
        (("--duty", "fen=0.5"), "--duty: no such load: got fen, need one of chiller, fan"),
        (("--days", "2027-01-01..2027-02-01"), "the record has 2026-04-01 to 2026-04-02"),
        (("--plan", "{plan}", "--plan", "{plan}"), "a second plan of 2026-04-02; need one a day"),
    ],
)
def test_simulate_refuses_what_is_not_clear(
    tmp_path: Path, record: Path, invoke: Invoke, words: tuple[str, ...], said: str
) -> None:
    plan = tmp_path / "2026-04-02.csv"
    plan.write_text(plan_text("2026-04-02"))
    given = [word.replace("{plan}", str(plan)) for word in words]
    out = tmp_path / "out"
    result = invoke("simulate", write_site(tmp_path), "--load", record, "--out", out, *given)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not out.exists()


def test_simulate_into_a_file_is_refused(tmp_path: Path, record: Path, invoke: Invoke) -> None:
    result = invoke("simulate", write_site(tmp_path, SITE), "--load", record, "--out", record)
    assert result.exit_code == 2
    assert f"{record}: no folder for results: got File exists" in result.stderr
