"""Two keepers never write one folder; the second waits for the first's last words."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from edge.keeper.lock import hold_folder, wait_released


def test_folder_is_held_by_one_until_it_lets_go(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    fd = hold_folder(folder)
    with pytest.raises(BlockingIOError):
        hold_folder(folder)
    assert not wait_released(folder, 0.0)
    os.close(fd)
    assert wait_released(folder, 0.0)
    os.close(hold_folder(folder))


def test_wait_ends_when_the_holder_lets_go(tmp_path: Path) -> None:
    fd = hold_folder(tmp_path)
    threading.Timer(0.05, os.close, (fd,)).start()
    assert wait_released(tmp_path, 20.0)


def test_folder_that_is_not_there_is_held_by_nobody(tmp_path: Path) -> None:
    assert wait_released(tmp_path / "none", 20.0)
