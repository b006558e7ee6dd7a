"""The watchdog adapter without a board: absent devices, nowayout, and what is no watchdog."""

from __future__ import annotations

import errno
import fcntl
import struct
from pathlib import Path

import pytest

import edge.adapters.watchdog as watchdog_module
from edge.adapters.watchdog import Watchdog, is_no_way_out, open_watchdog
from edge.model.problem import Problem


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


class FakeDriver:
    """A watchdog driver behind fcntl.ioctl on a descriptor of /dev/null."""

    def __init__(self, options: int, granted_s: int) -> None:
        self.options = options
        self.granted_s = granted_s
        self.asked_s: list[int] = []
        self.takes_s_max: int | None = None  # None: answers `granted_s` to whatever is asked
        self.fails = False

    def ioctl(self, _fd: int, request: int, argument: bytes) -> bytes:
        if self.fails:
            raise OSError(errno.EIO, "Input/output error")
        number = request & 0xFF
        if number == 0:
            return struct.pack("=II32s", self.options, 0, b"test")
        if number == 6:
            (asked_s,) = struct.unpack("=i", argument)
            self.asked_s.append(asked_s)
            if self.takes_s_max is None:
                return struct.pack("=i", self.granted_s)
            if asked_s > self.takes_s_max:
                raise OSError(errno.EINVAL, "Invalid argument")
            return argument
        return argument


MAGIC_CLOSE = 0x0100


def open_fake(
    monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, *, no_way_out: bool = False
) -> tuple[Watchdog, tuple[Problem, ...]]:
    monkeypatch.setattr(fcntl, "ioctl", driver.ioctl)
    monkeypatch.setattr(watchdog_module, "is_no_way_out", lambda _device: no_way_out)
    watchdog, problems = open_watchdog("/dev/null", 60)
    assert watchdog is not None
    return watchdog, problems


def test_watchdog_granted_another_time_says_so_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog, problems = open_fake(monkeypatch, FakeDriver(MAGIC_CLOSE, 12))
    assert watchdog.granted_s == 12
    assert [str(problem) for problem in problems] == [
        (
            "watchdog /dev/null: time-out changed by the hardware: got 12 s, need 60 s; it works "
            "with what it got; set watchdog.timeout_s to what the hardware takes"
        )
    ]
    assert watchdog.disarm() is None


@pytest.mark.parametrize(
    ("options", "no_way_out", "got"),
    [(MAGIC_CLOSE, True, "nowayout"), (0, False, "no magic close")],
)
def test_watchdog_that_cannot_be_stopped_says_when_the_machine_is_reset(
    monkeypatch: pytest.MonkeyPatch, options: int, no_way_out: bool, got: str
) -> None:
    watchdog, _ = open_fake(monkeypatch, FakeDriver(options, 60), no_way_out=no_way_out)
    assert str(watchdog.disarm()) == (
        f"watchdog /dev/null: cannot be stopped: got {got}; the machine is reset in 60 s unless "
        "the controller starts again"
    )


def test_watchdog_that_cannot_be_fed_is_a_problem_until_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = FakeDriver(MAGIC_CLOSE, 60)
    watchdog, _ = open_fake(monkeypatch, driver)
    driver.fails = True
    watchdog.feed()
    assert watchdog.problem is not None
    assert (watchdog.problem.what, watchdog.was_reset) == ("cannot be fed", False)
    driver.fails = False
    watchdog.feed()
    assert watchdog.problem is None
    watchdog.let_go()


@pytest.mark.parametrize(
    ("takes_s_max", "asked_s", "left_s"), [(600, [2, 60], 60), (15, [2, 60, 15], 15)]
)
def test_watchdog_that_cannot_be_stopped_is_given_time_for_a_restart(
    monkeypatch: pytest.MonkeyPatch, takes_s_max: int, asked_s: list[int], left_s: int
) -> None:
    driver = FakeDriver(MAGIC_CLOSE, 0)
    driver.takes_s_max = takes_s_max
    monkeypatch.setattr(fcntl, "ioctl", driver.ioctl)
    monkeypatch.setattr(watchdog_module, "is_no_way_out", lambda _device: True)
    watchdog, _ = open_watchdog("/dev/null", 2)
    assert watchdog is not None
    problem = watchdog.disarm()
    assert driver.asked_s == asked_s
    assert problem is not None
    assert problem.effect.startswith(f"the machine is reset in {left_s} s unless")
