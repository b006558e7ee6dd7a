"""The real decisions over records: energy kept, demand held, the same on any number of cores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge.config.load import load_site
from edge.dryrun.chart import draw_chart
from edge.dryrun.day import DayTask
from edge.dryrun.plant import RecordedPlant
from edge.dryrun.record import Record, read_record
from edge.dryrun.run import DryRunResult, IntervalResult, LoadResult, day_tasks, run_days, summarise
from edge.model.plan import Plan, PlanSlot
from edge.model.spec import ControlSpec
from edge.model.units import NS_PER_S, UWH_PER_KWH
from tests.dryrun.plant import flat_day, hours, record_of, spec_in

_DATA = Path(__file__).parents[2] / "docs/data"
_HALF_HOUR_NS = 1800 * NS_PER_S


def _result(spec: ControlSpec, record: Record, tasks: list[DayTask], jobs: int = 1) -> DryRunResult:
    return summarise(spec, record, run_days(spec, tasks, jobs, lambda _done, _total: None))


def test_hours_without_need_draw_what_was_recorded(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    record = record_of(tmp_path, spec, flat_day(430.0))
    result = _result(spec, record, [hours(day_tasks(spec, record, {})[1], 7, 11)])
    assert (result.natural_exceeded, result.exceeded) == (0, 0)
    assert result.natural_kwh == pytest.approx(430.0 * 3 + 120.0, abs=1e-6)
    assert result.drawn_kwh == pytest.approx(result.natural_kwh, abs=1e-9)
    assert [load.switchings for load in result.loads] == [0, 0]
    starts = [interval.start_utc_ns for interval in result.intervals]
    assert starts == [starts[0] + n * _HALF_HOUR_NS for n in range(8)]
    # A pulse is 24 Wh: an interval is right within two of them.
    for interval in result.intervals:
        assert abs(interval.demand_kw - interval.natural_kw) <= 4 * 0.024


def test_hours_over_the_target_are_held_where_the_loads_suffice(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    record = record_of(tmp_path, spec, flat_day(560.0))
    result = _result(spec, record, [hours(day_tasks(spec, record, {})[1], 7, 11)])
    assert (result.natural_exceeded, result.exceeded) == (6, 0)
    assert (result.natural_peak_kw, result.peak_kw <= 500.0) == (560.0, True)
    curtailed_kwh = sum(load.curtailed_kwh for load in result.loads)
    assert curtailed_kwh == pytest.approx(result.natural_kwh - result.drawn_kwh, abs=1e-6)
    assert 180.0 <= curtailed_kwh < 270.0  # three hours at 60 kW, and not half as much again


def test_hours_that_no_load_can_hold_are_counted_as_exceeded(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    record = record_of(tmp_path, spec, flat_day(1000.0))
    result = _result(spec, record, [hours(day_tasks(spec, record, {})[1], 8, 10)])
    assert result.exceeded == result.natural_exceeded == 4


def test_result_is_the_same_for_any_number_of_jobs(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    record = record_of(tmp_path, spec, flat_day(560.0, days=3))
    tasks = [hours(task, 8, 10) for task in day_tasks(spec, record, {})]
    steps: list[tuple[int, int]] = []
    one = run_days(spec, tasks, 1, lambda done, total: steps.append((done, total)))
    two = run_days(spec, tasks, 2, lambda _done, _total: None)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert one == two


@pytest.mark.parametrize(
    ("day", "intervals", "starts_local"),
    [
        ("2026-03-29", 46, ["01:00", "01:30", "03:00", "03:30"]),
        (
            "2026-10-25",
            50,
            ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"],
        ),
    ],
)
def test_clock_change_neither_loses_nor_doubles_an_interval(
    tmp_path: Path, day: str, intervals: int, starts_local: list[str]
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spec = spec_in(tmp_path, "Europe/Berlin")
    start = datetime.fromisoformat(day).replace(tzinfo=berlin).astimezone(UTC) - timedelta(hours=2)
    rows = [
        f"{(start + timedelta(minutes=30 * n)).isoformat()},280.0" for n in range(intervals + 6)
    ]
    record = record_of(tmp_path, spec, ["interval_start_local,energy_kwh", *rows])
    (task,) = [task for task in day_tasks(spec, record, {}) if task.day == day]
    assert task.end_utc_s - task.start_utc_s == intervals * 1800
    hours_count = len(starts_local) // 2
    result = _result(spec, record, [hours(task, 1, 1 + hours_count)])
    local = [datetime.fromtimestamp(i.start_utc_ns / 1e9, berlin) for i in result.intervals]
    assert [f"{at:%H:%M}" for at in local] == starts_local
    assert (result.natural_exceeded, result.exceeded) == (len(starts_local), 0)


def _plan(day: str, start_utc_s: int, slots_kwh: list[float]) -> Plan:
    slots = tuple(
        PlanSlot(start_utc_s * NS_PER_S + n * _HALF_HOUR_NS, round(kwh * UWH_PER_KWH))
        for n, kwh in enumerate(slots_kwh)
    )
    return Plan(day, 1, 0, "digest", _HALF_HOUR_NS, slots)


_PLAN_SECTION = """
[plan]
directory = "plans"
loss_ratio = 0.042
over_ratio_allowed = 0.03
shortage_price_per_kwh = [10, 300]
surplus_price_per_kwh = [0, 10]
"""


def _planned(spec: ControlSpec, record: Record, day_kwh: float) -> list[DayTask]:
    """The second day from 07:00 to 10:00 under a plan that is exact until work begins at 08:00."""
    start_utc_s = day_tasks(spec, record, {})[1].start_utc_s
    plan = _plan("2026-03-03", start_utc_s, [60.0 / 0.958] * 16 + [day_kwh] * 20 + [60.0] * 12)
    return [hours(day_tasks(spec, record, {"2026-03-03": plan})[1], 7, 10)]


def test_plan_is_held_and_its_deviation_priced_both_ways(tmp_path: Path) -> None:
    spec = spec_in(tmp_path, extra=_PLAN_SECTION)
    record = record_of(tmp_path, spec, flat_day(430.0))
    result = _result(spec, record, _planned(spec, record, 200.0))
    assert (len(result.slots), result.currency) == (6, "JPY")
    night, work = result.slots[1], result.slots[3]
    # Vector: settled = metered / (1 - loss rate).
    assert work.natural_deviation_kwh == pytest.approx(215.0 / 0.958 - 200.0, abs=1e-6)
    assert work.natural_cost == pytest.approx(
        (10 * work.natural_deviation_kwh, 300 * work.natural_deviation_kwh)
    )
    assert abs(work.deviation_kwh) <= 200.0 * 0.03
    assert night.deviation_kwh == pytest.approx(night.natural_deviation_kwh, abs=0.05)
    assert [slot.natural_deviation_kwh for slot in result.slots[:2]] == pytest.approx(
        [0.0, 0.0], abs=1e-6
    )


def test_day_without_a_plan_has_no_slots(tmp_path: Path) -> None:
    spec = spec_in(tmp_path, extra=_PLAN_SECTION)
    record = record_of(tmp_path, spec, flat_day(430.0))
    assert _result(spec, record, [hours(day_tasks(spec, record, {})[1], 8, 9)]).slots == []


_ABSORB = """
hold_under = true
[load.heater]
pin = 20
rated_kw = 60
priority = 9
kind = "absorb"
min_shed_s = 60
max_shed_s = 7200
feedback_pin = 21
"""


def test_absorb_load_with_contact_draws_more_when_it_is_switched_on(tmp_path: Path) -> None:
    spec = spec_in(tmp_path, extra=_PLAN_SECTION + _ABSORB)
    record = record_of(tmp_path, spec, flat_day(400.0))
    result = _result(spec, record, _planned(spec, record, 225.0))
    furnace, fan, heater = result.loads
    # 225 kWh settled are 431.1 kW at the meter: the heater fills 31.1 of its 60 kW.
    assert -90.0 < heater.curtailed_kwh < -45.0
    assert heater.shed_h == pytest.approx(-heater.curtailed_kwh / 60.0, abs=1e-6)
    assert result.drawn_kwh == pytest.approx(
        result.natural_kwh - heater.curtailed_kwh - furnace.curtailed_kwh - fan.curtailed_kwh,
        abs=1e-6,
    )


def test_plant_never_sheds_more_than_it_draws(tmp_path: Path) -> None:
    spec = spec_in(tmp_path)
    record = Record("r", 0, 10, [100e3, 300e3], {"fan": [50e3, 70e3]})
    plant = RecordedPlant(record, spec.shedding.loads)
    plant.at(0)
    assert plant.loads_w == [75e3, 25e3]  # 150 kW rated and 50 kW recorded in a site of 100 kW
    assert plant.power_w([True, False]) == 25e3
    plant.at(10)
    assert (plant.power_w([False, True]), plant.power_w([True, True])) == (230e3, 80e3)
    plant.at(10_000)
    assert plant.site_w == 300e3


def test_steel_plant_of_the_guide_is_held_on_a_hard_day() -> None:
    """The data set of docs/data: the afternoon of Monday 8 January 2018."""
    loaded = load_site(_DATA / "steel_plant.toml")
    record = read_record(_DATA / "steel_plant_two_weeks.csv", (), loaded.spec.timezone)
    task = hours(day_tasks(loaded.spec, record, {})[0], 13, 20)
    result = _result(loaded.spec, record, [task])
    assert (result.days, len(result.intervals)) == (1, 28)
    assert result.natural_exceeded == 7
    assert result.exceeded == 0


def test_chart_is_drawn_with_and_without_intervals_over_target(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the chart extra is not installed")
    over = IntervalResult(0, 600.0, 510.0, 500.0, exceeded=True)
    loads = [LoadResult("fan", 2, 1.0, 80.0)]
    result = DryRunResult(
        "Mill", "load.csv", 1, 1800, 300.0, 255.0, 600.0, 510.0, 1, 1, [over], loads, [], ""
    )
    draw_chart(result, UTC, tmp_path / "over.svg")
    assert b"<svg" in (tmp_path / "over.svg").read_bytes()
    held = msgspec.structs.replace(result, intervals=[])
    draw_chart(held, UTC, tmp_path / "none.png")
    assert (tmp_path / "none.png").read_bytes().startswith(b"\x89PNG")
