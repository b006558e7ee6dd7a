"""The watchdog's owner and time-out, from a tree of files as /proc and /sys have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cli.doctor.result import CheckResult, Verdict, fail, ok, warn
from edge.cli.doctor.watchdog import check_device, check_owner, check_timeout, check_watchdog
from edge.config.io import WatchdogPlan

PLAN = WatchdogPlan("/dev/watchdog", 10)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with a BCM2835 watchdog that nobody has open."""
    _write(tmp_path / "dev/watchdog", "")
    for word, text in (
        ("identity", "Broadcom BCM2835 Watchdog timer"),
        ("state", "inactive"),
        ("min_timeout", "1"),
        ("max_timeout", "0"),
    ):
        _write(tmp_path / "sys/class/watchdog/watchdog0" / word, f"{text}\n")
    return tmp_path


def _hold(root: Path, device: str = "/dev/watchdog0") -> None:
    """Process 612 has it open."""
    _write(root / "proc/612/comm", "wd_keepalive\n")
    (root / "proc/612/fd").mkdir()
    (root / "proc/612/fd/0").symlink_to("/dev/null")
    (root / "proc/612/fd/3").symlink_to(device)


def test_device_that_is_missing_or_not_wanted_ends_the_checks(tmp_path: Path) -> None:
    assert check_watchdog(WatchdogPlan("", 10), tmp_path) == [
        warn("watchdog", "none in the site file", "a hung machine stays hung: set watchdog.device")
    ]
    missing = fail("watchdog", "/dev/watchdog is missing", "dtparam=watchdog=on in config.txt")
    assert check_watchdog(PLAN, tmp_path) == [missing]


def test_device_that_is_there_and_free(root: Path) -> None:
    assert check_watchdog(PLAN, root) == [
        ok("watchdog", "/dev/watchdog, 10 s"),
        ok("watchdog owner", "nobody"),
        ok("watchdog time-out", "10 s on Broadcom BCM2835 Watchdog timer"),
    ]
    _write(root / "sys/class/watchdog/watchdog0/nowayout", "1\n")
    assert check_device(PLAN, root).found == "/dev/watchdog, 10 s, nowayout"


def test_device_that_systemd_holds_by_its_last_setting(root: Path) -> None:
    _write(root / "etc/systemd/system.conf", "#RuntimeWatchdogSec=off\nRuntimeWatchdogSec=14\n")
    assert check_device(PLAN, root) == fail(
        "watchdog",
        "systemd holds it, RuntimeWatchdogSec=14",
        "set RuntimeWatchdogSec=off in /etc/systemd/system.conf and reboot",
    )
    _write(root / "etc/systemd/system.conf.d/60-denban.conf", "RuntimeWatchdogSec=off\n")
    assert check_device(PLAN, root).verdict is Verdict.OK


@pytest.mark.parametrize("device", ["/dev/watchdog", "/dev/watchdog0"])
def test_device_that_another_program_holds_is_a_failure_with_its_name(
    root: Path, device: str
) -> None:
    _hold(root, device)
    assert check_owner(PLAN, root, running=False) == fail(
        "watchdog owner",
        "held, and no controller runs: wd_keepalive, process 612",
        "end that program: the controller could not open the device, nor be guarded by it",
    )


def test_holder_that_this_user_may_not_see_is_known_by_the_devices_state(root: Path) -> None:
    _write(root / "sys/class/watchdog/watchdog0/state", "active\n")
    unseen = check_owner(PLAN, root, running=False)
    assert unseen.found == "held, and no controller runs: not seen by this user, run this as root"
    assert unseen.verdict is Verdict.FAIL
    held = check_owner(PLAN, root, running=True)
    assert held.verdict is Verdict.OK


def test_controller_that_runs_without_the_device_is_a_warning(root: Path) -> None:
    assert check_owner(PLAN, root, running=True).verdict is Verdict.WARN
    (root / "sys/class/watchdog/watchdog0/state").unlink()
    found = check_owner(PLAN, root, running=False).found
    assert found == "nobody that this user can see"


def _timeout(root: Path, timeout_s: int) -> CheckResult:
    return check_timeout(WatchdogPlan("/dev/watchdog", timeout_s), root)


def test_time_out_beyond_the_chip_is_a_failure(root: Path) -> None:
    assert _timeout(root, 15).verdict is Verdict.OK
    assert _timeout(root, 16) == fail(
        "watchdog time-out",
        "16 s on Broadcom BCM2835 Watchdog timer",
        "watchdog.timeout_s at most 15: the chip's counter ends there",
    )


def test_time_out_beyond_the_drivers_bounds_is_a_failure(root: Path) -> None:
    _write(root / "sys/class/watchdog/watchdog0/identity", "i6300ESB timer\n")
    _write(root / "sys/class/watchdog/watchdog0/min_timeout", "3\n")
    _write(root / "sys/class/watchdog/watchdog0/max_timeout", "2046\n")
    verdicts = [_timeout(root, timeout_s).verdict for timeout_s in (2, 3, 2046, 2047)]
    assert verdicts == [Verdict.FAIL, Verdict.OK, Verdict.OK, Verdict.FAIL]


def test_time_out_of_a_driver_that_tells_nothing_is_believed(tmp_path: Path) -> None:
    assert _timeout(tmp_path, 60) == ok("watchdog time-out", "60 s")
