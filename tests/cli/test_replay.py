"""A recording is decided again bit for bit, from every checkpoint in it, and a change is found."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from edge.config.codec import encode_spec
from edge.core.replay import Replay
from edge.keeper.flight import FlightRecorder, Frame, Header, read_segment, segments_in
from edge.keeper.link import ScanRecord, StateRecord
from edge.model.event import EventKind
from tests.cli.conftest import Invoke
from tests.cli.plant import RecordedRun, loaded_site


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    return RecordedRun(loaded_site(tmp_path), tmp_path, 620)


def _frames(folder: Path) -> list[Frame]:
    return [frame for segment in segments_in(folder) for frame in read_segment(segment)]


def _record(folder: Path, frames: list[Frame]) -> Path:
    """Frames as a recording of their own, in one segment where they have no gap."""
    header = next(frame for frame in frames if isinstance(frame, Header))
    recorder = FlightRecorder(header, folder / "again", folder / "kept", 1 << 30)
    for frame in frames:
        if isinstance(frame, StateRecord):
            recorder.state(frame)
        elif isinstance(frame, ScanRecord):
            recorder.record(frame)
    recorder.close()
    return folder / "again"


def test_replay_tells_every_move_and_finds_the_run_the_same(
    run: RecordedRun, tmp_path: Path, invoke: Invoke
) -> None:
    result = invoke("replay", tmp_path / "flight")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("620 scans and 88 states decided again: the same, bit for bit\n")
    moves = [
        line for line in result.stdout.splitlines() if " shed: " in line or " restored: " in line
    ]
    assert len(moves) == sum(event.kind is EventKind.RELAY for event in run.events)


@pytest.mark.usefixtures("run")
def test_replay_at_a_time_shows_the_picture_and_the_moves_around(
    tmp_path: Path, invoke: Invoke
) -> None:
    result = invoke("replay", tmp_path / "flight", "--at", "2026-04-01T09:02:00", "--load", "fan")
    lines = result.stdout.splitlines()
    assert lines[0] == "EG-KITA, Rolling mill: recorded by denban 0.1.0"
    assert lines[2] == "as it was at 2026-04-01 09:02:00:"
    assert lines[3].startswith("stage NORMAL, controller is: ")
    moves = [line.partition(" (")[0] for line in lines if line.startswith("2026")]
    assert moves[0] == "2026-04-01 09:01:40   fan shed: by hand"
    # When it came back is shedding's business; who and why are ours to show.
    assert [move[22:] for move in moves[1:]] == ["fan restored: there is room for it again"]


def test_replay_from_every_checkpoint_gives_the_same(run: RecordedRun, tmp_path: Path) -> None:
    """What a decision needs is in the state: nothing is remembered beside it."""
    frames = [frame for frame in _frames(tmp_path / "flight") if not isinstance(frame, Header)]
    spec = loaded_site(tmp_path).spec
    begun = 0
    for first, frame in enumerate(frames):
        if isinstance(frame, StateRecord) and frame.checkpoint.scan_number % 35 == 0:
            begun += 1
            _assert_same(Replay(spec), frames[first:])
    assert begun >= 17
    assert run.events


def _assert_same(replay: Replay, frames: list[Frame]) -> None:
    for frame in frames:
        if isinstance(frame, ScanRecord):
            assert replay.step(frame.inputs, frame.outputs_crc).same, frame.number
        elif isinstance(frame, StateRecord) and replay.meets(frame.checkpoint):
            assert replay.state_is(frame.checkpoint), frame.checkpoint.scan_number
        elif isinstance(frame, StateRecord):
            replay.begin(frame.checkpoint)


@pytest.mark.usefixtures("run")
def test_replay_of_other_outputs_says_at_which_scan(tmp_path: Path, invoke: Invoke) -> None:
    frames = [
        ScanRecord(frame.number, frame.inputs, 0)
        if isinstance(frame, ScanRecord) and frame.number in {50, 51}
        else frame
        for frame in _frames(tmp_path / "flight")
    ]
    recording = _record(tmp_path, frames)
    result = invoke("replay", recording)
    assert result.exit_code == 1
    assert "620 scans and 88 states decided again: differs\n" in result.stdout
    assert result.stderr == (
        "scan 50 at 2026-04-01 09:00:50: other outputs than recorded\n"
        "scan 51 at 2026-04-01 09:00:51: other outputs than recorded\n"
        f"{recording}: the replay differs: got other outputs after scan 50 at 2026-04-01 09:00:50,"
        " 2 differences in all; please report it with the recording\n"
    )


@pytest.mark.usefixtures("run")
def test_replay_of_another_state_is_found_at_its_checkpoint(tmp_path: Path, invoke: Invoke) -> None:
    frames = _frames(tmp_path / "flight")
    for index, frame in enumerate(frames):
        if isinstance(frame, StateRecord) and frame.checkpoint.scan_number == 70:
            state = msgspec.msgpack.decode(frame.checkpoint.state)
            state["metering"]["ledger"]["booked_until_mono_ns"] += 1
            changed = msgspec.Raw(msgspec.msgpack.encode(state))
            point = msgspec.structs.replace(frame.checkpoint, state=changed)
            frames[index] = StateRecord(point)
    result = invoke("replay", _record(tmp_path, frames), "--json")
    made = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (made["differences"][0]["scan"], made["differences"][0]["what"]) == (70, "state")


@pytest.mark.usefixtures("run")
def test_replay_begins_anew_after_a_gap(tmp_path: Path, invoke: Invoke) -> None:
    frames = [
        frame
        for frame in _frames(tmp_path / "flight")
        if not (isinstance(frame, ScanRecord) and 100 < frame.number < 110)
    ]
    result = invoke("replay", _record(tmp_path, frames))
    assert result.exit_code == 0
    # Scan 105 is missing before its state, and 110 to 112 cannot be recorded without one.
    assert result.stdout.splitlines()[-1] == (
        "608 scans and 86 states decided again, 2 gaps: the same, bit for bit"
    )


@pytest.mark.usefixtures("run")
def test_replay_goes_on_from_a_state_that_was_taken_over_without_comparing_it(
    tmp_path: Path, invoke: Invoke
) -> None:
    frames = _frames(tmp_path / "flight")
    first = next(
        index
        for index, frame in enumerate(frames)
        if isinstance(frame, StateRecord) and frame.checkpoint.scan_number == 70
    )
    other = next(
        frame.checkpoint
        for frame in frames
        if isinstance(frame, StateRecord) and frame.checkpoint.scan_number == 63
    )
    record = frames[first]
    assert isinstance(record, StateRecord)
    adopted = msgspec.structs.replace(record.checkpoint, state=other.state, adopted=True)
    frames.insert(first, StateRecord(adopted))
    frames[first + 1] = StateRecord(msgspec.structs.replace(record.checkpoint, adopted=True))
    result = invoke("replay", _record(tmp_path, frames))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == (
        "620 scans and 87 states decided again, taken over from the peer 2 times: the same, bit for"
        " bit"
    )


@pytest.mark.usefixtures("run")
def test_replay_of_one_segment_needs_no_other(tmp_path: Path, invoke: Invoke) -> None:
    segment = segments_in(tmp_path / "flight")[3]
    result = invoke("replay", segment)
    assert result.exit_code == 0
    assert "scans and" in result.stdout


def test_replay_of_what_is_no_recording_is_refused(tmp_path: Path, invoke: Invoke) -> None:
    other = tmp_path / "other.flight"
    other.write_bytes(b"something else entirely")
    for path, said in (
        (other, "not a recording"),
        (tmp_path / "none.flight", "no such recording"),
        (tmp_path / "empty", "nothing to replay"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        result = invoke("replay", path)
        assert result.exit_code == 2
        assert said in result.stderr


def test_replay_of_another_versions_state_is_refused(tmp_path: Path, invoke: Invoke) -> None:
    loaded = loaded_site(tmp_path)
    RecordedRun(loaded, tmp_path, 7)
    frames = _frames(tmp_path / "flight")
    odd = msgspec.Raw(msgspec.msgpack.encode({"metering": 1}))
    frames = [
        StateRecord(msgspec.structs.replace(frame.checkpoint, state=odd))
        if isinstance(frame, StateRecord)
        else frame
        for frame in frames
    ]
    assert isinstance(frames[0], Header)
    assert frames[0].spec == encode_spec(loaded.spec)
    result = invoke("replay", _record(tmp_path, frames))
    assert result.exit_code == 2
    assert "same version of denban" in result.stderr
