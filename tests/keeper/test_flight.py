"""The flight recorder: a ring of segments that replay by themselves, incidents kept."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

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


class _Full:
    """A file on a disk without room: takes bytes into its buffer, and gives them to nobody."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self._file.close()
        self.flush()


def test_full_ring_is_said_and_whole_minutes_stay_and_the_next_state_begins_again(
    tmp_path: Path,
) -> None:
    recorder = _recorder(tmp_path)
    recorder.state(_state(10, 0))
    recorder.record(_scan(1))
    recorder.flush()
    recorder.record(_scan(3))  # a gap: the segment ends
    for second in range(100):
        recorder.state(_state(1_000 + second, 3 + second))
        assert recorder._file is not None
        recorder._file = _Full(recorder._file)  # type: ignore[assignment]
        recorder.flush()
        recorder.record(_scan(4 + second))
    assert recorder.trouble == (
        f"{tmp_path / 'ring'}: scans not recorded: got [Errno 28] No space left on device;"
        " control goes on; free memory or the folder"
    )
    recorder.state(_state(2_000, 200))
    recorder.flush()
    assert recorder.trouble == ""
    recorder.close()
    segments = [list(read_segment(path)) for path in segments_in(tmp_path / "ring")]
    assert segments == [[_HEADER, _state(10, 0), _scan(1)], [_HEADER, _state(2_000, 200)]]


def test_ring_that_can_not_be_made_is_said_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "ring").write_bytes(b"a file where the folder should be")
    recorder = _recorder(tmp_path)
    recorder.state(_state(10, 0))
    recorder.record(_scan(1))
    assert "scans not recorded: got [Errno 17] File exists" in recorder.trouble
    (tmp_path / "ring").unlink()
    recorder.state(_state(20, 1))
    recorder.flush()
    assert recorder.trouble == ""
    recorder.close()


def test_incident_that_can_not_be_kept_is_said_and_kept_when_it_can(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"a file where the folder should be")
    recorder = _recorder(tmp_path)
    recorder.state(_state(0, 0))
    recorder.mark()
    recorder.state(_state(SEGMENT_NS, 0))
    assert "incident not kept: got [Errno 17] File exists" in recorder.trouble
    (tmp_path / "kept").unlink()
    recorder.flush()
    assert recorder.trouble == ""
    assert [path.name for path in segments_in(tmp_path / "kept")] == [f"{0:020d}.flight.z"]
    recorder.close()


def test_incidents_of_the_boot_before_go_before_those_of_this_one(tmp_path: Path) -> None:
    """Names count from a boot: the first minutes of a new one have the lowest."""
    before = _recorder(tmp_path)
    before.state(_state(900 * SEGMENT_NS, 0))
    before.mark()
    before.close()
    (old,) = segments_in(tmp_path / "kept")
    os.utime(old, (1, 1))
    after = _recorder(tmp_path, kept_bytes_max=old.stat().st_size)
    after.state(_state(SEGMENT_NS, 0))
    after.mark()
    after.close()
    assert [path.name for path in segments_in(tmp_path / "kept")] == [f"{SEGMENT_NS:020d}.flight.z"]
