"""The plan folder is read when files have settled, once for each version."""

from __future__ import annotations

from pathlib import Path

from edge.keeper.plans import PLAN_BYTES_MAX, PlanFile, PlanFolder

_NAME = "2026-07-01.csv"


def test_file_is_reported_once_it_has_settled(tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path)
    (tmp_path / _NAME).write_bytes(b"half")
    assert folder.poll() == []
    (tmp_path / _NAME).write_bytes(b"whole file")
    assert folder.poll() == []
    assert folder.poll() == [PlanFile(_NAME, "2026-07-01", b"whole file")]
    assert folder.poll() == []


def test_changed_file_is_reported_again(tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path)
    (tmp_path / _NAME).write_bytes(b"one")
    folder.poll()
    folder.poll()
    draft = tmp_path / "draft"
    draft.write_bytes(b"two")
    draft.replace(tmp_path / _NAME)
    assert folder.poll() == []
    assert folder.poll() == [PlanFile(_NAME, "2026-07-01", b"two")]


def test_other_files_and_a_missing_folder_give_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_bytes(b"")
    (tmp_path / "2026-07-01.txt").write_bytes(b"")
    (tmp_path / "2026-07-02.csv").symlink_to("nowhere")
    for folder in (PlanFolder(tmp_path), PlanFolder(tmp_path / "none")):
        folder.poll()
        assert folder.poll() == []


def test_file_over_the_limit_is_cut_just_above_it(tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path)
    (tmp_path / _NAME).write_bytes(bytes(PLAN_BYTES_MAX + 5000))
    folder.poll()
    (file,) = folder.poll()
    assert len(file.data) == PLAN_BYTES_MAX + 1
