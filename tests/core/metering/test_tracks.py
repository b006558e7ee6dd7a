"""Tracks: energy of one source that the ledger does not have yet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.metering.source import label
from edge.core.metering.track import TrackState
from edge.model.units import NS_PER_S
from tests.core.metering.plant import ENERGY, POWER, PULSES

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
    track = _track(2, 12, 100, 50)
    track.settle(6 * S)
    assert (track.import_uwh, track.export_uwh, track.from_mono_ns) == (60, 30, 6 * S)
    track.settle(3 * S)
    assert (track.import_uwh, track.from_mono_ns) == (60, 6 * S)


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
