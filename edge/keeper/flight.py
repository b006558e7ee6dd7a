"""The flight recorder: every scan's inputs in a ring of segment files, incidents kept on the disk.

The ring lies in the runtime folder (memory); a marked incident copies the segments around it,
packed, to the state folder. A segment begins with the compiled site and a checkpoint, so that
it replays by itself.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct

from edge.keeper.link import ScanRecord, StateRecord

SEGMENT_NS: Final = 60_000_000_000
SEGMENTS_IN_RING: Final = 60
_MAGIC: Final = b"DENBAN-FLIGHT-1\n"
_FRAME: Final = struct.Struct("<II")  # length, CRC-32
_FRAME_BYTES_MAX: Final = 1 << 20
PACKED_SUFFIX: Final = ".flight.z"
PLAIN_SUFFIX: Final = ".flight"


class Header(Struct, frozen=True, array_like=True, tag="header"):
    """What a replay needs beside the frames: the compiled site (see edge.config.codec)."""

    version: str
    unit: str
    site: str
    spec: bytes


Frame = Header | StateRecord | ScanRecord
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


class FlightRecorder:
    """Writes the ring in `ring`, incidents in `kept` (at most `kept_bytes_max` in all).

    Every method may raise OSError; the segment is given up then, and the next state begins another.
    """

    def __init__(self, header: Header, ring: Path, kept: Path, kept_bytes_max: int) -> None:
        self._header = header
        self._ring = ring
        self._kept = kept
        self._kept_bytes_max = kept_bytes_max
        self._file: IO[bytes] | None = None
        self._path = ring
        self._begun_mono_ns = 0
        self._scan_number = 0
        self._marked = False
        self._previous: Path | None = None
        ring.mkdir(parents=True, exist_ok=True)

    def record(self, scan: ScanRecord) -> None:
        """Add one scan. After a gap in the numbers nothing is recorded until the next state."""
        if self._file is None:
            return
        if scan.number != self._scan_number + 1:
            self._end_segment()
            return
        self._scan_number = scan.number
        self._put(scan)

    def state(self, record: StateRecord) -> None:
        """Add a checkpoint; begins a new segment where one is due."""
        point = record.checkpoint
        if self._file is not None and point.mono_ns - self._begun_mono_ns >= SEGMENT_NS:
            self._end_segment()
        if self._file is None:
            self._begin_segment(point.mono_ns, point.scan_number)
        self._put(record)

    def mark(self) -> None:
        """An incident: the segment being written and the one before it will be kept."""
        self._marked = True

    def flush(self) -> None:
        if self._file is not None:
            try:
                self._file.flush()
            except OSError:
                self._give_up()
                raise

    def close(self) -> None:
        self._end_segment()

    def _begin_segment(self, mono_ns: int, scan_number: int) -> None:
        for old in sorted(self._ring.glob(f"*{PLAIN_SUFFIX}"))[: -(SEGMENTS_IN_RING - 1)]:
            old.unlink()
        self._path = self._ring / f"{mono_ns:020d}{PLAIN_SUFFIX}"
        self._file = self._path.open("wb")
        self._file.write(_MAGIC)
        self._begun_mono_ns = mono_ns
        self._scan_number = scan_number
        self._put(self._header)

    def _end_segment(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        file.close()
        if self._marked:
            self._marked = False
            for path in (self._previous, self._path):
                if path is not None and path.exists():
                    self._keep(path)
        self._previous = self._path

    def _keep(self, path: Path) -> None:
        self._kept.mkdir(parents=True, exist_ok=True)
        target = self._kept / f"{path.stem}{PACKED_SUFFIX}"
        if target.exists():
            return
        draft = target.with_suffix(".part")
        with draft.open("wb") as file:
            file.write(zlib.compress(path.read_bytes()))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        kept = sorted(self._kept.glob(f"*{PACKED_SUFFIX}"))
        total = sum(old.stat().st_size for old in kept)
        while total > self._kept_bytes_max and len(kept) > 1:
            oldest = kept.pop(0)
            total -= oldest.stat().st_size
            oldest.unlink()

    def _put(self, frame: Frame) -> None:
        assert self._file is not None
        payload = _encode(frame)
        try:
            self._file.write(_FRAME.pack(len(payload), zlib.crc32(payload)) + payload)
        except OSError:
            self._give_up()
            raise

    def _give_up(self) -> None:
        """What the file holds ends where the disk did; its reader finds that out by the CRC."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()


def read_segment(path: Path) -> Iterator[Frame]:
    """Frames of a segment, packed or plain; ends quietly where the file is torn.

    Raises ValueError for a file that is not a recording, OSError when it can not be read.
    """
    blob = path.read_bytes()
    if path.name.endswith(PACKED_SUFFIX):
        try:
            blob = zlib.decompress(blob)
        except zlib.error as error:
            raise ValueError(f"{path}: not a recording: got {error}") from error
    if not blob.startswith(_MAGIC):
        raise ValueError(f"{path}: not a recording: got {blob[:16]!r}, need {_MAGIC!r}")
    offset = len(_MAGIC)
    while offset + _FRAME.size <= len(blob):
        length, crc = _FRAME.unpack_from(blob, offset)
        offset += _FRAME.size
        payload = blob[offset : offset + length]
        if length > _FRAME_BYTES_MAX or len(payload) < length or zlib.crc32(payload) != crc:
            return
        offset += length
        yield _decode(payload)


def segments_in(path: Path) -> list[Path]:
    """The segment files that `path` names: itself, or those of a folder, oldest first."""
    if path.is_dir():
        found = [*path.glob(f"*{PLAIN_SUFFIX}"), *path.glob(f"*{PACKED_SUFFIX}")]
        return sorted(found, key=lambda segment: segment.name)
    return [path]
