"""Every pulse counts once, in both gateways, while the one on duty dies."""

from __future__ import annotations

import math

import pytest

from hil.scenarios.counts import Counts, await_room
from hil.scenarios.works import long_works, pulse_works
from hil.suite.ability import Ability
from hil.suite.protocol import Gateway
from hil.suite.scene import Scene
from hil.works import PULSE_UWH

pytestmark = [pytest.mark.works(pulse_works()), pytest.mark.held()]

_PACED_S = 4
_BURST_COUNT = 1000
_FAST_HZ = 1000
_FAST_COUNT = 3000
_BASE_KW = 300.0
# The plant with all its loads, at most.
_POWER_KW_MAX = 720.0


@pytest.mark.covers("PULSES")
@pytest.mark.parametrize("rate_hz", [1, 30])
def test_paced_pulses_are_counted_exactly_across_a_takeover(scene: Scene, rate_hz: int) -> None:
    """The meter's contact pulses at 1 or 30 a second; half-way the control process on duty is
    killed. Expected: the energy of the running interval grows by exactly the contact's own count in
    the gateway that takes over; the other one learns it, but for what comes while it is told.
    """
    _count_over_a_kill(scene, rate_hz * _PACED_S, rate_hz)


@pytest.mark.covers("PULSES")
def test_paced_pulses_are_counted_exactly_across_a_handover(scene: Scene) -> None:
    """The meter's contact pulses at 10 a second; half-way the duty is handed over. Expected: the
    energy of the running interval grows by exactly the contact's own count in both gateways.
    """
    old, new, counts = _begin(scene)
    scene.bench.pulses.send(10 * _PACED_S, 10)
    scene.wait("half of the pulses", lambda: counts.made() >= 5 * _PACED_S)
    assert new.order("handover", to=new.unit)["ok"]
    scene.takeover(old, new)
    scene.wait("the last pulse", lambda: counts.made() == 10 * _PACED_S)
    _measure_errors(scene, counts, {old.unit: 0, new.unit: 0})


@pytest.mark.covers("PULSES")
def test_burst_of_pulses_is_counted_exactly_across_a_takeover(scene: Scene) -> None:
    """1,000 pulses come as fast as they are taken while the control process on duty is dead.
    Expected: the gateway that takes over has counted each of them once, and the other one learns
    it.
    """
    _count_over_a_kill(scene, _BURST_COUNT, 0)


@pytest.mark.needs(Ability.PULSES_1KHZ)
@pytest.mark.covers("PULSES")
def test_pulses_of_1_khz_are_counted_exactly_across_a_takeover(scene: Scene) -> None:
    """The contact pulses at 1 kHz for three seconds; half-way the control process on duty is
    killed. Expected: the gateway that takes over has counted each pulse once; the other one learns
    it, but for what comes while it is told.
    """
    _count_over_a_kill(scene, _FAST_COUNT, _FAST_HZ)


def _begin(scene: Scene) -> tuple[Gateway, Gateway, Counts]:
    old, new = scene.begin()
    await_room(scene)
    return old, new, Counts(scene)


def _count_over_a_kill(scene: Scene, count: int, rate_hz: float) -> None:
    old, new, counts = _begin(scene)
    if rate_hz:
        scene.bench.pulses.send(count, rate_hz)
        scene.wait("half of the pulses", lambda: counts.made() >= count // 2)
        old.kill_control()
    else:
        old.kill_control()
        scene.bench.pulses.send(count, rate_hz)
    scene.takeover(old, new)
    assert scene.settled() == (new, old)
    scene.wait("the last pulse", lambda: counts.made() == count, 2 * _PACED_S)
    lag_count = 1 + math.ceil(rate_hz * scene.allowed.counted_s)
    _measure_errors(scene, counts, {new.unit: 0, old.unit: lag_count})


@pytest.mark.works(long_works())
@pytest.mark.needs(Ability.POWER)
@pytest.mark.covers("ENERGY")
def test_energy_of_a_running_plant_is_exact_over_a_kill_and_a_power_cut(scene: Scene) -> None:
    """The plant runs; the control process on duty is killed, then the other gateway, which has
    the duty now, loses its power and gets it back. Then the plant stops. Expected: the energy of
    the running interval is the incomer's in both, but for what came in a heartbeat's time.
    """
    old, new, counts = _begin(scene)
    begin_uwh = scene.bench.plant.import_uwh()
    scene.bench.plant.run(_BASE_KW)
    old.kill_control()
    scene.takeover(old, new)
    assert scene.settled() == (new, old)
    scene.since_ns = scene.bench.now_ns()
    new.power_off()
    scene.takeover(new, old)
    new.power_on()
    assert scene.settled() == (old, new)
    lag_uwh = round(_POWER_KW_MAX * scene.allowed.counted_s / 3600 * 1e9)
    enough_uwh = begin_uwh + 10 * lag_uwh  # what may be missing is a small part of it
    scene.wait("enough energy", lambda: scene.bench.plant.import_uwh() > enough_uwh)
    counts.stand_still()
    taken_uwh = scene.bench.plant.import_uwh() - begin_uwh
    assert abs(counts.made() * PULSE_UWH - taken_uwh) <= PULSE_UWH
    lag_count = 1 + lag_uwh // PULSE_UWH
    _measure_errors(scene, counts, {old.unit: lag_count, new.unit: lag_count})


def _measure_errors(scene: Scene, counts: Counts, most: dict[str, int]) -> None:
    """`most`: by unit, how many pulses it may be wrong at last."""
    for unit, error in counts.errors_at_last(most).items():
        allowed = most[unit]
        scene.measure(f"{unit}: pulses too many", error, at_least=-allowed, at_most=allowed)
