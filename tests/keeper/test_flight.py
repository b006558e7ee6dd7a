"""The flight recorder: a ring of segments that replay by themselves, incidents kept."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.keeper.flight import (
    SEGMENT_NS,
    SEGMENTS_IN_RING,
    FlightRecorder,
    Header,
    read_segment,
    segments_in,
)
from edge.keeper.link import ScanRecord, StateRecord
from edge.model.checkpoint import Checkpoint
from edge.model.scan import ClockTrust

_HEADER = Header("1.0", "EG-KITA", "Mill", b"spec")


def _scan(number: int) -> ScanRecord:
    return ScanRecord(number, b"inputs %d" % number, number * 3)


def _state(mono_ns: int, scan_number: int) -> StateRecord:
    raw = msgspec.Raw(msgspec.msgpack.encode({"n": scan_number}))
    return StateRecord(Checkpoint("boot", mono_ns, 0, ClockTrust.NTP, "site", scan_number, raw))


def _recorder(folder: Path, kept_bytes_max: int = 1 << 30) -> FlightRecorder:
    return FlightRecorder(_HEADER, folder / "ring", folder / "kept", kept_bytes_max)


def test_segment_begins_with_header_and_state_and_holds_every_scan(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    frames = [_state(10, 4), _scan(5), _scan(6), _state(20, 6), _scan(7)]
    for frame in frames:
        recorder.state(frame) if isinstance(frame, StateRecord) else recorder.record(frame)
    recorder.close()
    (path,) = segments_in(tmp_path / "ring")
    assert list(read_segment(path)) == [_HEADER, *frames]


def test_scan_before_any_state_is_not_recorded(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.record(_scan(1))
    recorder.close()
    assert not (tmp_path / "ring").exists()


def test_gap_in_the_scans_ends_the_segment_until_the_next_state(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.state(_state(10, 0))
    recorder.record(_scan(1))
    recorder.record(_scan(3))
    recorder.record(_scan(4))
    recorder.state(_state(20, 4))
    recorder.record(_scan(5))
    recorder.close()
    first, second = segments_in(tmp_path / "ring")
    assert list(read_segment(first)) == [_HEADER, _state(10, 0), _scan(1)]
    assert list(read_segment(second)) == [_HEADER, _state(20, 4), _scan(5)]


def test_ring_keeps_its_number_of_segments(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    for minute in range(SEGMENTS_IN_RING + 5):
        recorder.state(_state(minute * SEGMENT_NS, minute))
    recorder.close()
    segments = segments_in(tmp_path / "ring")
    assert len(segments) == SEGMENTS_IN_RING
    assert segments[0].stem == f"{5 * SEGMENT_NS:020d}"


def test_incident_keeps_its_segment_and_the_one_before(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    for minute in range(4):
        recorder.state(_state(minute * SEGMENT_NS, minute))
        if minute == 2:
            recorder.mark()
    recorder.close()
    kept = segments_in(tmp_path / "kept")
    assert [path.name for path in kept] == [
        f"{minute * SEGMENT_NS:020d}.flight.z" for minute in (1, 2)
    ]
    assert list(read_segment(kept[1])) == [_HEADER, _state(2 * SEGMENT_NS, 2)]


def test_kept_incidents_stay_within_their_size_and_the_newest_stays(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path, kept_bytes_max=1)
    for minute in range(3):
        recorder.state(_state(minute * SEGMENT_NS, minute))
        recorder.mark()
    recorder.close()
    assert [path.stem for path in segments_in(tmp_path / "kept")] == [
        f"{2 * SEGMENT_NS:020d}.flight"
    ]


def test_torn_segment_gives_its_whole_frames(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.state(_state(10, 0))
    recorder.record(_scan(1))
    recorder.close()
    (path,) = segments_in(tmp_path / "ring")
    whole = path.read_bytes()
    for cut in range(1, 12):
        path.write_bytes(whole[:-cut])
        assert list(read_segment(path)) == [_HEADER, _state(10, 0)]


@pytest.mark.parametrize("name", ["x.flight", "x.flight.z"])
def test_file_that_is_no_recording_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="not a recording"):
        list(read_segment(path))
