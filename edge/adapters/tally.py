"""What was counted of one line, in a page of memory that outlives the process.

The kernel tells a line's number of edges only with the next edge. Kept beside the line, the page
tells the run after a crash at once what the run before had read.
"""

from __future__ import annotations

import mmap
import os
import stat
from typing import Final

_WORD_BYTES: Final = 8
_COUNT, _LAST_EDGE = 0, 1
_BYTES: Final = 2 * _WORD_BYTES


class Tally:
    """`count` of edges since the line was requested, and when the last one was (CLOCK_BOOTTIME).

    Each is one aligned word, so a process killed while it writes leaves the old or the new value.
    Once made, writing cannot fail: `edge.adapters.realtime` locks the page into memory.
    """

    def __init__(self, fd: int) -> None:
        """On the page `fd`, which is the Tally's from now on. Raises OSError where it cannot be
        mapped; then `fd` is left to the caller.
        """
        self._map = mmap.mmap(fd, _BYTES)
        self._words = memoryview(self._map).cast("q")
        self.fd = fd

    @property
    def count(self) -> int:
        return self._words[_COUNT]

    @property
    def last_edge_mono_ns(self) -> int:
        return self._words[_LAST_EDGE]

    def note(self, count: int, last_edge_mono_ns: int) -> None:
        self._words[_LAST_EDGE] = last_edge_mono_ns
        self._words[_COUNT] = count

    def close(self) -> None:
        self._words.release()
        self._map.close()
        os.close(self.fd)


def new_tally(start_mono_ns: int) -> Tally:
    """Nothing counted yet, since `start_mono_ns`. Raises OSError."""
    fd = os.memfd_create("denban-tally")
    try:
        os.ftruncate(fd, _BYTES)
        tally = Tally(fd)
    except OSError:
        os.close(fd)
        raise
    tally.note(0, start_mono_ns)
    return tally


def is_page(fd: int) -> bool:
    """Whether `fd` can be a tally's page; a line's descriptor can not. Raises OSError."""
    status = os.fstat(fd)
    return stat.S_ISREG(status.st_mode) and status.st_size == _BYTES
