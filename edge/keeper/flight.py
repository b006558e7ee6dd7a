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

    A folder that takes no file ends nothing: `trouble` says it until it takes files again. The ring
    begins anew with the next state, and an incident is tried again while its minute is in the ring.
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
        self._is_sound = True
        self._previous: Path | None = None
        self._wanted: list[Path] = []
        self._ring_trouble = ""
        self._kept_trouble = ""

    @property
    def trouble(self) -> str:
        """Why nothing is recorded or kept; empty where all is well."""
        return "; ".join(text for text in (self._ring_trouble, self._kept_trouble) if text)

    def record(self, scan: ScanRecord) -> None:
        """Add one scan. After a gap in the numbers nothing is recorded until the next state."""
        if self._file is None:
            return
        if scan.number != self._scan_number + 1:
            self._end_segment()
            return
        self._scan_number = scan.number
        self._try(scan)

    def state(self, record: StateRecord) -> None:
        """Add a checkpoint; begins a new segment where one is due."""
        point = record.checkpoint
        if self._file is not None and point.mono_ns - self._begun_mono_ns >= SEGMENT_NS:
            self._end_segment()
        if self._file is None:
            self._begun_mono_ns = point.mono_ns
            self._scan_number = point.scan_number
        self._try(record)

    def mark(self) -> None:
        """An incident: the segment being written and the one before it will be kept."""
        self._marked = True

    def flush(self) -> None:
        """Give what was recorded to the ring's folder, and incidents that wait to theirs."""
        if self._file is not None:
            try:
                self._file.flush()
                self._is_sound = True
                self._ring_trouble = ""
            except OSError as error:
                self._fail(error)
        self._keep_wanted()

    def close(self) -> None:
        self._end_segment()

    def _try(self, frame: Frame) -> None:
        """Write, into a new segment where none is open."""
        try:
            if self._file is None:
                self._begin_segment()
            self._put(frame)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """The segment is torn here: it ends, and the next state begins another."""
        self._ring_trouble = (
            f"{self._ring}: scans not recorded: got {error}; control goes on;"
            " free memory or the folder"
        )
        self._end_segment()
        if not self._is_sound:  # kept, one a second would push the whole minutes out of the ring
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _begin_segment(self) -> None:
        self._ring.mkdir(parents=True, exist_ok=True)
        for old in sorted(self._ring.glob(f"*{PLAIN_SUFFIX}"))[: -(SEGMENTS_IN_RING - 1)]:
            old.unlink(missing_ok=True)
        self._path = self._ring / f"{self._begun_mono_ns:020d}{PLAIN_SUFFIX}"
        self._is_sound = False
        self._file = self._path.open("wb")
        self._file.write(_MAGIC)
        self._put(self._header)

    def _end_segment(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):  # what is left does not fit; the file ends torn
            self._file.close()
            self._is_sound = True
        self._file = None
        if self._marked:
            self._marked = False
            both = (self._previous, self._path)
            self._wanted += [path for path in both if path and path not in self._wanted]
        self._previous = self._path
        self._keep_wanted()

    def _keep_wanted(self) -> None:
        """Keep what incidents want, oldest first; what fails stays wanted."""
        self._wanted = [path for path in self._wanted if path.exists()]
        try:
            while self._wanted:
                self._keep(self._wanted[0])
                del self._wanted[0]
        except OSError as error:
            self._kept_trouble = (
                f"{self._kept}: incident not kept: got {error}; it stays in memory for an hour;"
                " free or replace the disk"
            )
        else:
            self._kept_trouble = ""

    def _keep(self, path: Path) -> None:
        self._kept.mkdir(parents=True, exist_ok=True)
        target = self._kept / f"{path.stem}{PACKED_SUFFIX}"
        if target.exists():
            return
        draft = target.with_suffix(".part")
        try:
            with draft.open("wb") as file:
                file.write(zlib.compress(path.read_bytes()))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        self._forget_oldest(target)

    def _forget_oldest(self, newest: Path) -> None:
        """By when they were kept: names count from a boot, and begin low again after the next."""
        kept = [(old.stat(), old) for old in self._kept.glob(f"*{PACKED_SUFFIX}")]
        kept.sort(key=lambda one: (one[1] == newest, one[0].st_mtime_ns, one[1].name))
        total = sum(found.st_size for found, _ in kept)
        for found, old in kept[:-1]:
            if total <= self._kept_bytes_max:
                return
            total -= found.st_size
            old.unlink()

    def _put(self, frame: Frame) -> None:
        assert self._file is not None
        payload = _encode(frame)
        self._file.write(_FRAME.pack(len(payload), zlib.crc32(payload)) + payload)


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
