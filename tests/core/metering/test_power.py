"""A power register as a source, and powers that bridge a gap."""

from __future__ import annotations

import pytest

from edge.core.metering.gap import gap_energy_uwh
from edge.core.metering.power import PowerSource, PowerState, trapezoid_uwh
from edge.core.metering.recent import RecentPower
from edge.core.metering.track import TrackState
from edge.model.energy import Booking
from edge.model.event import Severity
from edge.model.scan import MeterSample
from edge.model.units import NS_PER_HOUR, NS_PER_S
from tests.core.metering.plant import POWER, spec

S = NS_PER_S


@pytest.mark.parametrize(
    ("before_w", "after_w", "energy"),
    [
        (3600.0, 3600.0, (1_000_000, 0)),
        (0.0, 7200.0, (1_000_000, 0)),
        (-3600.0, -3600.0, (0, 1_000_000)),
        (0.0, -7200.0, (0, 1_000_000)),
        (3600.0, -3600.0, (250_000, 250_000)),
        (-10800.0, 3600.0, (125_000, 1_125_000)),
        (0.0, 0.0, (0, 0)),
    ],
)
def test_trap_07_power_over_a_second_keeps_import_and_export_apart(
    before_w: float, after_w: float, energy: tuple[int, int]
) -> None:
    assert trapezoid_uwh(before_w, after_w, S) == energy


def _power() -> PowerSource:
    return PowerSource(POWER, spec(POWER).meters[0], PowerState(), TrackState(), 1e6)


def test_power_is_integrated_over_time_and_not_averaged_over_samples() -> None:
    """Four samples at 0 W in one second, then one of 3600 W that stands for three."""
    one = _power()
    for at_s, power_w in ((0.0, 0.0), (0.25, 0.0), (0.5, 0.0), (1.0, 3600.0), (4.0, 3600.0)):
        assert one.hear(MeterSample("incomer", int(at_s * S), power_w), 9 * S) == []
    assert one.track.import_uwh == 250_000 + 3_000_000


def test_power_is_not_integrated_over_a_silence_longer_than_it_is_believed() -> None:
    one = _power()
    for at_s in (0, 5, 11):
        one.hear(MeterSample("incomer", at_s * S, 3600.0), at_s * S)
    assert (one.track.total_import_uwh, one.track.from_mono_ns) == (5_000_000, 11 * S)


def test_power_beyond_the_connection_is_not_heard_and_told_once() -> None:
    one = _power()
    one.hear(MeterSample("incomer", 0, 1.25e6), 0)
    notes = [
        *one.hear(MeterSample("incomer", S, 1.26e6), S),
        *one.hear(MeterSample("incomer", 2 * S, -1.26e6), 2 * S),
    ]
    assert [note.facts for note in notes] == [
        {"reason": "impossible_power", "power_kw": pytest.approx(1260.0)}
    ]
    assert (one.track.heard_mono_ns, one.power_w) == (0, 1.25e6)
    (cleared,) = one.hear(MeterSample("incomer", 3 * S, 0.0), 3 * S)
    assert (cleared.severity, cleared.facts["cleared"]) == (Severity.INFO, True)


def test_gap_energy_is_the_mean_of_the_powers_that_are_known() -> None:
    hour = NS_PER_HOUR
    assert gap_energy_uwh((100.0, 0.0), (200.0, 50.0), hour) == (150_000_000, 25_000_000)
    assert gap_energy_uwh(None, (200.0, 50.0), hour) == (200_000_000, 50_000_000)
    assert gap_energy_uwh((100.0, 0.0), None, hour) == (100_000_000, 0)
    assert gap_energy_uwh(None, None, hour) == (0, 0)


def test_recent_power_is_the_mean_of_one_to_two_minutes() -> None:
    recent = RecentPower()
    assert recent.mean_w() is None
    for second in range(150):
        power_w = 3600 if second < 60 else 7200
        recent.note(Booking(second * S, (second + 1) * S, power_w * 1_000_000 // 3600, 500_000))
    assert recent.mean_w() == (pytest.approx(7200.0), pytest.approx(1800.0))


def test_recent_power_ends_at_an_estimate() -> None:
    recent = RecentPower()
    recent.note(Booking(0, 90 * S, 10**9, 0))
    recent.note(Booking(90 * S, 91 * S, 10**9, 0, estimated=True))
    assert recent.mean_w() is None
    recent.note(Booking(91 * S, 92 * S, 1_000_000, 0))
    assert recent.mean_w() == (pytest.approx(3600.0), 0.0)
