"""Faults of the pulse wire, the clock and the disk: said, and control goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.bench import Bench
from hil.works import PULSE_UWH
from tests.e2e.conftest import BASE_KW, counted_after_stop_uwh, start_running
from tests.e2e.seen import Seen

Make = Callable[..., Bench]
# A register's value has no time of its own: it is as old as its reply, up to a scan.
_SCAN_UWH = round(BASE_KW * 2 * 0.1 / 3600 * 1e9)


def test_broken_pulse_wire_hands_over_to_the_register_without_losing_energy(
    make_bench: Make,
) -> None:
    bench = make_bench()
    seen = Seen(bench)
    begin_uwh = start_running(bench)
    bench.wait_status(lambda answer: answer["status"]["limits"][0]["energy_kwh"] > 0.2)
    bench.faults.break_pulse(on=True)
    event = seen.wait("source", "pulse.incomer", to="meter.incomer.energy")
    assert (event.severity, event.facts["from"]) == ("warning", "pulse.incomer")
    counted_uwh, end_uwh = counted_after_stop_uwh(bench)
    assert abs(counted_uwh - (end_uwh - begin_uwh)) <= PULSE_UWH + _SCAN_UWH


def test_clock_set_an_hour_ahead_is_said_and_the_interval_goes_on(make_bench: Make) -> None:
    bench = make_bench()
    seen = Seen(bench)
    start_running(bench)
    before = bench.wait_status(lambda answer: answer["status"]["limits"][0]["energy_kwh"] > 0.3)
    bench.step_clock(3600.0)
    event = seen.wait("clock", "site", reason="step_ignored")
    assert event.facts["difference_s"] == pytest.approx(3600.0, abs=1.0)
    after = bench.wait_status(lambda answer: answer["status"]["mono_ns"] > event.mono_ns)
    lasted_s = (after["status"]["mono_ns"] - before["status"]["mono_ns"]) / 1e9
    elapsed_s = [answer["status"]["limits"][0]["elapsed_s"] for answer in (before, after)]
    assert elapsed_s[1] - elapsed_s[0] == pytest.approx(lasted_s, abs=0.01)
    assert seen.of("interval_closed") == []


def test_full_disk_is_an_alarm_and_control_goes_on_and_nothing_is_lost(make_bench: Make) -> None:
    bench = make_bench()
    seen = Seen(bench)
    start_running(bench)
    seen.wait("source", "pulse.incomer")
    bench.fill_disk(on=True)
    asked = 0

    def is_alarmed() -> bool:
        nonlocal asked
        asked += bench.desk.acknowledge()["ok"]  # something for the journal to keep
        answer = bench.desk.status()
        return answer is not None and "health disk" in answer["status"]["alarms"]

    bench.wait("the alarm of a full disk", is_alarmed)
    before = bench.wait_status(lambda answer: answer["age_s"] < 1)
    bench.wait("the fault lamp", lambda: bench.snapshot()["lamps"]["fault"])
    energy_kwh = before["status"]["limits"][0]["energy_kwh"]
    after = bench.wait_status(
        lambda answer: answer["status"]["limits"][0]["energy_kwh"] > energy_kwh + 0.2
    )
    assert after["health"]["overruns"] <= before["health"]["overruns"] + 1

    bench.fill_disk(on=False)
    seen.wait("health", "disk", cleared=True)
    assert [event.subject for event in seen.of("audit")].count("acknowledge") == asked
