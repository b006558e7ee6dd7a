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
    TWIN_HEARD = 11


_LEASE_CELL: Final = 0
_REOPEN_CELL: Final = 1
_WORKER_CELLS: Final = CACHE_LINE_BYTES // CELL_BYTES
_WRITING_CELL: Final = _WORKER_CELLS + 2
_COUNT_CELLS: Final = _WORKER_CELLS + 7
_PAGE_BYTES: Final = (_COUNT_CELLS + len(Count)) * CELL_BYTES


class _Cell:
    """One word of the page as an attribute."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __get__(self, page: BusPage, _owner: type[BusPage]) -> int:
        return page.cells[self._index]

    def __set__(self, page: BusPage, value: int) -> None:
        page.cells[self._index] = value


class BusPage:
    """One process's view of the page behind `fd`, which it does not own. For one thread.

    Instants are 0 until something has happened. Control writes `lease_until_mono_ns`: before that
    instant only the worker may write on the line; and `reopen_mono_ns`, at each change of which the
    worker opens its port anew. All others are the worker's: `alive`: it began a
    step; `heard`: the last byte came, echo included; `asked`: the last query was written; `proof`:
    an echo of, or a reply to, a query of ours; `twin` and `stranger`: a query of the twin, or of
    another master.
    """

    lease_until_mono_ns = _Cell(_LEASE_CELL)
    reopen_mono_ns = _Cell(_REOPEN_CELL)
    alive_mono_ns = _Cell(_WORKER_CELLS)
    heard_mono_ns = _Cell(_WORKER_CELLS + 1)
    asked_mono_ns = _Cell(_WORKER_CELLS + 3)
    proof_mono_ns = _Cell(_WORKER_CELLS + 4)
    twin_mono_ns = _Cell(_WORKER_CELLS + 5)
    stranger_mono_ns = _Cell(_WORKER_CELLS + 6)

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, _PAGE_BYTES)
        self.cells = memoryview(self._map).cast("Q")

    @staticmethod
    def create() -> int:
        """A new zeroed page (no lease, no sign of life) as a descriptor that the caller closes."""
        fd = os.memfd_create("denban-bus", os.MFD_CLOEXEC)
        os.ftruncate(fd, _PAGE_BYTES)
        return fd

    @property
    def writing(self) -> bool:
        """A frame may be between the look at the lease and the wire. Written by the worker."""
        return self.cells[_WRITING_CELL] != 0

    @writing.setter
    def writing(self, writing: bool) -> None:
        self.cells[_WRITING_CELL] = writing

    def add(self, count: Count) -> None:
        """One more of `count`. The worker only."""
        self.cells[_COUNT_CELLS + count] += 1

    def count(self, count: Count) -> int:
        """How many since this worker started."""
        return self.cells[_COUNT_CELLS + count]

    def counts(self) -> dict[str, int]:
        """All counts by their lower-case names, for metrics."""
        return {count.name.lower(): self.count(count) for count in Count}

    def close(self) -> None:
        """Unmap. The page goes when the last process has unmapped it."""
        self.cells.release()
        self._map.close()
