"""The watchdog adapter without a board: absent devices, nowayout, and what is no watchdog."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.adapters.watchdog import is_no_way_out, open_watchdog


def test_watchdog_that_is_absent_is_one_warning() -> None:
    watchdog, problems = open_watchdog("/dev/no-such-watchdog", 10)
    assert watchdog is None
    assert [str(problem) for problem in problems] == [
        (
            "watchdog /dev/no-such-watchdog: cannot be used: got No such file or directory; a hung "
            "machine is not reset; load the driver (dtparam=watchdog=on), or set watchdog.device "
            "to an empty text"
        )
    ]


def test_watchdog_path_to_another_device_is_one_warning() -> None:
    watchdog, problems = open_watchdog("/dev/null", 10)
    assert watchdog is None
    assert [problem.got for problem in problems] == ["Inappropriate ioctl for device"]


@pytest.mark.parametrize(
    ("device", "directory"), [("/dev/watchdog", "watchdog0"), ("/dev/watchdog1", "watchdog1")]
)
def test_watchdog_nowayout_is_the_kernels_word(tmp_path: Path, device: str, directory: str) -> None:
    assert is_no_way_out(device, tmp_path) is False
    (tmp_path / directory).mkdir()
    (tmp_path / directory / "nowayout").write_text("0\n")
    assert is_no_way_out(device, tmp_path) is False
    (tmp_path / directory / "nowayout").write_text("1\n")
    assert is_no_way_out(device, tmp_path) is True
