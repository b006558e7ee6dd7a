"""Present power and its bounds: every estimator, any pulse weight and phase, silence, registers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.demand.projection import HistoryState, PowerEstimator
from edge.model.energy import Booking, MeteringStep
from edge.model.outlook import PowerEstimate
from edge.model.spec import Estimator
from edge.model.units import NS_PER_S, NS_W_PER_UWH
from tests.core.demand.site import projection_spec

_WH = 1_000_000
_ESTIMATORS = st.sampled_from(list(Estimator))


class _Meter:
    """A counter in steps of `step_uwh`, some of it already full at the start."""

    def __init__(
        self, estimator: Estimator, step_uwh: int = 1, phase_uwh: int = 0, sigmas: float = 0.0
    ) -> None:
        self.state = HistoryState()
        self.estimator = PowerEstimator(projection_spec(estimator, 60, sigmas), 500e3, self.state)
        self.step_uwh = step_uwh
        self.energy_w_ns = phase_uwh * NS_W_PER_UWH
        self.counted_uwh = phase_uwh // step_uwh * step_uwh
        self.now_ns = 0
        self.register_w: float | None = None
        self.lost = False

    def scan(self, power_w: int, elapsed_ns: int, *, known: bool = True, estimated: bool = False):
        start_ns = self.now_ns
        self.now_ns += elapsed_ns
        self.energy_w_ns += power_w * elapsed_ns
        bookings: tuple[Booking, ...] = ()
        if known:
            counted = self.energy_w_ns // NS_W_PER_UWH // self.step_uwh * self.step_uwh
            gained, self.counted_uwh = counted - self.counted_uwh, counted
            bookings = (Booking(start_ns, self.now_ns, gained, 0, estimated),)
        return self.estimator.step(
            MeteringStep(
                bookings=bookings,
                known_until_mono_ns=self.now_ns if known else 0,
                resolution_uwh=self.step_uwh,
                power_w=self.register_w,
                power_mono_ns=self.now_ns,
                lost_since_mono_ns=0 if self.lost else None,
            ),
            self.now_ns,
        )

    def run(self, power_w: int, seconds: int, step_ns: int = NS_PER_S) -> PowerEstimate:
        estimate = None
        for _ in range(seconds * NS_PER_S // step_ns):
            estimate = self.scan(power_w, step_ns)
        assert estimate is not None
        return estimate


@given(
    estimator=_ESTIMATORS,
    power_w=st.integers(0, 2_000_000),
    step_uwh=st.integers(1, 1000 * _WH),
    phase=st.integers(0, 10**12),
    step_ns=st.sampled_from([NS_PER_S // 10, NS_PER_S // 2, NS_PER_S, 7 * NS_PER_S]),
    seconds=st.integers(30, 150),
)
def test_constant_power_lies_inside_the_bounds_for_any_pulse_weight_and_phase(
    estimator: Estimator, power_w: int, step_uwh: int, phase: int, step_ns: int, seconds: int
) -> None:
    meter = _Meter(estimator, step_uwh, phase % step_uwh)
    estimate = meter.run(power_w, seconds, step_ns)
    assert 0.0 <= estimate.low_w <= estimate.power_w <= estimate.high_w
    assert estimate.low_w <= power_w * (1 + 1e-9) + 1e-6
    assert power_w <= estimate.high_w * (1 + 1e-9) + 1e-6


@given(
    estimator=_ESTIMATORS,
    powers_w=st.lists(st.integers(0, 1_000_000), min_size=3, max_size=40),
    step_uwh=st.integers(1, 100 * _WH),
    sigmas=st.floats(0.0, 5.0),
)
def test_bounds_are_ordered_for_any_profile(
    estimator: Estimator, powers_w: list[int], step_uwh: int, sigmas: float
) -> None:
    meter = _Meter(estimator, step_uwh, sigmas=sigmas)
    for power_w in powers_w:
        estimate = meter.scan(power_w, 6 * NS_PER_S)
        if estimate is not None:
            assert 0.0 <= estimate.low_w <= estimate.power_w <= estimate.high_w


@pytest.mark.parametrize("estimator", list(Estimator))
def test_finer_pulses_give_narrower_bounds(estimator: Estimator) -> None:
    widths = []
    for step_uwh in (1000 * _WH, 100 * _WH, 10 * _WH, _WH):
        estimate = _Meter(estimator, step_uwh).run(300_000, 120)
        widths.append(estimate.high_w - max(0.0, estimate.low_w))
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 50 * widths[-1]


@pytest.mark.parametrize("estimator", list(Estimator))
def test_one_pulse_in_the_middle_of_the_window_may_be_no_power_at_all(estimator: Estimator) -> None:
    """The counter stood just below its next step: the worst that a step can hide, and no more."""
    meter = _Meter(estimator, step_uwh=100 * _WH, phase_uwh=100 * _WH - 1)
    for step in range(1, 76):
        estimate = meter.scan(1 if step == 60 else 0, 2 * NS_PER_S)
    assert estimate is not None
    assert estimate.power_w > 3000.0
    assert estimate.low_w < 0.01 * estimate.power_w
    assert estimate.high_w < 2.05 * estimate.power_w


def test_pulses_of_constant_power_are_no_variation() -> None:
    meter = _Meter(Estimator.TWO_POINT, step_uwh=100 * _WH, sigmas=2.0)
    meter.run(100_000, 120)
    assert meter.state.spread_w < 1000.0


@pytest.mark.parametrize("estimator", list(Estimator))
def test_estimators_agree_on_constant_power(estimator: Estimator) -> None:
    estimate = _Meter(estimator).run(300_000, 120)
    assert estimate.power_w == pytest.approx(300_000.0, rel=1e-6)
    assert estimate.high_w - estimate.low_w < 1.0


def test_estimators_of_a_ramp_differ_as_their_formulas_say() -> None:
    """Power of 1 kW a second, 61 to 120 s: the mean slope of the last 60 s, in three ways."""
    seen = {}
    for estimator in Estimator:
        meter = _Meter(estimator)
        estimate = None
        for second in range(1, 121):
            estimate = meter.scan(1000 * second, NS_PER_S)
        assert estimate is not None
        seen[estimator] = round(estimate.power_w)
    assert seen[Estimator.TWO_POINT] == pytest.approx(90_500, rel=0.03)
    assert seen[Estimator.MOVING_AVERAGE] == pytest.approx(90_500, rel=0.03)
    assert seen[Estimator.LEAST_SQUARES] == pytest.approx(90_500, rel=0.03)


def test_history_stays_bounded_at_any_pace() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    meter.run(300_000, 300, NS_PER_S // 10)
    assert len(meter.state.times_mono_ns) <= 27
    assert meter.state.times_mono_ns[-1] - meter.state.times_mono_ns[0] <= 66 * NS_PER_S


def test_silence_widens_the_bounds_and_ends_the_estimate_after_a_window() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    before = meter.run(300_000, 120)
    silent = meter.scan(0, 31 * NS_PER_S, known=False)
    assert silent is not None
    assert silent.power_w == before.power_w
    assert silent.high_w - before.high_w == pytest.approx(250_000.0, rel=1e-6)
    assert silent.low_w == pytest.approx(50_000.0, rel=1e-3)
    assert meter.scan(0, 31 * NS_PER_S, known=False) is None


def test_usual_distance_of_samples_is_no_silence() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    for _ in range(30):
        meter.scan(300_000, 5 * NS_PER_S)
    waiting = meter.scan(300_000, 4 * NS_PER_S, known=False)
    assert waiting is not None
    assert waiting.high_w == pytest.approx(waiting.power_w, rel=1e-6)


def test_varying_power_widens_the_bounds_by_its_deviation() -> None:
    meter = _Meter(Estimator.TWO_POINT, sigmas=2.0)
    for index in range(40):
        estimate = meter.scan(400_000 if index % 2 else 200_000, 3 * NS_PER_S)
    assert estimate is not None
    assert estimate.power_w == pytest.approx(300_000.0, rel=0.06)
    assert estimate.high_w - estimate.power_w == pytest.approx(200_000.0, rel=0.02)


def test_short_history_is_no_estimate_without_a_register() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    assert [meter.scan(300_000, 5 * NS_PER_S) is None for _ in range(5)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_short_history_takes_the_power_register() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    meter.register_w = 200_000.0
    assert meter.scan(300_000, NS_PER_S) == PowerEstimate(200_000.0, 180_000.0, 220_000.0 + 3e-11)
    meter.run(300_000, 30)
    assert meter.scan(300_000, NS_PER_S).power_w == 200_000.0
    assert meter.run(300_000, 60).power_w == pytest.approx(300_000.0, rel=1e-6)


def test_register_that_shows_export_is_no_import() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    meter.register_w = -50_000.0
    assert meter.scan(0, NS_PER_S, known=False) == PowerEstimate(0.0, 0.0, 0.0)


def test_register_is_not_believed_while_metering_is_lost() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    meter.register_w = 200_000.0
    meter.lost = True
    assert meter.scan(0, NS_PER_S, known=False) is None


def test_long_estimated_span_says_nothing_of_present_power() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    meter.run(300_000, 120)
    assert meter.scan(10_000, 600 * NS_PER_S, estimated=True) is None
    assert meter.run(50_000, 20).power_w == pytest.approx(50_000.0, rel=1e-4)


def test_short_estimated_span_is_history_like_any_other() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    meter.run(300_000, 120)
    assert meter.scan(300_000, 10 * NS_PER_S, estimated=True).power_w == pytest.approx(300_000.0)


def test_energy_at_an_instant_is_not_lost() -> None:
    meter = _Meter(Estimator.TWO_POINT)
    meter.run(0, 120)
    step = MeteringStep(
        (Booking(meter.now_ns, meter.now_ns, 1000 * _WH, 0),), meter.now_ns, 1, None, 0, None
    )
    estimate = meter.estimator.step(step, meter.now_ns)
    assert estimate is not None
    assert estimate.power_w == pytest.approx(60_000.0, rel=0.05)
