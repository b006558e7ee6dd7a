"""The checkpoint file: two preallocated slots written in turn, so power may fail at any instant.

A slot is a header with magic, sequence, length and CRC-32, then the packed payload. The slot being
written is never the newest valid one, and the file never changes its length, so a write touches
only the payload's own pages: packed, a state of some loads and meters fits one.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from pathlib import Path
from typing import Final

CHECKPOINT_NAME: Final = "checkpoint.slots"  # in the state folder
SLOT_BYTES: Final = 256 * 1024
_MAGIC: Final = b"DENBAN-1"
_HEADER: Final = struct.Struct("<8sQII")
PACKED_BYTES_MAX: Final = SLOT_BYTES - _HEADER.size


class SlotFile:
    """Opens or makes `path`. Raises OSError when the disk does not let it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(self._fd).st_size != 2 * SLOT_BYTES:
                os.posix_fallocate(self._fd, 0, 2 * SLOT_BYTES)
                os.fsync(self._fd)
                _sync_folder(path.parent)
            newest = _newest(self._fd)
        except OSError:
            os.close(self._fd)  # a full disk is tried each second: none may stay open
            raise
        self._sequence = newest[0] if newest else 0

    def write(self, payload: bytes) -> None:
        """Put `payload` into the older slot and wait until it is on the disk."""
        packed = zlib.compress(payload, 1)
        if len(packed) > PACKED_BYTES_MAX:
            raise ValueError(f"checkpoint: too long: got {len(packed)} B, max {PACKED_BYTES_MAX}")
        sequence = self._sequence + 1
        body = struct.pack("<Q", sequence) + packed
        slot = _HEADER.pack(_MAGIC, sequence, len(packed), zlib.crc32(body)) + packed
        if os.pwrite(self._fd, slot, (sequence % 2) * SLOT_BYTES) != len(slot):
            raise OSError(errno.ENOSPC, "the disk took only a part of the checkpoint")
        os.fdatasync(self._fd)
        self._sequence = sequence

    def close(self) -> None:
        os.close(self._fd)


def read_newest(path: Path) -> bytes | None:
    """The newest whole payload in the file, None where there is no file or no whole slot."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        newest = _newest(fd)
    finally:
        os.close(fd)
    return newest[1] if newest else None


def _newest(fd: int) -> tuple[int, bytes] | None:
    slots = [slot for index in (0, 1) if (slot := _read_slot(fd, index * SLOT_BYTES))]
    return max(slots, default=None)


def _read_slot(fd: int, offset: int) -> tuple[int, bytes] | None:
    header = os.pread(fd, _HEADER.size, offset)
    if len(header) < _HEADER.size:
        return None
    magic, sequence, length, crc = _HEADER.unpack(header)
    if magic != _MAGIC or length > PACKED_BYTES_MAX:
        return None
    packed = os.pread(fd, length, offset + _HEADER.size)
    whole = zlib.crc32(struct.pack("<Q", sequence) + packed) == crc
    return (sequence, zlib.decompress(packed)) if whole else None


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
