"""A pulse input as a source: no pulse lost, none twice, noise is no energy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.metering.gap import power_since_break_w
from edge.core.metering.pulse import PulseSource, PulseState
from edge.core.metering.track import TrackState
from edge.model.event import EventKind, Severity
from edge.model.scan import PulseSample
from edge.model.spec import Direction, PulseSpec
from edge.model.units import NS_PER_S, UWH_PER_KWH
from tests.core.metering.plant import PULSES

S = NS_PER_S


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
    assert one.track.breaks_count == 0
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


def test_power_since_break_is_unknown_before_time_has_passed() -> None:
    one = _Input(24_000_000, 1)
    assert power_since_break_w(one.source) is None
    one.hear(0, 0)
    assert power_since_break_w(one.source) is None
    one.hear(12, 10)
    assert power_since_break_w(one.source) == (pytest.approx(72_000.0), 0.0)
