"""Tracks, pulses and power as single sources: nothing lost, nothing twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.metering.gap import gap_energy_uwh, power_since_break_w
from edge.core.metering.power import PowerSource, PowerState, trapezoid_uwh
from edge.core.metering.pulse import PulseSource, PulseState
from edge.core.metering.recent import RecentPower
from edge.core.metering.source import label
from edge.core.metering.track import TrackState
from edge.model.energy import Booking
from edge.model.event import EventKind, Severity
from edge.model.scan import MeterSample, PulseSample
from edge.model.spec import Direction, PulseSpec
from edge.model.units import NS_PER_HOUR, NS_PER_S, UWH_PER_KWH
from tests.core.metering.plant import ENERGY, POWER, PULSES, spec

S = NS_PER_S


def _track(from_s: int, at_s: int, import_uwh: int, export_uwh: int = 0) -> TrackState:
    return TrackState(
        heard_mono_ns=at_s * S,
        at_mono_ns=at_s * S,
        from_mono_ns=from_s * S,
        import_uwh=import_uwh,
        export_uwh=export_uwh,
    )


def test_label_is_written_as_in_the_site_file() -> None:
    assert [label(one) for one in (PULSES, ENERGY, POWER)] == [
        "pulse.incomer",
        "meter.incomer.energy",
        "meter.incomer.power",
    ]


def test_track_with_all_its_energy_after_the_settled_instant_keeps_it() -> None:
    track = _track(0, 10, 70)
    track.add(12 * S, 30, 4)
    assert (track.import_uwh, track.export_uwh, track.spacing_ns) == (100, 4, 2 * S)


def test_track_settled_within_a_span_keeps_the_later_share() -> None:
    track = _track(0, 10, 100, 50)
    track.settle(4 * S)
    assert (track.import_uwh, track.export_uwh, track.from_mono_ns) == (60, 30, 4 * S)
    track.settle(3 * S)
    assert (track.import_uwh, track.from_mono_ns) == (60, 4 * S)


def test_track_settled_beyond_its_end_takes_the_share_of_the_next_span() -> None:
    track = _track(0, 10, 100)
    track.settle(16 * S)
    assert track.import_uwh == 0
    track.add(20 * S, 100, 10)
    assert (track.import_uwh, track.export_uwh) == (40, 4)
    assert (track.total_import_uwh, track.total_export_uwh) == (100, 10)


def test_track_whose_next_span_ends_before_the_settled_instant_keeps_nothing() -> None:
    track = _track(0, 10, 100)
    track.settle(16 * S)
    track.add(15 * S, 100, 10)
    assert (track.import_uwh, track.export_uwh) == (0, 0)
    track.add(18 * S, 90, 0)
    assert track.import_uwh == 60


def test_track_taken_starts_from_its_last_exact_instant() -> None:
    track = _track(0, 10, 100, 1)
    assert track.take() == (100, 1)
    assert (track.import_uwh, track.export_uwh, track.from_mono_ns) == (0, 0, 10 * S)


def test_track_added_to_at_the_same_instant_asserts() -> None:
    with pytest.raises(AssertionError):
        _track(0, 10, 0).add(10 * S, 1, 0)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**9)), min_size=1),
    st.lists(st.integers(1, 500)),
)
def test_track_handed_any_settled_instants_never_has_more_than_it_counted(
    spans: list[tuple[int, int]], settled: list[int]
) -> None:
    track, settles, counted = _track(0, 0, 0), iter(sorted(settled)), 0
    for span_s, energy in spans:
        track.add(track.at_mono_ns + span_s * S, energy, 0)
        counted += energy
        track.settle(next(settles, 0) * S)
        assert 0 <= track.import_uwh <= counted


class _Input:
    """One pulse input with its track, as the metering wires it."""

    def __init__(
        self, numerator: int, denominator: int, direction: Direction = Direction.IMPORT
    ) -> None:
        self.state, self.track = PulseState(), TrackState()
        pulse = PulseSpec("incomer", numerator, denominator, direction)
        self.source = PulseSource(PULSES, pulse, self.state, self.track, 5 * S, 1e6)

    def hear(self, now_s: float, count: int, epoch: int = 1, edge_s: float = 0.0) -> list[object]:
        sample = PulseSample("incomer", epoch, count, int(edge_s * S))
        return list(self.source.hear(sample, int(now_s * S)))


def test_pulse_weight_of_vt_60_and_ct_20_gives_24_wh() -> None:
    """VT 60 x CT 20 at 50,000 pulse/kWh is 0.024 kWh a pulse."""
    one = _Input(60 * 20 * UWH_PER_KWH, 50_000)
    one.hear(0, 7)
    one.hear(1, 8)
    assert (one.track.import_uwh, one.source.grain_uwh()) == (24_000_000, 24_000_000)


def test_pulse_weight_that_is_no_whole_uwh_does_not_drift() -> None:
    one = _Input(UWH_PER_KWH, 3)
    for second in range(3001):
        one.hear(second / 100, second // 1000)
    assert one.track.total_import_uwh == UWH_PER_KWH


def test_pulse_edges_date_the_energy_and_wrong_edge_times_do_not() -> None:
    one = _Input(24_000_000, 1)
    one.hear(1, 0)
    one.hear(2, 1, edge_s=1.75)
    assert one.track.at_mono_ns == int(1.75 * S)
    one.hear(3, 2, edge_s=1.5)
    assert one.track.at_mono_ns == 3 * S
    one.hear(4, 3, edge_s=9.0)
    assert (one.track.at_mono_ns, one.track.import_uwh) == (4 * S, 72_000_000)


def test_pulses_of_an_export_input_are_export() -> None:
    one = _Input(24_000_000, 1, Direction.EXPORT)
    one.hear(0, 0)
    one.hear(1, 2)
    assert (one.track.import_uwh, one.track.export_uwh) == (0, 48_000_000)


@pytest.mark.parametrize(("epoch", "count"), [(2, 3), (1, 3)])
def test_pulses_counted_anew_count_in_full_and_begin_a_new_span(epoch: int, count: int) -> None:
    one = _Input(24_000_000, 1)
    one.hear(0, 10)
    one.hear(1, 12)
    one.hear(2, count, epoch=epoch)
    assert one.track.total_import_uwh == 5 * 24_000_000
    assert (one.track.from_mono_ns, one.track.breaks_count) == (2 * S - 1, 1)


def test_pulses_counted_anew_from_zero_break_the_track_without_energy() -> None:
    one = _Input(24_000_000, 1)
    one.hear(0, 10)
    one.hear(1, 0, epoch=2)
    assert (one.track.total_import_uwh, one.track.breaks_count) == (0, 1)
    assert one.track.heard_mono_ns == S


def test_pulses_at_an_impossible_rate_are_noise_and_bar_the_input() -> None:
    """1 MW, a quarter over, for 0.1 s and 1 s of slack: 0.38 kWh, 15 pulses, and two more."""
    one = _Input(24_000_000, 1)
    one.hear(0, 0)
    assert one.hear(0.1, 17) == []
    assert one.source.fault is None
    (note,) = one.source.hear(PulseSample("incomer", 1, 35, 0), int(0.2 * S))
    assert (note.kind, note.severity, note.facts["reason"]) == (
        EventKind.COUNTER,
        Severity.WARNING,
        "impossible_rate",
    )
    assert one.source.fault == "impossible_rate"
    assert one.track.total_import_uwh == 17 * 24_000_000
    assert one.hear(5, 1000) == []
    assert one.hear(14.9, 1000) == []
    assert one.source.fault == "impossible_rate"
    (cleared,) = one.source.hear(PulseSample("incomer", 1, 1001, 0), 15 * S)
    assert cleared.facts == {"reason": "impossible_rate", "cleared": True}
    assert one.source.fault is None
    assert one.track.total_import_uwh == 18 * 24_000_000


def test_pulse_line_fault_is_told_once_and_its_count_is_not_taken() -> None:
    one = _Input(24_000_000, 1)
    one.hear(0, 0)
    faulty = PulseSample("incomer", 1, 5, 0, fault=True)
    notes = [*one.source.hear(faulty, S), *one.source.hear(faulty, 2 * S)]
    assert [(note.kind, note.facts) for note in notes] == [
        (EventKind.METER, {"fault": "line_fault"})
    ]
    assert (one.source.fault, one.track.heard_mono_ns) == ("line_fault", 0)
    (back,) = one.source.hear(PulseSample("incomer", 1, 1, 0), 3 * S)
    assert back.facts == {"fault": "line_fault", "cleared": True}
    assert (one.source.fault, one.track.total_import_uwh) == (None, 24_000_000)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60),
    st.integers(1, 50 * 10**6),
    st.integers(1, 1000),
)
def test_pulses_over_any_epochs_are_neither_lost_nor_counted_twice(
    scans: list[tuple[int, bool]], numerator: int, denominator: int
) -> None:
    one = _Input(numerator, denominator)
    one.hear(0, 0)
    epoch = count = total = 0
    for second, (fresh, anew) in enumerate(scans, start=1):
        epoch, count = (epoch + 1, fresh) if anew else (epoch, count + fresh)
        total += fresh
        one.hear(second, count, epoch=epoch + 1)
    assert one.track.total_import_uwh == total * numerator // denominator


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


def test_power_since_break_is_unknown_before_time_has_passed() -> None:
    one = _Input(24_000_000, 1)
    assert power_since_break_w(one.source) is None
    one.hear(0, 0)
    assert power_since_break_w(one.source) is None
    one.hear(12, 10)
    assert power_since_break_w(one.source) == (pytest.approx(72_000.0), 0.0)


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
