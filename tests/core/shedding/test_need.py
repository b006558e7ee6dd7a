"""How much must go or may come back, from the bound that matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.shedding.need import (
    decisive_w,
    headroom_w,
    masked,
    shed_need_w,
    surplus_w,
    wanted_w,
)
from edge.model.units import NS_PER_S
from tests.core.shedding.plant import block, power_kw

MASK_NS = 600 * NS_PER_S


def test_need_of_the_fuji_vector_is_200_kw() -> None:
    """Fuji FM78: P = 260, +60 kW in 3 min, t = 12, T = 30, target 500 kW: R = 620, U = -200 kW.

    260 kW is demand so far over the whole interval, 60 kW in 3 min a power of 600 kW.
    """
    limit = block(elapsed_s=720, so_far_kw=650, target_kw=500)
    assert limit.base_w == 260e3
    assert shed_need_w(limit, power_kw(600), 0) == pytest.approx(200e3)


@pytest.mark.parametrize(
    ("elapsed_s", "decisive_kw"),
    [
        (0, 500.0),  # all open: the optimistic bound, 600 - 100
        (450, 562.5),  # three quarters open: half way from it to the centre (600 - 75 / 2)
        (900, 600.0),  # half open: the centre
        (1350, 612.5),  # a quarter open: half way to the pessimistic bound (600 + 25 / 2)
        (1800, 600.0),  # nothing open: only what is not metered is unknown
    ],
)
def test_decisive_projection_moves_from_optimist_to_pessimist(
    elapsed_s: float, decisive_kw: float
) -> None:
    limit = block(elapsed_s=elapsed_s, so_far_kw=600)
    assert decisive_w(limit, power_kw(600, 100), 0) == pytest.approx(decisive_kw * 1000.0)


def test_decisive_projection_within_the_mask_is_the_optimistic_bound() -> None:
    limit = block(elapsed_s=599, so_far_kw=600)
    assert masked(limit, MASK_NS)
    assert decisive_w(limit, power_kw(700, 50), MASK_NS) == limit.projected_w_low(power_kw(700, 50))
    assert not masked(block(elapsed_s=600), MASK_NS)


def test_mask_does_not_apply_to_a_window_that_is_mostly_over() -> None:
    assert not masked(block(elapsed_s=20, interval_s=30), 25 * NS_PER_S)


def test_need_in_the_last_seconds_or_without_time_left_is_nothing() -> None:
    power = power_kw(900)
    assert shed_need_w(block(elapsed_s=1795, so_far_kw=700), power, 0) == 0.0
    assert shed_need_w(block(elapsed_s=1800, so_far_kw=700), power, 0) == 0.0
    assert shed_need_w(block(elapsed_s=1794, so_far_kw=700), power, 0) > 1e6


def test_headroom_is_the_least_of_all_limits_with_margin_and_pessimistic() -> None:
    loose, tight = block(so_far_kw=500), block(so_far_kw=520, name="plan")
    room_w = headroom_w((loose, tight), power_kw(540, 10), 0.02, 60 * NS_PER_S)
    assert room_w == pytest.approx((600e3 * 0.98 - 260e3) / 0.5 - 550e3)


def test_headroom_near_the_end_of_any_limit_is_minus_infinity() -> None:
    limits = (block(so_far_kw=10), block(so_far_kw=10, elapsed_s=1740, name="plan"))
    assert headroom_w(limits, power_kw(10), 0.02, 60 * NS_PER_S) == float("-inf")
    assert headroom_w((block(elapsed_s=1800),), power_kw(10), 0.02, 0) == float("-inf")


def test_wanted_is_what_lacks_to_the_floor_after_the_mask_only() -> None:
    power = power_kw(400, 10)
    assert wanted_w(block(so_far_kw=400, floor_kw=450), power, 0) == pytest.approx(90e3)
    assert wanted_w(block(so_far_kw=400, floor_kw=405), power, 0) == 0.0
    assert wanted_w(block(so_far_kw=400), power, 0) == 0.0
    assert wanted_w(block(so_far_kw=400, floor_kw=450, elapsed_s=599), power, MASK_NS) == 0.0
    assert wanted_w(block(so_far_kw=400, floor_kw=450, elapsed_s=1800), power, 0) == 0.0


def test_surplus_is_what_the_optimist_bound_has_above_the_floor() -> None:
    power = power_kw(500, 10)
    assert surplus_w(block(so_far_kw=500, floor_kw=450), power) == pytest.approx(90e3)
    assert surplus_w(block(so_far_kw=500), power) == float("inf")
    assert surplus_w(block(floor_kw=450, elapsed_s=1800), power) == float("inf")


@given(
    st.integers(0, 1700),
    st.integers(0, 900),
    st.integers(0, 900),
    st.integers(0, 200),
    st.integers(0, 20),
)
def test_need_when_shed_brings_the_decisive_projection_to_the_target_and_headroom_never_with_need(
    elapsed_s: int, so_far_kw: int, now_kw: int, width_kw: int, unmetered_kw: int
) -> None:
    """Property: the need is exactly enough; what may be restored leaves no need for shedding."""
    limit = block(elapsed_s=elapsed_s, so_far_kw=so_far_kw, unmetered_kw=unmetered_kw)
    power = power_kw(now_kw, width_kw)
    need_w = shed_need_w(limit, power, 0)
    after = power_kw(now_kw - need_w / 1000.0, width_kw)
    assert decisive_w(limit, after, 0) <= limit.target_w + 1e-3
    room_w = headroom_w((limit,), power, 0.02, 0)
    assert need_w == 0.0 or room_w < 0.0
    if room_w >= 0.0:
        assert shed_need_w(limit, power_kw(now_kw + room_w / 1000.0, width_kw), 0) == 0.0
