"""The plan folder is read when files have settled, once for each version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.keeper.plans import PLAN_BYTES_MAX, PlanFile, PlanFolder

_NAME = "2026-07-01.csv"
_TODAY = "2026-06-30"


def test_file_is_reported_once_it_has_settled(tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path)
    (tmp_path / _NAME).write_bytes(b"half")
    assert folder.poll(_TODAY) == []
    (tmp_path / _NAME).write_bytes(b"whole file")
    assert folder.poll(_TODAY) == []
    assert folder.poll(_TODAY) == [PlanFile(_NAME, "2026-07-01", b"whole file")]
    assert folder.poll(_TODAY) == []


def test_changed_file_is_reported_again(tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path)
    (tmp_path / _NAME).write_bytes(b"one")
    folder.poll(_TODAY)
    folder.poll(_TODAY)
    draft = tmp_path / "draft"
    draft.write_bytes(b"two")
    draft.replace(tmp_path / _NAME)
    assert folder.poll(_TODAY) == []
    assert folder.poll(_TODAY) == [PlanFile(_NAME, "2026-07-01", b"two")]


def test_other_files_and_days_gone_by_give_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_bytes(b"")
    (tmp_path / "2026-06-29.csv").write_bytes(b"")
    (tmp_path / "2026-07-01.txt").write_bytes(b"")
    (tmp_path / "2026-07-02.csv").symlink_to("nowhere")
    folder = PlanFolder(tmp_path)
    folder.poll(_TODAY)
    assert folder.poll(_TODAY) == []


def test_missing_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PlanFolder(tmp_path / "none").poll(_TODAY)


def test_years_of_files_on_a_clock_of_1970_give_the_last_ten_days(tmp_path: Path) -> None:
    for day in range(1, 31):
        (tmp_path / f"2026-06-{day:02}.csv").write_bytes(b"")
    folder = PlanFolder(tmp_path)
    folder.poll("1970-01-01")
    assert [file.day for file in folder.poll("1970-01-01")] == [
        f"2026-06-{day}" for day in range(21, 31)
    ]


def test_two_files_of_a_day_come_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    for name, mtime_s in (("2026-07-01.csv", 10), ("2026-07-01-second.csv", 20)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (mtime_s, mtime_s))
    folder = PlanFolder(tmp_path)
    folder.poll(_TODAY)
    names = [file.name for file in folder.poll(_TODAY)]
    assert names == ["2026-07-01.csv", "2026-07-01-second.csv"]


def test_file_over_the_limit_is_cut_just_above_it(tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path)
    (tmp_path / _NAME).write_bytes(bytes(PLAN_BYTES_MAX + 5000))
    folder.poll(_TODAY)
    (file,) = folder.poll(_TODAY)
    assert len(file.data) == PLAN_BYTES_MAX + 1
