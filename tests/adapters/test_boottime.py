"""Clocks on the real machine, and trust in the wall clock for every mix of what can be known."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.adapters import boottime
from edge.adapters.boottime import ClockWatch, SystemClock, suspended_ns
from edge.adapters.kernel_clock import KernelTime, read_kernel_time
from edge.model.scan import ClockTrust
from edge.model.units import NS_PER_S

RIGHT = KernelTime(synchronised=True, error_us_max=500_000)
WRONG = KernelTime(synchronised=False, error_us_max=16_000_000)
STALE = KernelTime(synchronised=True, error_us_max=3_000_001)


class Machine:
    """What the watch can look at."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kernel: KernelTime | None = WRONG
        self.asked_count = 0
        self.timesync = directory / "synchronized"
        self.rtc = directory / "rtc"
        self.watch = ClockWatch(self.timesync, self.rtc)
        monkeypatch.setattr(boottime, "read_kernel_time", self._ask)

    def _ask(self) -> KernelTime | None:
        self.asked_count += 1
        return self.kernel

    def fit_rtc(self, hctosys: str) -> None:
        (self.rtc / "rtc0").mkdir(parents=True)
        (self.rtc / "rtc0" / "hctosys").write_text(hctosys)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_clock_sleeps_until_its_deadline_and_not_before() -> None:
    clock = SystemClock()
    deadline_mono_ns = clock.mono_ns() + 2_000_000
    clock.sleep_until(deadline_mono_ns)
    assert clock.mono_ns() >= deadline_mono_ns


def test_clock_with_a_deadline_in_the_past_does_not_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _s: pytest.fail("slept"))
    clock = SystemClock()
    clock.sleep_until(clock.mono_ns() - 1)


def test_clock_utc_is_the_wall_clock() -> None:
    before_ns = time.time_ns()
    assert before_ns <= SystemClock().utc_ns() <= time.time_ns()


def test_suspended_time_turns_a_monotonic_stamp_into_boot_time() -> None:
    before_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    stamp_ns = time.monotonic_ns()
    after_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    tolerance_ns = 10_000_000  # all three tries were interrupted
    assert before_ns - tolerance_ns <= stamp_ns + suspended_ns() <= after_ns + tolerance_ns


def test_suspended_time_takes_the_closest_of_three_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offset 1 s; the first and the third try are interrupted before and after the boot clock."""
    mono = iter([0, 90_000, 100_000, 140_000, 200_000, 290_000])
    boot = iter([NS_PER_S + 85_000, NS_PER_S + 120_000, NS_PER_S + 201_000])
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(mono))
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _clock: next(boot))
    assert suspended_ns() == NS_PER_S


def test_kernel_time_is_read_on_this_machine() -> None:
    kernel = read_kernel_time()
    assert kernel is not None
    assert kernel.error_us_max >= 0


def test_trust_with_a_time_service_is_ntp(machine: Machine) -> None:
    machine.kernel = RIGHT
    assert machine.watch.trust(0) is ClockTrust.NTP


def test_trust_where_the_kernel_may_not_be_asked_goes_by_what_was_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.kernel = None
    monkeypatch.setattr("edge.adapters.boottime.read_told", lambda _now_mono_ns: RIGHT)
    assert machine.watch.trust(0) is ClockTrust.NTP


def test_trust_is_looked_at_each_ten_seconds(machine: Machine) -> None:
    for tenth in range(201):
        machine.watch.trust(tenth * NS_PER_S // 10)
    assert machine.asked_count == 3


@pytest.mark.parametrize("kernel", [WRONG, STALE])
def test_trust_after_the_time_service_went_away_is_holdover_with_its_age(
    machine: Machine, kernel: KernelTime
) -> None:
    machine.kernel = RIGHT
    machine.watch.trust(0)
    machine.kernel = kernel
    assert machine.watch.trust(10 * NS_PER_S) is ClockTrust.HOLDOVER
    assert machine.watch.holdover_ns(70 * NS_PER_S) == 70 * NS_PER_S
    machine.kernel = RIGHT
    assert machine.watch.trust(80 * NS_PER_S) is ClockTrust.NTP
    assert machine.watch.holdover_ns(80 * NS_PER_S) == 0


def test_trust_of_a_clock_that_was_set_before_this_process_is_holdover(machine: Machine) -> None:
    machine.timesync.touch()
    assert machine.watch.trust(0) is ClockTrust.HOLDOVER
    assert machine.watch.holdover_ns(0) is None


def test_trust_where_the_kernel_may_not_be_asked_is_by_the_time_services_mark(
    machine: Machine,
) -> None:
    machine.kernel = None
    assert machine.watch.trust(0) is ClockTrust.UNTRUSTED
    machine.timesync.touch()
    assert machine.watch.trust(10 * NS_PER_S) is ClockTrust.NTP


@pytest.mark.parametrize(
    ("hctosys", "trust"), [("1\n", ClockTrust.RTC), ("0\n", ClockTrust.UNTRUSTED)]
)
def test_trust_with_a_battery_clock_is_rtc_if_it_set_the_time(
    machine: Machine, hctosys: str, trust: ClockTrust
) -> None:
    machine.fit_rtc(hctosys)
    assert machine.watch.trust(0) is trust


def test_trust_without_anything_is_untrusted(machine: Machine) -> None:
    assert machine.watch.trust(0) is ClockTrust.UNTRUSTED
    assert machine.watch.holdover_ns(0) is None
