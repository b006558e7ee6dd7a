"""A Pico's clock on the bench's: within the bound that is told, whatever the pings' delays."""

from __future__ import annotations

import random

import pytest

from hil.rig.clock_map import ClockMap, Ping

BEGIN_NS = 5_000_000_000_000
AHEAD_NS = 77_000_000_000


def _device_us(t_ns, ppm):
    return round((t_ns + AHEAD_NS) * (1 + ppm * 1e-6)) // 1000


def _pinged(ppm, seconds, seed=1):
    draw = random.Random(seed)
    clock = ClockMap()
    for second in range(seconds):
        sent_ns = BEGIN_NS + second * 1_000_000_000
        there_ns = draw.randrange(100_000, 3_000_000)
        back_ns = draw.randrange(100_000, 3_000_000)
        read_ns = sent_ns + there_ns
        clock.add(Ping(sent_ns, _device_us(read_ns, ppm), read_ns + back_ns))
    return clock


@pytest.mark.parametrize("ppm", [-80, 0, 30, 95])
@pytest.mark.parametrize("seconds", [1, 9, 40, 400])
def test_instant_is_within_the_bound_that_is_told(ppm, seconds):
    clock = _pinged(ppm, seconds)
    for ahead_s in (-1, 0, 1, 5):
        t_ns = BEGIN_NS + (seconds + ahead_s) * 1_000_000_000
        device_us = _device_us(t_ns, ppm)
        assert abs(clock.to_ns(device_us) - t_ns) <= clock.error_ns(device_us)


def test_bound_is_small_when_pings_are_quick_and_the_drift_is_known():
    clock = _pinged(60, 120)
    device_us = _device_us(BEGIN_NS + 121_000_000_000, 60)
    assert clock.error_ns(device_us) < 1_000_000
    assert clock.drift_ppm == pytest.approx(60, abs=20)
    assert clock.is_steady()


def test_pico_that_was_reset_contradicts_its_earlier_pings():
    clock = _pinged(0, 30)
    clock.add(Ping(BEGIN_NS + 40_000_000_000, 1000, BEGIN_NS + 40_001_000_000))
    assert not clock.is_steady()
