"""The checkpoint file survives a cut at any byte of any write."""

from __future__ import annotations

import errno
import os
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.keeper.slots import PACKED_BYTES_MAX, SLOT_BYTES, SlotFile, read_newest

# What does not pack.
_NOISE = random.Random(1).randbytes(PACKED_BYTES_MAX + 1)


def _write(path: Path, *payloads: bytes) -> None:
    slots = SlotFile(path)
    for payload in payloads:
        slots.write(payload)
    slots.close()


def test_newest_of_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read_newest(tmp_path / "none") is None


def test_newest_of_a_new_file_is_none(tmp_path: Path) -> None:
    _write(tmp_path / "slots")
    assert read_newest(tmp_path / "slots") is None


def test_newest_is_the_last_written(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    for count in range(1, 5):
        _write(path, b"state %d" % count)
        assert read_newest(path) == b"state %d" % count


@given(cut=st.integers(0, 60), before=st.binary(max_size=30), after=st.binary(max_size=30))
def test_cut_during_a_write_leaves_the_state_before_or_after(
    tmp_path_factory: pytest.TempPathFactory, cut: int, before: bytes, after: bytes
) -> None:
    path = tmp_path_factory.mktemp("slots") / "slots"
    _write(path, b"first", before)
    old = path.read_bytes()
    _write(path, after)
    new = path.read_bytes()
    offset = SLOT_BYTES  # the third write goes to slot 1
    torn = old[:offset] + new[offset : offset + cut] + old[offset + cut :]
    path.write_bytes(torn)
    assert read_newest(path) in (before, after)


def test_any_flipped_byte_gives_the_other_slot(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    _write(path, b"older", b"newer")
    whole = path.read_bytes()
    for position in range(24 + len(zlib.compress(b"newer", 1))):  # slot 0 holds the second write
        broken = bytearray(whole)
        broken[position] ^= 0xFF
        path.write_bytes(broken)
        assert read_newest(path) == b"older", position


def test_too_long_payload_is_refused_and_the_last_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    slots = SlotFile(path)
    slots.write(b"good")
    with pytest.raises(ValueError, match="too long"):
        slots.write(_NOISE)
    slots.close()
    assert read_newest(path) == b"good"


def test_file_never_changes_its_length(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    _write(path, b"a")
    size = path.stat().st_size
    _write(path, _NOISE[: PACKED_BYTES_MAX // 2], b"b")
    assert path.stat().st_size == size == 2 * SLOT_BYTES


def test_folder_that_can_not_be_made_raises(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(FileExistsError):
        SlotFile(blocked / "slots")


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_full_disk_tried_again_and_again_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    before = _open_files()
    for _ in range(10):
        with pytest.raises(OSError, match="No space left"):
            SlotFile(tmp_path / "slots")
    assert _open_files() == before


def test_checkpoint_that_is_taken_in_part_only_raises_and_the_last_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = SlotFile(tmp_path / "slots")
    slots.write(b"whole")
    real = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:20], at))
        with pytest.raises(OSError, match="only a part"):
            slots.write(b"the next one")
    slots.close()
    assert read_newest(tmp_path / "slots") == b"whole"
