"""A recorded load is read exactly, or refused with the line of each fault."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.dryrun.record import read_record
from edge.model.problem import ProblemsError
from tests.dryrun.plant import write_csv

SEOUL = ZoneInfo("Asia/Seoul")
BERLIN = ZoneInfo("Europe/Berlin")
TWO_WEEKS = Path(__file__).parents[2] / "docs/data/steel_plant_two_weeks.csv"
HEAD = "interval_start_local,energy_kwh"


def _problems(path: Path, *loads: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        read_record(path, loads, SEOUL)
    return [
        str(problem).removeprefix(f"{path}:").partition("; nothing was simulated")[0]
        for problem in caught.value.problems
    ]


def test_two_weeks_of_the_steel_plant_keep_their_energy() -> None:
    record = read_record(TWO_WEEKS, (), SEOUL)
    rows = TWO_WEEKS.read_text().splitlines()[1:]
    total_kwh = sum(float(row.split(",")[1]) for row in rows)
    assert (record.step_s, len(record.site_w)) == (900, 14 * 96)
    assert sum(record.site_w) * 900 / 3.6e6 == pytest.approx(total_kwh, rel=1e-12)
    days = [day for day, _, _ in record.days(SEOUL)]
    assert days == [date(2018, 1, 8) + timedelta(days=n) for n in range(14)]


def test_power_form_with_load_columns_holds_until_the_next_row(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path,
        ["time_local,power_kw,fan_kw", "2026-03-02T00:00:00,100,10", "2026-03-02T00:00:05,200,0"],
    )
    record = read_record(path, ("fan", "furnace"), SEOUL)
    assert (record.step_s, record.site_w, record.loads_w) == (5, [1e5, 2e5], {"fan": [1e4, 0.0]})
    start_s = record.start_utc_s
    assert start_s == datetime(2026, 3, 1, 15, tzinfo=UTC).timestamp()
    assert record.mean_w(start_s + 3, start_s + 7) == 1.5e5
    assert record.part(start_s + 4, start_s + 6) == record
    assert record.part(start_s + 5, start_s + 10).site_w == [2e5]


def test_times_with_an_offset_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    rows = ["2026-03-02T00:00+00:00,1", "2026-03-02T00:30+00:00,1"]
    path.write_bytes(("\ufeff" + "\r\n".join([HEAD, *rows])).encode())
    assert read_record(path, (), SEOUL).start_utc_s == datetime(2026, 3, 2, tzinfo=UTC).timestamp()


def _local_hours(start: datetime, hours: int) -> list[str]:
    """Rows an hour by the clock on the wall, so that a clock change skips or repeats one."""
    times = [start.astimezone(UTC) + timedelta(hours=hour) for hour in range(hours)]
    return [HEAD, *(f"{at.astimezone(BERLIN):%Y-%m-%dT%H:%M},50" for at in times)]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 1), 24)]
)
def test_day_of_a_clock_change_has_all_its_hours(tmp_path: Path, day: date, hours: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    path = write_csv(tmp_path, _local_hours(start, hours))
    ((found, begin, end),) = read_record(path, (), BERLIN).days(BERLIN)
    assert (found, end - begin) == (day, hours * 3600)


def test_part_of_a_day_is_no_day(tmp_path: Path) -> None:
    rows = [f"2026-03-02T{hour:02}:00,1" for hour in range(1, 24)]
    assert read_record(write_csv(tmp_path, [HEAD, *rows]), (), SEOUL).days(SEOUL) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            [HEAD, "2026-03-02T00:00,1", "", "2026-03-02T00:30,1", "2026-03-02T01:30,1"],
            ["5: step: got 3600 s, need 1800 s as before"],
        ),
        (
            [
                HEAD,
                "2026-03-02T00:00,1",
                "2026-03-02T00:30,x",
                "yesterday,1",
                "2026-03-02T01:30,1,2",
            ],
            [
                "3: not understood: could not convert string to float: 'x'",
                "4: not understood: Invalid isoformat string: 'yesterday'",
                "5: got 3 columns, need 2",
            ],
        ),
        (
            [HEAD, "2026-03-02T00:00,-1", "2026-03-02T00:30,nan", "2026-03-02T01:00,inf"],
            [
                "2: got -1, need numbers of zero or more",
                "3: got nan, need numbers of zero or more",
                "4: got inf, need numbers of zero or more",
            ],
        ),
        (
            [HEAD, "2026-03-02T00:30,1", "2026-03-02T00:30,1"],
            ["3: step: got 0 s, need above 0"],
        ),
        (
            ["time,kwh", "2026-03-02T00:00,1", "2026-03-02T00:30,1"],
            [
                (
                    "1: header: got time,kwh, need interval_start_local,energy_kwh"
                    " or time_local,power_kw"
                )
            ],
        ),
        (
            [HEAD + ",pump_kw", "2026-03-02T00:00,1,1", "2026-03-02T00:30,1,1"],
            ["1: columns: got pump_kw, need some of fan_kw"],
        ),
        (
            [HEAD + ",fan_kw,fan_kw", "2026-03-02T00:00,1,1,1", "2026-03-02T00:30,1,1,1"],
            ["1: columns: got fan_kw, fan_kw, need some of fan_kw"],
        ),
    ],
)
def test_fault_in_the_file_is_refused_with_its_line(
    tmp_path: Path, lines: list[str], said: list[str]
) -> None:
    assert _problems(write_csv(tmp_path, lines), "fan") == said


def test_fault_of_the_whole_file_is_refused(tmp_path: Path) -> None:
    short = write_csv(tmp_path, [HEAD, "2026-03-02T00:00,1"])
    assert _problems(short) == [" too short: got 2 lines, need a header and two rows"]
    blank = write_csv(tmp_path, [HEAD, "2026-03-02T00:00,1", "", ""], "blank.csv")
    assert _problems(blank) == [" too short: got 1 rows, need two"]
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"\xe9" + HEAD.encode())
    assert _problems(latin) == [" not UTF-8: got byte 0xe9"]
    missing = tmp_path / "none.csv"
    assert _problems(missing) == [" not readable: got No such file or directory"]


def test_no_more_than_twenty_faults_are_told(tmp_path: Path) -> None:
    rows = [f"2026-03-02T{n // 60:02}:{n % 60:02},x" for n in range(60)]
    assert len(_problems(write_csv(tmp_path, [HEAD, *rows]))) == 20
