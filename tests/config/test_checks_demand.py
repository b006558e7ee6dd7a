"""Intervals, calendar, plan, stages and leases that contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.plant import PLAN, demand, refusals, site


def _one(line: int, rest: str) -> list[str]:
    return [f"site.toml:{line} {rest}"]


_DEMAND = [
    (
        demand("interval_s = 1700"),
        _one(
            15, "demand.interval_s: does not divide the day: got 1700 s, need a divisor of 86400 s"
        ),
    ),
    (
        demand("subinterval_s = 300"),
        _one(15, "demand.subinterval_s: not used by method block: got 300 s, need none"),
    ),
    (
        demand('method = "sliding"\nsubinterval_s = 700'),
        _one(
            16,
            "demand.subinterval_s: does not divide the interval: got 700 s, "
            "need a divisor of 1800 s",
        ),
    ),
    (
        demand('method = "sliding"'),
        _one(13, "demand.subinterval_s: missing key: got none, need the step of the window"),
    ),
    (
        demand("alignment_s = 1800"),
        _one(15, "demand.alignment_s: longer than the interval: got 1800 s, need < 1800 s"),
    ),
    (
        demand('method = "thermal"\neoi_pin = 6'),
        _one(16, "demand.eoi_pin: thermal demand has no intervals: got a pin, need none"),
    ),
    (
        demand("interval_s = 600\neoi_pin = 6\neoi_window_s = 300"),
        _one(17, "demand.eoi_window_s: too wide for the interval: got 300 s, need < 300 s"),
    ),
    (
        demand('[[demand.calendar]]\ntarget_kw = 500\nhours = "noon"'),
        _one(
            17,
            'demand.calendar[0].hours: not hours: got noon, need "13:00-16:00", '
            '"mon-fri 13:00-16:00" or "sat,sun 00:00-24:00"',
        ),
    ),
    (
        demand("interval_s = 60", more="[projection]\nwindow_s = 31\n"),
        _one(
            39, "projection.window_s: too long for the interval: got 31 s, need <= 30 s, half of it"
        ),
    ),
    (
        site(more=PLAN + "slot_s = 3500\n"),
        [
            (
                "site.toml:39 plan.slot_s: does not divide the day: got 3500 s, "
                "need a divisor of 86400 s"
            ),
            (
                "site.toml:39 plan.slot_s: fits neither into the demand interval nor the interval "
                "into it: got 3500 s, need a multiple or a divisor of 1800 s"
            ),
        ],
    ),
    (
        site(more=PLAN + "surplus_price_per_kwh = [20, 10]\n"),
        _one(39, "plan.surplus_price_per_kwh: not in order: got [20, 10], need lowest first"),
    ),
    (
        site(
            ("Asia/Tokyo", "Europe/Berlin"),
            ("contract_kw = 600", "contract_kw = 600\ninterval_s = 5400"),
        ),
        _one(
            15,
            "demand.interval_s: a change of the clocks in Europe/Berlin would shift the intervals: "
            "got 5400 s, need a divisor of the change",
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _DEMAND)
def test_demand_that_does_not_fit_the_day_is_refused(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert refusals(tmp_path, text) == expected


_PACE = [
    (
        site(more="[shedding]\nmask_s = 1700\n"),
        _one(
            38,
            "shedding.mask_s: mask and no-restore time fill the interval: got 1880 s, "
            "need < 1800 s together",
        ),
    ),
    (
        site(more="[shedding]\ncaution_ratio = 0.1\nhysteresis_ratio = 0.1\n"),
        _one(
            39,
            "shedding.hysteresis_ratio: caution would never end: got 0.1, "
            "need < 0.1, caution_ratio",
        ),
    ),
    (
        site(more="[shedding]\ninstant_limit_kw = 500\n"),
        _one(38, "shedding.instant_limit_kw: below the contract: got 500 kW, need >= 600 kW"),
    ),
    (
        site(more="[scan]\noutput_lease_ms = 299\n"),
        _one(38, "scan.output_lease_ms: shorter than three scans: got 299 ms, need >= 300 ms"),
    ),
    (
        site(more="[watchdog]\ntimeout_s = 16\n"),
        _one(38, "watchdog.timeout_s: longer than the hardware can wait: got 16 s, need <= 15 s"),
    ),
    (
        site(more="[watchdog]\ntimeout_s = 1\n"),
        _one(
            38,
            "watchdog.timeout_s: resets before the outputs have gone to their safe values: "
            "got 1 s, need > 1 s, scan.output_lease_ms",
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), _PACE)
def test_pace_without_room_is_refused(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert refusals(tmp_path, text) == expected
