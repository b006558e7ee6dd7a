"""The page that control and one worker share: lease to write on the line, signs of life, counts.

Each cell is one aligned 64-bit word with one writer, stored in one instruction, so neither side
waits for the other or reads half a value. The page lives as long as the worker it was made for.
"""

from __future__ import annotations

import enum
import mmap
import os
from typing import Final

CELL_BYTES: Final = 8
# Control's cells and the worker's do not share a cache line.
CACHE_LINE_BYTES: Final = 64


class Count(enum.IntEnum):
    """What a worker counts. The values are cells of the page, right after the signs of life."""

    REQUESTS = 0
    REPLIES = 1
    TIMEOUTS = 2
    BAD_REPLIES = 3
    EXCEPTIONS = 4
    STALE_DROPPED = 5
    NOISE_SKIPPED = 6
    COLLISIONS = 7
    WITHHELD = 8
    OPENINGS = 9
    SAMPLES_DROPPED = 10


_LEASE_CELL: Final = 0
_ALIVE_CELL: Final = CACHE_LINE_BYTES // CELL_BYTES
_HEARD_CELL: Final = _ALIVE_CELL + 1
_COUNT_CELLS: Final = _ALIVE_CELL + 2
_PAGE_BYTES: Final = (_COUNT_CELLS + len(Count)) * CELL_BYTES


class BusPage:
    """One process's view of the page behind `fd`, which it does not own. For one thread."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, _PAGE_BYTES)
        self._cells = memoryview(self._map).cast("Q")

    @staticmethod
    def create() -> int:
        """A new zeroed page (no lease, no sign of life) as a descriptor that the caller closes."""
        fd = os.memfd_create("denban-bus", os.MFD_CLOEXEC)
        os.ftruncate(fd, _PAGE_BYTES)
        return fd

    @property
    def lease_until_mono_ns(self) -> int:
        """The worker may write on the line before this instant only. Written by control."""
        return self._cells[_LEASE_CELL]

    @lease_until_mono_ns.setter
    def lease_until_mono_ns(self, until_mono_ns: int) -> None:
        self._cells[_LEASE_CELL] = until_mono_ns

    @property
    def alive_mono_ns(self) -> int:
        """When the worker last began a step; 0 until it has started. Written by the worker."""
        return self._cells[_ALIVE_CELL]

    @alive_mono_ns.setter
    def alive_mono_ns(self, now_mono_ns: int) -> None:
        self._cells[_ALIVE_CELL] = now_mono_ns

    @property
    def heard_mono_ns(self) -> int:
        """When the last byte came from the line, echo included; 0: never. Written by the worker."""
        return self._cells[_HEARD_CELL]

    @heard_mono_ns.setter
    def heard_mono_ns(self, now_mono_ns: int) -> None:
        self._cells[_HEARD_CELL] = now_mono_ns

    def add(self, count: Count) -> None:
        """One more of `count`. The worker only."""
        self._cells[_COUNT_CELLS + count] += 1

    def count(self, count: Count) -> int:
        """How many since this worker started."""
        return self._cells[_COUNT_CELLS + count]

    def counts(self) -> dict[str, int]:
        """All counts by their lower-case names, for metrics."""
        return {count.name.lower(): self.count(count) for count in Count}

    def close(self) -> None:
        """Unmap. The page goes when the last process has unmapped it."""
        self._cells.release()
        self._map.close()
