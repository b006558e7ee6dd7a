"""What a process has cost so far, from /proc: time on a processor, memory, bytes for the disk."""

from __future__ import annotations

from pathlib import Path

import msgspec

_BYTES_PER_KB = 1024


class Memory(msgspec.Struct, frozen=True):
    """`pss`: pages that several processes share count in parts."""

    rss_bytes: int
    pss_bytes: int


def cpu_ns(pid: int) -> int:
    """Time on a processor, to the ns; the ticks of `stat` are biased for what sleeps often."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def memory(pid: int) -> Memory:
    """Raises OSError where smaps_rollup may not be read."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}
    return Memory(kb["Rss"] * _BYTES_PER_KB, kb["Pss"] * _BYTES_PER_KB)


def written_bytes(pid: int) -> int:
    """What the process has caused to be sent to a storage device; a memory file system is none."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
