"""Thermal demand: the exponential response, its outlook, and what it does not know at the start."""

from __future__ import annotations

import pytest

from edge.core.demand.response import ResponseState, ThermalResponse
from edge.model.energy import Booking
from edge.model.spec import DemandMethod
from edge.model.units import NS_PER_S, energy_uwh
from tests.core.demand.site import BOOT_MONO_NS, KWH, MIN, Site, demand_spec


def _thermal() -> Site:
    return Site(demand_spec(DemandMethod.THERMAL, 15))


@pytest.mark.parametrize("step_ns", [NS_PER_S // 10, NS_PER_S, MIN, 15 * MIN])
def test_step_of_power_is_90_percent_after_one_interval_and_99_after_two(step_ns: int) -> None:
    """Vector of Siemens 9340 p. 56, whatever the pace of scans: the response is exact."""
    response = ThermalResponse(15 * MIN, ResponseState())
    seen = []
    for _ in range(2):
        for start_ns in range(0, 15 * MIN, step_ns):
            energy = energy_uwh(100_000.0, step_ns)
            response.book(Booking(start_ns, start_ns + step_ns, energy, 0))
        seen.append(response.demand_w)
    assert seen == pytest.approx([90_000.0, 99_000.0], rel=1e-6)
    assert response.unknown_ratio == pytest.approx(0.01)


def test_energy_at_an_instant_warms_like_the_same_energy_in_a_moment() -> None:
    impulse = ThermalResponse(15 * MIN, ResponseState())
    impulse.book(Booking(0, 0, KWH, 0))
    moment = ThermalResponse(15 * MIN, ResponseState())
    moment.book(Booking(0, 1000, KWH, 0))
    assert impulse.demand_w == pytest.approx(moment.demand_w, rel=1e-6)


def test_time_without_metering_cools_and_grows_the_unknown_share() -> None:
    response = ThermalResponse(15 * MIN, ResponseState(demand_w=100.0, unknown_ratio=0.0))
    response.miss(15 * MIN)
    assert (response.demand_w, response.unknown_ratio) == pytest.approx((10.0, 0.9))


def test_first_interval_is_partial_and_the_second_is_not() -> None:
    site = _thermal()
    site.run(45 * MIN, 100_000.0)
    assert site.intervals("demand_kw", "partial") == [
        (pytest.approx(90.0), True),
        (pytest.approx(99.0), False),
        (pytest.approx(99.9), False),
    ]


def test_closed_interval_shows_its_highest_demand_not_the_last() -> None:
    site = _thermal()
    site.run(30 * MIN, 100_000.0)
    site.run(5 * MIN, 100_000.0)
    highest_w = site.state.response.demand_w
    site.run(10 * MIN, 0.0)
    site.run(15 * MIN, 0.0)
    assert [kw for (kw,) in site.intervals("demand_kw")][2] == pytest.approx(highest_w / 1000.0)
    # The fourth interval only cools, so that its highest demand is the one that it began with.
    assert [kw for (kw,) in site.intervals("demand_kw")][3] == pytest.approx(
        highest_w / 1000.0 * 0.1 ** (10 / 15)
    )


def test_outlook_looks_ahead_to_half_of_the_response() -> None:
    site = _thermal()
    site.run(60 * MIN, 100_000.0)
    (limit,) = site.step.limits
    assert limit.gain_ratio == pytest.approx(0.5)
    assert limit.remaining_ns == round(15 * MIN * 0.3010299956639812)
    assert limit.remaining_ns + limit.elapsed_ns == 15 * MIN
    assert limit.projected_w(200_000.0) == pytest.approx(150_000.0, rel=1e-3)
    assert not limit.partial


def test_outlook_is_what_the_demand_really_becomes() -> None:
    site = _thermal()
    site.run(20 * MIN, 100_000.0)
    (limit,) = site.step.limits
    projected_w = limit.projected_w(250_000.0)
    unknown_w = site.state.response.unknown_ratio * 100_000.0 * 0.5
    site.run(limit.remaining_ns, 250_000.0)
    assert site.state.response.demand_w == pytest.approx(projected_w - unknown_w, rel=1e-6)


def test_outlook_at_the_start_takes_the_unknown_past_as_present_power() -> None:
    site = _thermal()
    site.run(2 * MIN, 100_000.0)
    (limit,) = site.step.limits
    assert limit.partial
    assert limit.projected_w(100_000.0) == pytest.approx(100_000.0)
    assert limit.base_w_low < 0.5 * 100_000.0 <= limit.base_w_high


def test_outlook_of_time_not_yet_metered_uses_present_power() -> None:
    site = _thermal()
    site.run(60 * MIN, 100_000.0)
    site.now_mono_ns += 20 * NS_PER_S
    site.scan()
    (limit,) = site.step.limits
    assert limit.projected_w(100_000.0) == pytest.approx(100_000.0, rel=1e-4)
    assert limit.base_w_low < limit.base_w < limit.base_w_high


def test_gap_in_the_ledger_makes_the_response_unknown() -> None:
    site = _thermal()
    site.run(45 * MIN, 100_000.0)
    site.now_mono_ns += 20 * MIN
    site.front_mono_ns = site.now_mono_ns
    site.scan((Booking(site.now_mono_ns - MIN, site.now_mono_ns, 0, 0),))
    (limit,) = site.step.limits
    assert limit.partial
    assert site.intervals("partial")[-1] == (True,)


def test_response_after_a_restart_goes_on() -> None:
    site = _thermal()
    site.run(20 * MIN, 100_000.0)
    demand_w = site.state.response.demand_w
    site.restart()
    site.run(NS_PER_S, 100_000.0)
    assert site.state.response.demand_w > demand_w


def test_outlook_before_any_booking_is_partial() -> None:
    site = _thermal()
    site.scan()
    (limit,) = site.step.limits
    assert (limit.partial, limit.energy_uwh) == (True, 0)
    assert site.now_mono_ns == BOOT_MONO_NS
